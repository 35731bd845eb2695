"""Market sessions: which days are open, when they open and close, half days included."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal

import exchange_calendars
import pandas as pd

from core.errors import InsufficientDataError

_YEARS_BACK, _DAYS_AHEAD = 20, 400


def is_known(name: str) -> bool:
    return name in exchange_calendars.get_calendar_names()


def is_session(name: str, day: date) -> bool:
    """Tell whether the market trades on `day`. Raises: InsufficientDataError out of range."""
    _check_range(name, day)
    return bool(_calendar(name).is_session(day.isoformat()))


def session_times(
    name: str, at: Literal["open", "close"], after: datetime, until: datetime
) -> Iterator[datetime]:
    """Return the opens or closes in (after, until], aware UTC.

    Raises: InsufficientDataError out of range.
    """
    _check_range(name, after.date())
    _check_range(name, until.date())
    calendar = _calendar(name)
    times = calendar.opens if at == "open" else calendar.closes
    first = times.searchsorted(pd.Timestamp(after), side="right")
    last = times.searchsorted(pd.Timestamp(until), side="right")
    for time in times.iloc[first:last]:
        yield time.to_pydatetime().astimezone(UTC)


def sessions(name: str, start: date, end: date) -> list[date]:
    """Return the days from start to end, both included, on which the market trades.

    Raises: InsufficientDataError out of range.
    """
    _check_range(name, start)
    _check_range(name, end)
    found = _calendar(name).sessions_in_range(start.isoformat(), end.isoformat())
    days: list[date] = found.date.tolist()
    return days


def hours(name: str, session: date) -> tuple[datetime, datetime]:
    """Return when a session opens and closes, aware UTC. Raises: InsufficientDataError."""
    if not is_session(name, session):
        raise InsufficientDataError(f"{name} has no session on {session}")
    calendar = _calendar(name)
    opens, closes = (
        at(session.isoformat()).to_pydatetime().astimezone(UTC)
        for at in (calendar.session_open, calendar.session_close)
    )
    return opens, closes


def last_closed(name: str, at: datetime) -> date:
    """Return the newest session that had closed at a moment. Raises: InsufficientDataError."""
    _check_range(name, at.date())
    calendar = _calendar(name)
    place = int(calendar.closes.searchsorted(pd.Timestamp(at), side="right")) - 1
    found: date = calendar.closes.index[place].date()
    return found


def is_open(name: str, at: datetime) -> bool:
    """Tell whether the market is in its regular hours at a moment."""
    day = pd.Timestamp(at).tz_convert("America/New_York").date()
    if not is_session(name, day):
        return False
    opens, closes = hours(name, day)
    return opens <= at < closes


def known_until(name: str) -> datetime:
    """Return the end of what the calendar knows."""
    return datetime.combine(_calendar(name).last_session.date(), datetime.min.time(), UTC)


def _check_range(name: str, day: date) -> None:
    calendar = _calendar(name)
    first, last = calendar.first_session.date(), calendar.last_session.date()
    if not first <= day <= last:
        raise InsufficientDataError(f"calendar {name} is known from {first} to {last}, not {day}")


def _calendar(name: str) -> exchange_calendars.ExchangeCalendar:
    return _built(name, datetime.now(UTC).date())


@lru_cache(maxsize=8)
def _built(name: str, built_on: date) -> exchange_calendars.ExchangeCalendar:
    """A calendar's range is fixed when it is built, so a long process builds it anew each day."""
    start = built_on - timedelta(days=366 * _YEARS_BACK)
    end = built_on + timedelta(days=_DAYS_AHEAD)
    with warnings.catch_warnings():
        # exchange_calendars 4.13 uses what pandas 3.1 announces to change in pandas 4.
        warnings.simplefilter("ignore", pd.errors.Pandas4Warning)
        return exchange_calendars.get_calendar(name, start=start, end=end)
