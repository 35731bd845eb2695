"""Bars: appended in bulk, corrected by a newer row, read as they were known at any moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pandas as pd

from core.domain.market import DailyBar, Timeframe
from core.storage.bar_batches import COLUMNS, checked_batch, insert_changed
from core.storage.bar_sessions import BarSessions
from core.storage.configurations import Configurations
from core.storage.connection import Store
from core.storage.moments import EPOCH, EVER, STEP

# Of one bar the preferred provider counts, then what was received last.
CHOICE = "coalesce(list_position(?, provider), 1000), received_at desc, fetched_at desc, provider"
NEWEST = f"""
select distinct on (started_at) {COLUMNS} from bars
where symbol = ? and timeframe = ? and received_at <= ? and {{}}
order by started_at desc, {CHOICE}
"""
# Of these only the first row of each bar counts; `distinct on` would take twice the time for it.
SPAN_OF = f"""
select {COLUMNS} from bars
where list_contains(?, symbol) and timeframe = ? and received_at <= ?
    and session_date >= ? and session_date < ?
order by symbol, started_at, {CHOICE}
"""
OF_PROVIDER = f"""
select {COLUMNS} from bars
where list_contains(?, symbol) and timeframe = ? and provider = ? and session_date between ? and ?
order by symbol, started_at, received_at desc, fetched_at desc
"""
CHANGES = f"""
select distinct on (symbol, started_at) {", ".join(DailyBar._fields)} from bars
where list_contains(?, symbol) and timeframe = ? and received_at <= ? and session_date < ?
    and (session_date > ? or fetched_at > ? or received_at > ?)
order by symbol, started_at, {CHOICE}
"""


class Bars(BarSessions):
    """Bars of any symbol and timeframe."""

    def __init__(self, store: Store, configurations: Configurations) -> None:
        super().__init__(store)
        self._configurations = configurations
        self._last_fetched: datetime | None = None
        self._committed: datetime | None = None

    def append(self, frame: pd.DataFrame, received_at: datetime | None = None) -> int:
        """Store the bars that differ from what was known when they were received.

        Return how many these were. Without `received_at` they are received when they are stored:
        later than all that `Storage.now_known` has told.
        Shape: the columns of `BAR_COLUMNS`, `started_at` aware; the order does not matter.
        Raises: DomainError if one bar comes twice with different values, or lacks a column.
        """
        if frame.empty:
            return 0
        batch = checked_batch(frame, self._store.schema("bars"))
        with self._store.write() as cursor:
            fetched_at = self._next_fetched()
            received_at = received_at or self._store.moments.stamp()
            stored = insert_changed(cursor, batch, fetched_at, received_at)
        # Only now: a reader that was told of it before would miss these bars for good.
        self._committed = max(fetched_at, self._committed or fetched_at)
        return stored

    def daily(
        self, symbol: str, before: date, limit: int = 400, known_by: datetime = EVER
    ) -> pd.DataFrame:
        """Return the last daily bars of sessions before a date, oldest first."""
        sql = f"from ({NEWEST.format('session_date < ?')} limit ?) order by started_at"
        params = (symbol, Timeframe.DAY, known_by, before, self.preferred(known_by), limit)
        return self._store.frame(sql, params)

    def daily_of(
        self, symbols: Sequence[str], since: date, before: date, known_by: datetime = EVER
    ) -> dict[str, pd.DataFrame]:
        """Return the daily bars of the sessions in [since, before), oldest first, by symbol.

        A symbol without bars is left out.
        """
        preferred = self.preferred(known_by)
        params = (list(symbols), Timeframe.DAY, known_by, since, before, preferred)
        return _by_symbol(self._store.frame(SPAN_OF, params))

    def changes(
        self,
        symbols: Sequence[str],
        before: date,
        *,
        last_session: date,
        fetched_after: datetime,
        known_after: datetime,
        known_by: datetime,
    ) -> dict[str, list[DailyBar]]:
        """Return the daily bars that are newer than a session, or that a reader cannot know.

        He had read what was stored by `fetched_after`, and of that what was received by
        `known_after`. By symbol, oldest first; of each its choice as in `daily_of`.
        """
        params = (
            list(symbols), Timeframe.DAY, known_by, before, last_session, fetched_after,
            known_after, self.preferred(known_by),
        )  # fmt: skip
        found: defaultdict[str, list[DailyBar]] = defaultdict(list)
        for row in self._store.all(CHANGES, params):
            found[row[0]].append(DailyBar(*row))
        return dict(found)

    def intraday_of(
        self, symbols: Sequence[str], session_date: date, known_by: datetime = EVER
    ) -> dict[str, pd.DataFrame]:
        """Return the 5-minute bars of one session, oldest first, by symbol."""
        return self.intraday_between(symbols, session_date, session_date, known_by)

    def intraday_between(
        self, symbols: Sequence[str], start: date, end: date, known_by: datetime = EVER
    ) -> dict[str, pd.DataFrame]:
        """Return the 5-minute bars of the sessions from start to end, both included, by symbol."""
        before = end + timedelta(days=1)
        params = (
            list(symbols), Timeframe.FIVE_MINUTES, known_by, start, before,
            self.preferred(known_by),
        )  # fmt: skip
        return _by_symbol(self._store.frame(SPAN_OF, params))

    def between(
        self, symbol: str, timeframe: str, start: date, end: date, known_by: datetime = EVER
    ) -> pd.DataFrame:
        """Return the bars of the sessions from start to end, both included, oldest first."""
        sql = f"from ({NEWEST.format('session_date between ? and ?')}) order by started_at"
        params = (symbol, timeframe, known_by, start, end, self.preferred(known_by))
        return self._store.frame(sql, params)

    def of_provider(
        self, symbols: Sequence[str], timeframe: str, provider: str, start: date, end: date
    ) -> pd.DataFrame:
        """Return what one provider last said of the bars of some symbols, oldest first."""
        params = (list(symbols), timeframe, provider, start, end)
        return _first(self._store.frame(OF_PROVIDER, params))

    def last_close(self, symbol: str, on_or_before: date) -> float | None:
        """Return the close of the last daily bar up to a date, in USD per share."""
        sql = f"select close from ({NEWEST.format('session_date <= ?')} limit 1)"
        params = (symbol, Timeframe.DAY, EVER, on_or_before, self.preferred(EVER))
        row = self._store.one(sql, params)
        return float(row[0]) if row else None

    def fetched_through(self) -> datetime:
        """Return up to when rows that were stored can be read, by the wall's clock."""
        if self._committed is None:
            self._committed = self._store.all("select max(fetched_at) from bars")[0][0]
        return self._committed or EPOCH

    def preferred(self, known_by: datetime) -> list[str]:
        """Return the providers of bars in the order that was in force at a moment."""
        return list(self._configurations.as_of(known_by).market_data)

    def _next_fetched(self) -> datetime:
        """Return the wall's time, later than any before even if the clock was set back."""
        last = self._last_fetched or self.fetched_through()
        self._last_fetched = max(datetime.now(UTC), last + STEP)
        return self._last_fetched


def _by_symbol(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    groups = _first(frame).groupby("symbol", sort=True)
    return {str(symbol): bars.reset_index(drop=True) for symbol, bars in groups}


def _first(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the first row of each bar."""
    return frame.drop_duplicates(["symbol", "started_at"], ignore_index=True)
