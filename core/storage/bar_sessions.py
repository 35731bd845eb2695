"""Which sessions have bars, and which have none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime

from core.domain.market import Timeframe
from core.storage.connection import Store
from core.storage.moments import EVER

SESSIONS_OF = """
select distinct symbol, session_date from bars
where list_contains(?, symbol) and timeframe = ? and received_at <= ?
    and session_date between ? and ?
order by symbol, session_date
"""
LACKING = """
select symbol, session_date
from (select unnest(?) as symbol) cross join (select unnest(?) as session_date)
anti join (select symbol, session_date from bars where timeframe = ? and received_at <= ?)
    using (symbol, session_date)
order by symbol, session_date
"""
SESSIONS = """
select distinct session_date from bars where symbol = ? and timeframe = ? and received_at <= ?
    and session_date between ? and ? order by session_date
"""


class BarSessions:
    """The sessions of which bars are stored."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def last_session(self, symbol: str, timeframe: str) -> date | None:
        sql = "select max(session_date) from bars where symbol = ? and timeframe = ?"
        found: date | None = self._store.all(sql, (symbol, timeframe))[0][0]
        return found

    def sessions(
        self, symbol: str, timeframe: str, start: date, end: date, known_by: datetime = EVER
    ) -> list[date]:
        """Return the sessions from start to end that have a bar, oldest first."""
        params = (symbol, timeframe, known_by, start, end)
        return [row[0] for row in self._store.all(SESSIONS, params)]

    def sessions_of(
        self, symbols: Sequence[str], start: date, end: date, known_by: datetime = EVER
    ) -> dict[str, list[date]]:
        """Return the sessions from start to end that have a daily bar, oldest first, by symbol."""
        found: defaultdict[str, list[date]] = defaultdict(list)
        params = (list(symbols), Timeframe.DAY, known_by, start, end)
        for symbol, day in self._store.all(SESSIONS_OF, params):
            found[symbol].append(day)
        return dict(found)

    def lacking(
        self, symbols: Sequence[str], sessions: Sequence[date], known_by: datetime = EVER
    ) -> dict[str, list[date]]:
        """Return the sessions of these that have no daily bar, oldest first, by symbol."""
        found: defaultdict[str, list[date]] = defaultdict(list)
        params = (list(symbols), list(sessions), Timeframe.DAY, known_by)
        for symbol, day in self._store.all(LACKING, params):
            found[symbol].append(day)
        return dict(found)
