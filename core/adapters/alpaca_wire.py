"""What bars and quotes look like on Alpaca's wire, the same over REST and websocket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from core.adapters.alpaca_rest import NAME
from core.domain.feeds import Label, Quote
from core.domain.market import BAR_COLUMNS, Timeframe

NEW_YORK = ZoneInfo("America/New_York")
PRE_MARKET_HOUR, CLOSING_HOUR = 4, 16
NUMBERS = {"o": "open", "h": "high", "l": "low", "c": "close", "v": "volume"}


def parse_moment(text: str) -> datetime:
    """Read an RFC 3339 text; what is finer than a microsecond is cut off.

    Raises: ValueError, TypeError.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment.astimezone(UTC)


def parse_bar(symbol: str, message: Mapping[str, Any]) -> dict[str, Any]:
    """Read one bar; whether its prices are plausible is not judged here.

    Raises: KeyError, TypeError, ValueError, OverflowError.
    """
    numbers = {name: _number(message[key]) for key, name in NUMBERS.items()}
    return {"symbol": symbol, "started_at": parse_moment(message["t"]), **numbers}


def parse_quote(symbol: str, message: Mapping[str, Any]) -> Quote | None:
    """Read one quote; None if nobody bids or asks, or if the bid is above the ask.

    Units: sizes in shares, as Alpaca gives them since 2025-11-03.
    Raises: KeyError, TypeError, ValueError, OverflowError.
    """
    bid, ask = _number(message["bp"]) or None, _number(message["ap"]) or None  # 0 is nobody
    bid_size, ask_size = _number(message["bs"]), _number(message["as"])
    quoted_at = parse_moment(message["t"])
    if (bid is None and ask is None) or (bid is not None and ask is not None and bid > ask):
        return None
    return Quote(
        symbol=symbol,
        bid=bid,
        ask=ask,
        bid_size=None if bid is None else bid_size,
        ask_size=None if ask is None else ask_size,
        quoted_at=quoted_at,
        provider=NAME,
        label=Label.REAL,
    )


def to_frame(bars: Sequence[Mapping[str, Any]], timeframe: Timeframe) -> pd.DataFrame:
    """Return parsed bars as the domain has them, oldest first; intraday from 04:00 to 16:00.

    Shape: the columns of `BAR_COLUMNS`. Alpaca stamps a daily bar with midnight in New York; here
        it starts at midnight UTC of its session date.
    """
    frame = pd.DataFrame(bars, columns=["symbol", "started_at", *NUMBERS.values()])
    frame = frame.astype(dict.fromkeys(NUMBERS.values(), float))
    started = frame["started_at"].astype("datetime64[us, UTC]")
    local = started.dt.tz_convert(NEW_YORK)
    frame["session_date"] = local.dt.date
    if timeframe is Timeframe.DAY:
        started = local.dt.normalize().dt.tz_localize(None).dt.tz_localize(UTC)
    frame["started_at"] = started
    frame = frame.assign(timeframe=str(timeframe), provider=NAME, label=str(Label.REAL))
    if timeframe is not Timeframe.DAY:
        frame = frame[local.dt.hour.between(PRE_MARKET_HOUR, CLOSING_HOUR - 1)]
    return frame.sort_values("started_at", kind="stable", ignore_index=True)[list(BAR_COLUMNS)]


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a number")
    return float(value)
