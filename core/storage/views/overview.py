"""The first page, and the feeds and runs that other pages list in full."""

from __future__ import annotations

from datetime import date

import pandas as pd

from core.domain.views import Overview, TacticFilter
from core.storage.views.feeds import FeedViews
from core.storage.views.runs import RunViews
from core.storage.views.tactics import TacticViews
from core.storage.views.trades import TradeViews

EQUITY = """
with days as (
    select max(as_of) as as_of, arg_max(equity, (as_of, rowid)) as equity,
        arg_max(cash, (as_of, rowid)) as cash
    from accounts group by as_of::date order by as_of desc limit ?
)
select as_of, equity, cash, equity / max(equity) over (order by as_of) - 1 as drawdown_fraction
from days order by as_of
"""
PUBLICATIONS = """
select p.publication_id, p.content_id, c.kind, c.title, p.platform, p.url, p.published_at
from publications p left join content_versions c using (content_id, version)
order by p.published_at desc, p.publication_id limit ?
"""
RESOLUTIONS = """
from (
    select r.tactic_id, split_part(r.tactic_id, '-', 2) as symbol, r.outcome, r.system_r,
        r.actual_r, r.resolved_at, r.label
    from resolutions r order by r.resolved_at desc, r.rowid desc limit ?
) order by resolved_at
"""


class OverviewViews(TacticViews, TradeViews, RunViews, FeedViews):
    """The overview and its blocks."""

    def overview(self, session_date: date | None = None) -> Overview:
        """Return the first page; by default for the newest session that has a tactic."""
        session = session_date or self._newest_session()
        sought = TacticFilter(first_session=session, last_session=session)
        tactics = self.tactic_list(sought if session else TacticFilter(limit=0))
        return Overview(
            session_date=session,
            equity=self.equity_curve(),
            tactics=tactics,
            positions=self.open_positions(),
            runs=self.last_runs(),
            publications=self.recent_publications(),
            resolutions=self.recent_resolutions(),
            feeds=self.feeds(),
        )

    def equity_curve(self, days: int = 400) -> pd.DataFrame:
        """Return the last account sample of each day with the columns of `Overview.equity`."""
        return self._store.frame(EQUITY, (days,))

    def recent_publications(self, limit: int = 10) -> pd.DataFrame:
        """Return the newest publications with the columns of `Overview.publications`."""
        return self._store.frame(PUBLICATIONS, (limit,))

    def recent_resolutions(self, limit: int = 20) -> pd.DataFrame:
        """Return the newest results with the columns of `Overview.resolutions`."""
        return self._store.frame(RESOLUTIONS, (limit,))

    def _newest_session(self) -> date | None:
        found: date | None = self._store.all("select max(session_date) from tactics")[0][0]
        return found
