"""Bars that may be used, and bars that are refused, each with its reason."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from core.domain.feeds import QuarantinedRow
from core.domain.market import BAR_COLUMNS
from core.errors import InsufficientDataError

PRICES = ["open", "high", "low", "close"]
IDENTITY = ["symbol", "timeframe", "started_at"]


def split_bars(
    frame: pd.DataFrame, provider: str, recorded_at: datetime, *, until: datetime | None = None
) -> tuple[pd.DataFrame, list[QuarantinedRow]]:
    """Return the good rows in their order, and one quarantined row for each of the others.

    Shape: the columns of `BAR_COLUMNS`; `started_at` of the good rows is aware UTC. A bar that
        starts after `until` is refused.
    Raises: InsufficientDataError if a column is missing.
    """
    missing = [column for column in BAR_COLUMNS if column not in frame.columns]
    if missing:
        raise InsufficientDataError(f"bars of {provider!r} lack the columns {', '.join(missing)}")
    rows = frame.reset_index(drop=True)
    started = _started(rows["started_at"])
    reasons = _reasons(rows, started, until)
    refused = reasons.ne("")
    good = rows.assign(started_at=started)[~refused].reset_index(drop=True)
    return good, quarantine(rows[refused], reasons[refused], provider, recorded_at)


def _started(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return the starts in UTC, NaT where there is no moment or no time zone."""
    if not isinstance(column.dtype, pd.DatetimeTZDtype):
        aware = column.map(lambda value: getattr(value, "tzinfo", None) is not None)
        column = column.astype(object).where(aware.astype(bool))
    return pd.to_datetime(column, utc=True, errors="coerce").astype("datetime64[us, UTC]")


def _reasons(rows: pd.DataFrame, started: pd.Series[Any], until: datetime | None) -> pd.Series[Any]:
    """Return why each row is refused, an empty text where it is good."""
    checks = _value_checks(rows, started)
    if until is not None:
        checks.append((started.gt(pd.Timestamp(until)), "the bar lies in the future"))
    reasons = _first(checks, rows.index)
    keys = rows[IDENTITY].assign(started_at=started)
    left = reasons.eq("")
    repeated = pd.Series(data=False, index=rows.index)
    repeated[left] = keys[left].duplicated()
    reasons = reasons.mask(repeated, "duplicate of an earlier row")
    return reasons.mask(_late(keys, reasons.eq("")), "out of order")


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
