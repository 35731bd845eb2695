"""One tactic with everything around it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pandas as pd

from core.domain.claims import ClaimReport
from core.domain.content import ContentVersion
from core.domain.market import Timeframe
from core.domain.resolutions import Resolution
from core.domain.risk import SizeDecision
from core.domain.tactics import Tactic
from core.domain.views import TacticDetail
from core.storage.claims import Claims
from core.storage.content import PUBLICATIONS, VERSIONS
from core.storage.insights import INSIGHTS, SNAPSHOTS
from core.storage.marks import Marks
from core.storage.tactics import TACTICS, Tactics
from core.storage.trading import FILLS, LATEST_ORDERS, ORDERS, REQUESTS
from core.storage.views.base import STATES
from core.storage.views.lineage import LineageViews

DAILY_BARS = 120
LONGEST = timedelta(days=30)
STATES_OF = f"""
with {STATES}
select coalesce(publishing_state, ''), coalesce(trade_state, '') from states where tactic_id = ?
"""
SIZES_OF = """
select decided_at, version, body from size_decisions where tactic_id = ? order by decided_at, rowid
"""
OF_ORDERS = "client_order_id in (select client_order_id from order_requests where tactic_id = ?)"
OF_CONTENTS = "content_id in (select content_id from content_versions where subject_id = ?)"


class TacticDetailViews(LineageViews):
    """The page of one tactic."""

    def tactic_detail(self, tactic_id: str) -> TacticDetail:
        """Return everything about a tactic, in its newest version.

        Raises: NotFoundError.
        """
        store, key, tactics = self._store, (tactic_id,), Tactics(self._store)
        tactic, resolution = tactics.get(tactic_id), tactics.resolution(tactic_id)
        states = store.one(STATES_OF, key) or ("", "")
        insights = INSIGHTS.find(store, "insight_id = ?", (tactic.insight_id,))
        snapshots = SNAPSHOTS.find(store, "snapshot_id = ?", (tactic.snapshot_id,))
        daily, intraday = self._chart_bars(tactic, resolution)
        contents = VERSIONS.find(store, "subject_id = ? order by content_id, version", key)
        return TacticDetail(
            tactic=tactic,
            versions=tuple(TACTICS.find(store, "tactic_id = ? order by version", key)),
            publishing_state=states[0],
            trade_state=states[1],
            events=tuple(tactics.events(tactic_id)),
            sizes=self._sizes(tactic_id),
            insight=insights[0] if insights else None,
            snapshot=snapshots[0] if snapshots else None,
            daily=daily,
            intraday=intraday,
            requests=tuple(REQUESTS.find(store, "tactic_id = ? order by rowid", key)),
            orders=tuple(ORDERS.find(store, f"{OF_ORDERS} {LATEST_ORDERS}", key)),
            fills=tuple(FILLS.find(store, f"{OF_ORDERS} order by filled_at, rowid", key)),
            resolution=resolution,
            contents=tuple(contents),
            publications=tuple(PUBLICATIONS.find(store, f"{OF_CONTENTS} order by rowid", key)),
            lineage=self.tactic_lineage(tactic),
            marks=tuple(Marks(store).of_tactic(tactic_id)),
            reports=self._reports(tactic, contents),
        )

    def _reports(
        self, tactic: Tactic, contents: Sequence[ContentVersion]
    ) -> tuple[ClaimReport, ...]:
        claims, posts = Claims(self._store), dict.fromkeys(one.content_id for one in contents)
        subjects = (f"{tactic.tactic_id}/{tactic.version}", *posts)
        return tuple(report for subject in subjects for report in claims.of_subject(subject))

    def _sizes(self, tactic_id: str) -> tuple[tuple[datetime, int, SizeDecision], ...]:
        return tuple(
            (decided_at, version, SizeDecision.model_validate_json(body))
            for decided_at, version, body in self._store.all(SIZES_OF, (tactic_id,))
        )

    def _chart_bars(
        self, tactic: Tactic, resolution: Resolution | None
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        bars, session = self._bars, tactic.session_date
        end = resolution.resolved_at.date() if resolution else session + LONGEST
        before = bars.daily(tactic.symbol, session, DAILY_BARS)
        since = bars.between(tactic.symbol, Timeframe.DAY, session, end)
        daily = pd.concat([part for part in (before, since) if len(part)] or [before])
        intraday = bars.between(tactic.symbol, Timeframe.FIVE_MINUTES, session, end)
        return daily.reset_index(drop=True), intraday
