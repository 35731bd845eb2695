"""Bars: appended in bulk, corrected by a newer row, read as they were known at any moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pyarrow as pa

from core.domain.market import BAR_COLUMNS, DailyBar, Timeframe
from core.errors import DomainError
from core.storage.configurations import Configurations
from core.storage.connection import Store
from core.storage.moments import EPOCH, STEP
from core.storage.values import plain

KEY = "symbol, timeframe, started_at, provider"
COLUMNS = ", ".join(BAR_COLUMNS)
EVER = datetime(9999, 1, 1, tzinfo=UTC)

INSERT_CHANGED = f"""
insert into bars by name
select *, $fetched_at as fetched_at, $received_at as received_at from given anti join (
    select {KEY}, unnest(arg_max({{
        session_date: session_date, open: open, high: high, low: low, close: close,
        volume: volume, label: label}}, (received_at, fetched_at)))
    from bars
    where received_at <= $received_at
    and (symbol, timeframe) in (select distinct symbol, timeframe from given)
    and started_at >= (select min(started_at) from given)
    and started_at <= (select max(started_at) from given)
    group by {KEY}
) using ({COLUMNS}) order by symbol, timeframe, started_at
"""
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


class Bars:
    """Bars of any symbol and timeframe."""

    def __init__(self, store: Store, configurations: Configurations) -> None:
        self._store, self._configurations = store, configurations
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
        batch = self._batch(frame)
        with self._store.write() as cursor:
            cursor.register("given", batch)
            fetched_at = self._next_fetched()
            received_at = received_at or self._store.moments.stamp()
            moments = {"fetched_at": fetched_at, "received_at": received_at}
            cursor.execute(INSERT_CHANGED, {name: plain(at) for name, at in moments.items()})
            stored = int(cursor.fetchall()[0][0])
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

    def last_close(self, symbol: str, on_or_before: date) -> float | None:
        """Return the close of the last daily bar up to a date, in USD per share."""
        sql = f"select close from ({NEWEST.format('session_date <= ?')} limit 1)"
        params = (symbol, Timeframe.DAY, EVER, on_or_before, self.preferred(EVER))
        row = self._store.one(sql, params)
        return float(row[0]) if row else None

    def _batch(self, frame: pd.DataFrame) -> pa.Table:
        lacking = [name for name in BAR_COLUMNS if name not in frame.columns]
        if lacking:
            raise DomainError(f"the bars lack the columns {', '.join(lacking)}")
        if getattr(frame["started_at"].dtype, "tz", None) is None:
            raise DomainError("the bars' started_at has no time zone")
        naive = frame["started_at"].dt.tz_convert("UTC").dt.tz_localize(None)
        whole = _single(frame[list(BAR_COLUMNS)].assign(started_at=naive))
        known = self._store.schema("bars")
        schema = pa.schema([known.field(name) for name in BAR_COLUMNS])
        return pa.Table.from_pandas(whole, preserve_index=False).cast(schema)

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


def _single(frame: pd.DataFrame) -> pd.DataFrame:
    """Return each bar once."""
    keys = KEY.split(", ")
    if not frame.duplicated(keys).any():
        return frame
    single = frame.drop_duplicates()
    for bar in single[single.duplicated(keys)].itertuples():
        what = f"the {bar.timeframe} bar of {bar.symbol} at {bar.started_at}"
        raise DomainError(f"{what} comes twice and differs")
    return single
