"""Bars: appended in bulk, corrected by a newer row, read in the newest revision."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pyarrow as pa

from core.domain.market import BAR_COLUMNS, Timeframe
from core.errors import DomainError
from core.storage.connection import Cursor, Store
from core.storage.values import plain

KEY = "symbol, timeframe, started_at, provider"
COLUMNS = ", ".join(BAR_COLUMNS)

INSERT_CHANGED = f"""
insert into bars by name
select *, ? as fetched_at from given anti join (
    select {KEY}, unnest(arg_max({{
        session_date: session_date, open: open, high: high, low: low, close: close,
        volume: volume, label: label}}, fetched_at))
    from bars
    where (symbol, timeframe) in (select distinct symbol, timeframe from given)
    and started_at >= (select min(started_at) from given)
    and started_at <= (select max(started_at) from given)
    group by {KEY}
) using ({COLUMNS}) order by symbol, timeframe, started_at
"""
NEWEST = f"""
select distinct on (started_at) {COLUMNS} from bars where symbol = ? and timeframe = ? and {{}}
order by started_at desc, fetched_at desc, provider
"""
DAILY_OF = f"""
select distinct on (symbol, started_at) {COLUMNS} from bars
where list_contains(?, symbol) and timeframe = ? and session_date >= ? and session_date < ?
order by symbol, started_at, fetched_at desc, provider
"""


class Bars:
    """Bars of any symbol and timeframe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._last_fetched: datetime | None = None

    def append(self, frame: pd.DataFrame) -> int:
        """Store the bars that differ from what is known; return how many these were.

        Shape: the columns of `BAR_COLUMNS`, `started_at` aware; the order does not matter.
        Raises: DomainError if one bar comes twice with different values, or lacks a column.
        """
        if frame.empty:
            return 0
        batch = self._batch(frame)
        with self._store.write() as cursor:
            cursor.register("given", _single(cursor, batch))
            cursor.execute(INSERT_CHANGED, [plain(self._next_fetched())])
            return int(cursor.fetchall()[0][0])

    def daily(self, symbol: str, before: date, limit: int = 400) -> pd.DataFrame:
        """Return the last daily bars of sessions before a date, oldest first."""
        sql = f"from ({NEWEST.format('session_date < ?')} limit ?) order by started_at"
        return self._store.frame(sql, (symbol, Timeframe.DAY, before, limit))

    def daily_of(
        self, symbols: Sequence[str], before: date, limit: int = 400
    ) -> dict[str, pd.DataFrame]:
        """Return `daily` of several symbols with one query; a symbol without bars is left out."""
        since = before - timedelta(days=2 * limit)
        frame = self._store.frame(DAILY_OF, (list(symbols), Timeframe.DAY, since, before))
        return {
            str(symbol): bars.tail(limit).reset_index(drop=True)
            for symbol, bars in frame.groupby("symbol", sort=True)
        }

    def between(self, symbol: str, timeframe: str, start: date, end: date) -> pd.DataFrame:
        """Return the bars of the sessions from start to end, both included, oldest first."""
        sql = f"from ({NEWEST.format('session_date between ? and ?')}) order by started_at"
        return self._store.frame(sql, (symbol, timeframe, start, end))

    def last_session(self, symbol: str, timeframe: str) -> date | None:
        sql = "select max(session_date) from bars where symbol = ? and timeframe = ?"
        found: date | None = self._store.all(sql, (symbol, timeframe))[0][0]
        return found

    def sessions(self, symbol: str, timeframe: str, start: date, end: date) -> list[date]:
        """Return the sessions from start to end that have a bar, oldest first."""
        sql = (
            "select distinct session_date from bars where symbol = ? and timeframe = ? "
            "and session_date between ? and ? order by session_date"
        )
        return [row[0] for row in self._store.all(sql, (symbol, timeframe, start, end))]

    def last_close(self, symbol: str, on_or_before: date) -> float | None:
        """Return the close of the last daily bar up to a date, in USD per share."""
        sql = f"select close from ({NEWEST.format('session_date <= ?')} limit 1)"
        row = self._store.one(sql, (symbol, Timeframe.DAY, on_or_before))
        return float(row[0]) if row else None

    def _batch(self, frame: pd.DataFrame) -> pa.Table:
        lacking = [name for name in BAR_COLUMNS if name not in frame.columns]
        if lacking:
            raise DomainError(f"the bars lack the columns {', '.join(lacking)}")
        if getattr(frame["started_at"].dtype, "tz", None) is None:
            raise DomainError("the bars' started_at has no time zone")
        naive = frame["started_at"].dt.tz_convert("UTC").dt.tz_localize(None)
        whole = frame[list(BAR_COLUMNS)].assign(started_at=naive)
        known = self._store.schema("bars")
        schema = pa.schema([known.field(name) for name in BAR_COLUMNS])
        return pa.Table.from_pandas(whole, preserve_index=False).cast(schema)

    def _next_fetched(self) -> datetime:
        """Return the wall's time, later than any before even if the clock was set back."""
        now = datetime.now(UTC)
        last = self._last_fetched or self._store.all("select max(fetched_at) from bars")[0][0]
        self._last_fetched = max(now, last + timedelta(microseconds=1)) if last else now
        return self._last_fetched


def _single(cursor: Cursor, batch: pa.Table) -> pa.Table:
    """Return the batch with each bar once."""
    cursor.register("batch", batch)
    keys = cursor.execute(f"select count(*) from (select distinct {KEY} from batch)").fetchall()
    if keys[0][0] == batch.num_rows:
        return batch
    single = cursor.sql("select distinct * from batch").to_arrow_table()
    if keys[0][0] != single.num_rows:
        raise DomainError(_twice(cursor))
    return single


def _twice(cursor: Cursor) -> str:
    symbol, timeframe, started_at = cursor.execute(
        f"select symbol, timeframe, started_at from (select distinct * from batch) "
        f"group by {KEY} having count(*) > 1 order by all limit 1"
    ).fetchall()[0]
    return f"the {timeframe} bar of {symbol} at {started_at} comes twice and differs"
