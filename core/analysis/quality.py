"""Bars that may be used, and bars that are refused, each with its reason."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd

from core.domain.feeds import QuarantinedRow
from core.domain.market import BAR_COLUMNS, Timeframe
from core.errors import InsufficientDataError

PRICES = ["open", "high", "low", "close"]
IDENTITY = ["symbol", "timeframe", "started_at"]
REPEATED = "the bar repeats the one before"


def split_bars(
    frame: pd.DataFrame,
    provider: str,
    recorded_at: datetime,
    *,
    until: datetime | None = None,
    sessions: Collection[date] | None = None,
) -> tuple[pd.DataFrame, list[QuarantinedRow]]:
    """Return the good rows in their order, and one quarantined row for each of the others.

    Shape: the columns of `BAR_COLUMNS`; `started_at` of the good rows is aware UTC. A bar that
        starts after `until` or belongs to a day outside `sessions` is refused, and a daily bar
        with the prices and the volume of the one before.
    Raises: InsufficientDataError if a column is missing.
    """
    missing = [column for column in BAR_COLUMNS if column not in frame.columns]
    if missing:
        raise InsufficientDataError(f"bars of {provider!r} lack the columns {', '.join(missing)}")
    rows = frame.reset_index(drop=True)
    started = _started(rows["started_at"])
    checks = [*_value_checks(rows, started), *_day_checks(rows, started, until, sessions)]
    reasons = _reasons(rows, started, _first(checks, rows.index))
    refused = reasons.ne("")
    good = rows.assign(started_at=started)[~refused].reset_index(drop=True)
    return good, quarantine(rows[refused], reasons[refused], provider, recorded_at)


def _started(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return the starts in UTC, NaT where there is no moment or no time zone."""
    if not isinstance(column.dtype, pd.DatetimeTZDtype):
        aware = column.map(lambda value: getattr(value, "tzinfo", None) is not None)
        column = column.astype(object).where(aware.astype(bool))
    return pd.to_datetime(column, utc=True, errors="coerce").astype("datetime64[us, UTC]")


def _reasons(
    rows: pd.DataFrame, started: pd.Series[Any], reasons: pd.Series[Any]
) -> pd.Series[Any]:
    """Add why rows that are good by themselves do not fit to the rows before them."""
    keys = rows[IDENTITY].assign(started_at=started)
    left = reasons.eq("")
    twice = pd.Series(data=False, index=rows.index)
    twice[left] = keys[left].duplicated()
    reasons = reasons.mask(twice, "duplicate of an earlier row")
    reasons = reasons.mask(_late(keys, reasons.eq("")), "out of order")
    return reasons.mask(_stale(rows, reasons.eq("")), REPEATED)


def _value_checks(rows: pd.DataFrame, started: pd.Series[Any]) -> list[tuple[pd.Series[Any], str]]:
    numbers = rows[[*PRICES, "volume"]].apply(pd.to_numeric, errors="coerce").astype(float)
    finite = pd.Series(np.isfinite(numbers.to_numpy()).all(axis=1), index=rows.index)
    opened, high, low, close = (numbers[name] for name in PRICES)
    anonymous = rows[["symbol", "timeframe", "session_date"]].isna().any(axis=1)
    return [
        (anonymous, "symbol, timeframe or session date is missing"),
        (started.isna(), "the start has no time zone"),
        (~finite, "a price or the volume is not a finite number"),
        (numbers[PRICES].le(0).any(axis=1), "a price is not positive"),
        (high.lt(low), "the high is below the low"),
        (high.lt(opened) | high.lt(close), "the high is below the open or the close"),
        (low.gt(opened) | low.gt(close), "the low is above the open or the close"),
        (numbers["volume"].lt(0), "the volume is negative"),
    ]


def _day_checks(
    rows: pd.DataFrame,
    started: pd.Series[Any],
    until: datetime | None,
    sessions: Collection[date] | None,
) -> list[tuple[pd.Series[Any], str]]:
    checks = []
    if until is not None:
        checks.append((started.gt(pd.Timestamp(until)), "the bar lies in the future"))
    days = pd.to_datetime(rows["session_date"], errors="coerce").astype("datetime64[us]")
    if sessions is not None:
        known = pd.to_datetime(list(sessions))
        checks.append((~days.isin(known), "there is no session on that day"))
    astray = started.dt.tz_localize(None).ne(days) & rows["timeframe"].eq(Timeframe.DAY)
    return [*checks, (astray, "the start is not the midnight of the session")]


def _first(checks: list[tuple[pd.Series[Any], str]], index: pd.Index) -> pd.Series[Any]:
    """Return the text of the first check that holds for each row."""
    masks = [mask.to_numpy(dtype=bool) for mask, _ in checks]
    texts = [text for _, text in checks]
    return pd.Series(np.select(masks, texts, default=""), index=index, dtype=object)


def _late(keys: pd.DataFrame, usable: pd.Series[Any]) -> pd.Series[Any]:
    """Tell which usable rows are older than a usable row before them."""
    late = pd.Series(data=False, index=keys.index)
    kept = keys[usable]
    if len(kept):
        newest = kept.groupby(["symbol", "timeframe"], sort=False)["started_at"].cummax()
        late[usable] = kept["started_at"].lt(newest)
    return late


def _stale(rows: pd.DataFrame, usable: pd.Series[Any]) -> pd.Series[Any]:
    """Tell which usable daily bars say the same as the one before; days without trades may."""
    stale = pd.Series(data=False, index=rows.index)
    kept = rows[usable & rows["timeframe"].eq(Timeframe.DAY)]
    numbers = kept[[*PRICES, "volume"]].astype(float)
    before = numbers.groupby(kept["symbol"], sort=False).shift()
    stale[kept.index] = numbers.eq(before).all(axis=1) & numbers["volume"].gt(0)
    return stale


def quarantine(
    rows: pd.DataFrame, reasons: pd.Series[Any], provider: str, recorded_at: datetime
) -> list[QuarantinedRow]:
    """Return one quarantined row for each bar, with its reason."""
    payloads = [row.to_json(date_format="iso", default_handler=str) for _, row in rows.iterrows()]
    keys = [" ".join(map(str, names)) for names in rows[IDENTITY].to_numpy()]
    return [
        QuarantinedRow(
            source=provider, kind="bar", key=key, reason=reason, payload=payload,
            recorded_at=recorded_at,
        )
        for key, reason, payload in zip(keys, reasons, payloads, strict=True)
    ]  # fmt: skip
