"""A batch of bars: checked, then stored as far as it differs from what is known."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pyarrow as pa

from core.domain.market import BAR_COLUMNS
from core.errors import DomainError
from core.storage.inserts import Cursor
from core.storage.values import plain

KEY = "symbol, timeframe, started_at, provider"
COLUMNS = ", ".join(BAR_COLUMNS)

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


def checked_batch(frame: pd.DataFrame, known: pa.Schema) -> pa.Table:
    """Return the bars as the table's columns, each bar once.

    Raises: DomainError if one bar comes twice with different values, or lacks a column.
    """
    lacking = [name for name in BAR_COLUMNS if name not in frame.columns]
    if lacking:
        raise DomainError(f"the bars lack the columns {', '.join(lacking)}")
    if getattr(frame["started_at"].dtype, "tz", None) is None:
        raise DomainError("the bars' started_at has no time zone")
    naive = frame["started_at"].dt.tz_convert("UTC").dt.tz_localize(None)
    whole = _single(frame[list(BAR_COLUMNS)].assign(started_at=naive))
    schema = pa.schema([known.field(name) for name in BAR_COLUMNS])
    return pa.Table.from_pandas(whole, preserve_index=False).cast(schema)


def insert_changed(
    cursor: Cursor, batch: pa.Table, fetched_at: datetime, received_at: datetime
) -> int:
    """Store the bars that differ from what was known at `received_at`; return how many."""
    cursor.register("given", batch)
    moments = {"fetched_at": fetched_at, "received_at": received_at}
    cursor.execute(INSERT_CHANGED, {name: plain(at) for name, at in moments.items()})
    return int(cursor.fetchall()[0][0])


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
