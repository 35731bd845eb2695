"""Bars as the paper venue sees them: parsed, in time order, each with its span in exchange time."""

from __future__ import annotations

import warnings
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import exchange_calendars
import pandas as pd

from core.adapters.brokers.paper.matching import Bar
from core.domain.market import Timeframe
from core.errors import RejectedError

COLUMNS = (
    "symbol", "timeframe", "session_date", "started_at", "open", "high", "low", "close", "label",
)  # fmt: skip
NEW_YORK = ZoneInfo("America/New_York")
DAY_STARTS, DAY_ENDS = time(9, 30), time(16)


def parse_bars(bars: pd.DataFrame) -> list[Bar]:
    """Return the bars of all symbols in time order.

    Raises: RejectedError if a column is missing, a time has no zone or prices contradict.
    """
    if bars.empty:
        return []
    missing = [name for name in COLUMNS if name not in bars.columns]
    if missing:
        raise RejectedError("paper", "process", f"the bars lack the columns {missing}")
    rows = bars[list(COLUMNS)].to_dict("records")
    return sorted((_parse(row) for row in rows), key=lambda bar: (bar.started_at, bar.symbol))


def session_close(moment: datetime) -> datetime:
    """Return the first close of the New York exchange after `moment`, half days included.

    Raises: RejectedError if the exchange calendar does not reach there.
    """
    closes = _closes()
    place = int(closes.searchsorted(pd.Timestamp(moment), side="right"))
    if place == len(closes) or closes[place] - moment > timedelta(days=14):
        raise RejectedError("paper", "submit", f"no session is known after {moment.isoformat()}")
    return _utc(closes[place])


@cache
def _closes() -> pd.DatetimeIndex:
    with warnings.catch_warnings():  # exchange_calendars 4.13 is not yet at home in pandas 3.1
        warnings.simplefilter("ignore", DeprecationWarning)
        return pd.DatetimeIndex(exchange_calendars.get_calendar("XNYS").closes)


def _parse(row: dict[Any, Any]) -> Bar:
    started_at, ended_at = _span(row)
    bar = Bar(
        symbol=str(row["symbol"]),
        started_at=started_at,
        ended_at=ended_at,
        open=_price(row["open"]),
        high=_price(row["high"]),
        low=_price(row["low"]),
        close=_price(row["close"]),
        label=str(row["label"]),
    )
    prices = (bar.open, bar.high, bar.low, bar.close)
    whole = all(price.is_finite() for price in prices)
    if not whole or not 0 < bar.low == min(prices) or bar.high != max(prices):
        at = f"{bar.symbol} at {bar.started_at.isoformat()}"
        raise RejectedError("paper", "process", f"the prices of {at} contradict each other")
    return bar


def _span(row: dict[Any, Any]) -> tuple[datetime, datetime]:
    """A daily bar traded in the regular hours of its session, whatever its time says."""
    if row["timeframe"] == Timeframe.DAY:
        day = row["session_date"]
        return _in_new_york(day, DAY_STARTS), _in_new_york(day, DAY_ENDS)
    started_at = pd.Timestamp(row["started_at"])
    if started_at.tzinfo is None:
        raise RejectedError("paper", "process", f"the time {started_at} of a bar has no zone")
    if row["timeframe"] != Timeframe.FIVE_MINUTES:
        raise RejectedError("paper", "process", f"unknown timeframe {row['timeframe']!r}")
    return _utc(started_at), _utc(started_at) + timedelta(minutes=5)


def _in_new_york(day: date, at: time) -> datetime:
    moment = datetime(day.year, day.month, day.day, at.hour, at.minute, tzinfo=NEW_YORK)
    return _utc(pd.Timestamp(moment))


def _utc(moment: pd.Timestamp) -> datetime:
    return moment.tz_convert("UTC").to_pydatetime().replace(tzinfo=UTC)


def _price(value: object) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation:  # None and NA are no numbers either
        return Decimal("NaN")
