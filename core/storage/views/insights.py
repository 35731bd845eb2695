"""What analysts made of each symbol, and what models were asked for it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime

import pandas as pd

from core.domain.feeds import NewsItem
from core.domain.insights import Insight
from core.domain.views import InsightCard, InsightDetail
from core.storage.claims import Claims
from core.storage.insights import INSIGHTS, SNAPSHOTS, Insights
from core.storage.news import NEWS
from core.storage.tactics import TACTICS
from core.storage.views.base import StoreView

HISTORY_SESSIONS = 30
NEWS_OF = """
list_contains(?::varchar[], news_id)
qualify row_number() over (partition by news_id order by received_at desc) = 1
"""
DRAFTED = """
insight_id = ? qualify row_number() over (partition by tactic_id order by version desc) = 1
order by tactic_id
"""
CALLS = """
select requested_at, stage, subject_id, engine,
    concat_ws(' ', body->>'$.prompt.name', body->>'$.prompt.version') as prompt,
    (body->>'$.attempt')::integer as attempt, status,
    (body->>'$.usage.input_tokens')::integer as input_tokens,
    (body->>'$.usage.output_tokens')::integer as output_tokens,
    cost_usd::double as cost_usd, body->>'$.detail' as detail
from model_calls where {} order by rowid {} limit ?
"""
STATUSES = """
select status, count(*) from model_calls where requested_at >= ? and requested_at < ?
group by status order by status
"""
HISTORY = """
from (
    select session_date, (body->>'$.as_of')::timestamp as as_of, engine, stance, conviction,
        coalesce((body->>'$.abstains')::boolean, false) as abstains,
        (body->>'$.disagreement')::double as disagreement,
        coalesce(body->>'$.fallback', '') as fallback
    from insights where symbol = ? and session_date <= ?
    qualify row_number() over (partition by session_date order by rowid desc) = 1
    order by session_date desc limit ?
) order by session_date
"""


class InsightViews(StoreView):
    """The insights page."""

    def insight_sessions(self) -> list[date]:
        """Return the sessions that have an insight, newest first."""
        sql = "select distinct session_date from insights order by session_date desc"
        return [row[0] for row in self._store.all(sql)]

    def insight_cards(self, session_date: date) -> list[InsightCard]:
        """Return the newest insight on each symbol of a session, by symbol."""
        found = Insights(self._store).for_session(session_date)
        looks, newest = Counter(one.symbol for one in found), {one.symbol: one for one in found}
        drafted = defaultdict[str, list[str]](list)
        sql = "select distinct symbol, tactic_id from tactics where session_date = ? order by all"
        for symbol, tactic_id in self._store.all(sql, (session_date,)):
            drafted[symbol].append(tactic_id)
        return [
            InsightCard(insight, looks[symbol], tuple(drafted[symbol]))
            for symbol, insight in newest.items()
        ]

    def insight_detail(self, insight_id: str) -> InsightDetail:
        """Return everything about an insight.

        Raises: NotFoundError.
        """
        store, insight = self._store, Insights(self._store).insight(insight_id)
        snapshots = SNAPSHOTS.find(store, "snapshot_id = ?", (insight.snapshot_id,))
        session = "symbol = ? and session_date = ? order by rowid"
        sessions = (insight.symbol, insight.session_date, HISTORY_SESSIONS)
        return InsightDetail(
            insight=insight,
            snapshot=snapshots[0] if snapshots else None,
            looks=tuple(INSIGHTS.find(store, session, (insight.symbol, insight.session_date))),
            news=self._news([read.news_id for read in insight.headlines]),
            tactics=tuple(TACTICS.find(store, DRAFTED, (insight_id,))),
            reports=tuple(Claims(store).of_subject(insight_id)),
            calls=self._calls_about(insight),
            history=store.frame(HISTORY, sessions),
        )

    def calls_by_status(self, since: datetime, until: datetime) -> dict[str, int]:
        """Return how many calls of models in [since, until) ended in which way."""
        return dict(self._store.all(STATUSES, (since, until)))

    def unanswered_calls(self, since: datetime, until: datetime, limit: int = 100) -> pd.DataFrame:
        """Return the newest calls of [since, until) that gave no answer.

        Shape: as `InsightDetail.calls`, newest first.
        """
        where = "requested_at >= ? and requested_at < ? and status not in ('answered', 'cached')"
        return self._store.frame(CALLS.format(where, "desc"), (since, until, limit))

    def _calls_about(self, insight: Insight) -> pd.DataFrame:
        subjects = [insight.insight_id, insight.snapshot_id]
        subjects += [read.news_id for read in insight.headlines]
        where = "list_contains(?::varchar[], subject_id)"
        return self._store.frame(CALLS.format(where, ""), (subjects, 500))

    def _news(self, news_ids: Sequence[str]) -> Mapping[str, NewsItem]:
        found: list[NewsItem] = NEWS.find(self._store, NEWS_OF, (list(news_ids),))
        return {item.news_id: item for item in found}
