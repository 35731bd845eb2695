"""The hours of the New York exchange."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime, timedelta
from functools import cache

import exchange_calendars
import pandas as pd

from core.domain.trading import MarketClock
from core.errors import RejectedError

FARTHEST = timedelta(days=14)


def session_close(moment: datetime) -> datetime:
    """Return the first close of the New York exchange after `moment`, half days included.

    Raises: RejectedError if the exchange calendar does not reach there.
    """
    return _next(_hours()[1], moment)


def market_clock(at: datetime) -> MarketClock:
    """Return when the market opens and closes next.

    Raises: RejectedError if the exchange calendar does not reach there.
    """
    opens, closes = (_next(times, at) for times in _hours())
    return MarketClock(at=at, is_open=closes < opens, next_open=opens, next_close=closes)


def _next(times: pd.DatetimeIndex, moment: datetime) -> datetime:
    place = int(times.searchsorted(pd.Timestamp(moment), side="right"))
    if place == len(times) or times[place] - moment > FARTHEST:
        raise RejectedError("paper", "clock", f"no session is known after {moment.isoformat()}")
    found: datetime = times[place].tz_convert("UTC").to_pydatetime().replace(tzinfo=UTC)
    return found


@cache
def _hours() -> tuple[pd.DatetimeIndex, pd.DatetimeIndex]:
    """Return every open and every close, oldest first."""
    with warnings.catch_warnings():  # exchange_calendars 4.13 is not yet at home in pandas 3.1
        warnings.simplefilter("ignore", DeprecationWarning)
        calendar = exchange_calendars.get_calendar("XNYS")
        return pd.DatetimeIndex(calendar.opens), pd.DatetimeIndex(calendar.closes)
