"""When the New York exchange is open, when the gateway restarts, and what time it is at IBKR."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cache
from time import monotonic
from zoneinfo import ZoneInfo

import exchange_calendars
import pandas as pd

from core.domain.trading import MarketClock
from core.errors import ConfigurationError, UnavailableError

NEW_YORK = ZoneInfo("America/New_York")


@dataclass(frozen=True)
class RestartWindow:
    """The gateway's nightly restart: then nothing that it says, or does not say, counts.

    From start up to end, New York time; it may lie around midnight.
    """

    start: time
    end: time

    def holds(self, moment: datetime) -> bool:
        local = moment.astimezone(NEW_YORK).time()
        if self.start <= self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end

    def __str__(self) -> str:
        return f"{self.start:%H:%M} and {self.end:%H:%M} New York time"


def parse_window(text: str) -> RestartWindow | None:
    """Read "23:45-00:45"; "" is no window. Raises: ConfigurationError."""
    if not text.strip():
        return None
    try:
        start, end = (time.fromisoformat(part.strip()) for part in text.split("-"))
    except ValueError:
        reason = f"IBKR_RESTART_WINDOW is {text!r}; write it like 23:45-00:45, or leave it empty"
        raise ConfigurationError(reason) from None
    return RestartWindow(start, end)


class ServerClock:
    """IBKR's time as it was last told, and what has passed since; at first this machine's time."""

    def __init__(self) -> None:
        self._told = datetime.now(UTC)
        self._told_at = monotonic()

    def set(self, told: datetime) -> None:
        self._told, self._told_at = told.astimezone(UTC), monotonic()

    def now(self) -> datetime:
        passed = timedelta(seconds=round(monotonic() - self._told_at))
        return self._told + passed


def market_clock(at: datetime) -> MarketClock:
    """Return what is open at a moment, and when that changes.

    Raises: UnavailableError if the exchange calendar does not reach there.
    """
    next_open, next_close = _next("opens", at), _next("closes", at)
    return MarketClock(
        at=at, is_open=next_close < next_open, next_open=next_open, next_close=next_close
    )


def closes_after(moment: datetime) -> datetime:
    """Return the first close after a moment: then what is good for the day ends."""
    return _next("closes", moment)


def _next(what: str, moment: datetime) -> datetime:
    times = _times(what)
    place = int(times.searchsorted(pd.Timestamp(moment), side="right"))
    if place == len(times):
        reason = f"no session is known after {moment.isoformat()}: update exchange_calendars"
        raise UnavailableError("ibkr", "clock", reason)
    found: datetime = times[place].to_pydatetime()
    return found.astimezone(UTC)


@cache
def _times(what: str) -> pd.DatetimeIndex:
    with warnings.catch_warnings():  # exchange_calendars 4.13 is not yet at home in pandas 3.1
        warnings.simplefilter("ignore", DeprecationWarning)
        return pd.DatetimeIndex(getattr(exchange_calendars.get_calendar("XNYS"), what))
