"""The regular-hours bars of one symbol as arrays, cut by session, for many replays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.analysis.bar_arrays import FloatArray
from core.domain.feeds import SessionHours
from core.domain.scenarios import Side
from core.errors import InsufficientDataError

IntArray = NDArray[np.int64]
Flags = NDArray[np.bool_]

PRICES = ("open", "high", "low", "close")
NEW_YORK = ZoneInfo("America/New_York")
OPENS, CLOSES = time(9, 30), time(16)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
FLAT_BEFORE = timedelta(minutes=5)  # before the close of its last session a plan is flat
CLOSE_SEEN = timedelta(minutes=15)  # so near the close a session's last bar starts


@dataclass(frozen=True, slots=True)
class BarPath:
    """Bars, oldest first; `at` are their starts in microseconds since 1970.

    sessions: the ordinal of each session's date. starts: the place of its first bar, and after
    the last one the number of bars. closes: when it closes, in microseconds since 1970.
    """

    at: IntArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray | None
    sessions: IntArray
    starts: IntArray
    closes: IntArray

    @classmethod
    def of(cls, bars: pd.DataFrame, hours: Iterable[SessionHours] = ()) -> BarPath:
        """Take the bars of the regular hours.

        Shape: started_at (aware), session_date, open, high, low, close, and volume if there is
            one, oldest first. `hours` are what the calendar says; a session that it leaves out
            is open from 09:30 to 16:00 in New York.
        Raises: InsufficientDataError for bars out of order and a price that is no finite number.
        """
        at = _microseconds(bars["started_at"])
        if (np.diff(at) <= 0).any():
            raise InsufficientDataError("the bars are not in order, or one comes twice")
        days = np.fromiter(map(date.toordinal, bars["session_date"].tolist()), np.int64, len(at))
        known = {one.session_date: one for one in hours}
        inside = _in_regular_hours(at, days, known)
        sessions, starts = np.unique(days[inside], return_index=True)
        closes = [_bounds_of(int(day), known)[1] for day in sessions]
        prices = {name: bars[name].to_numpy(dtype=np.float64)[inside] for name in PRICES}
        if not all(np.isfinite(column).all() for column in prices.values()):
            raise InsufficientDataError("a price in the bars is not a finite number")
        return cls(
            at=at[inside],
            **prices,
            volume=bars["volume"].to_numpy(dtype=np.float64)[inside] if "volume" in bars else None,
            sessions=sessions,
            starts=np.append(starts, np.count_nonzero(inside)).astype(np.int64),
            closes=np.array(closes, np.int64),
        )

    def __len__(self) -> int:
        return len(self.at)

    def place_of(self, session: date) -> int | None:
        """Return which of the sessions a date is, None where there is no bar of it."""
        place = int(np.searchsorted(self.sessions, session.toordinal()))
        is_there = place < len(self.sessions) and self.sessions[place] == session.toordinal()
        return place if is_there else None

    def session_of(self, bar: int) -> date | None:
        """Return the session of a bar, None beyond the last one."""
        if bar >= len(self.at):
            return None
        return self.session_at(int(np.searchsorted(self.starts, bar, side="right")) - 1)

    def session_at(self, place: int) -> date:
        return date.fromordinal(int(self.sessions[place]))

    def first_from(self, moment: datetime) -> int:
        """Return the place of the first bar that starts at or after a moment."""
        return int(np.searchsorted(self.at, microseconds(moment)))

    def flat_at(self, place: int, bar_length: timedelta) -> int:
        """Return the start of a session's last bar that may hold a plan which ends with it."""
        return int(self.closes[place]) - (FLAT_BEFORE + bar_length) // MICROSECOND

    def is_flat(self, place: int, bar_length: timedelta) -> bool:
        """Tell whether the bars of a session reach its last one that may hold a plan."""
        return int(self.at[self.starts[place + 1] - 1]) >= self.flat_at(place, bar_length)

    def reaches_close(self, session: date) -> bool:
        """Tell whether there are bars of a session up to near its close."""
        place = self.place_of(session)
        if place is None:
            return False
        newest = int(self.at[self.starts[place + 1] - 1])
        return newest >= int(self.closes[place]) - CLOSE_SEEN // MICROSECOND

    def turned(self, first: int, end: int, side: Side) -> Bars:
        """Return a stretch of bars as a long plan would see them."""
        part = slice(first, end)
        prices = (self.open[part], self.high[part], self.low[part], self.close[part])
        if side is Side.SHORT:
            prices = (-prices[0], -prices[2], -prices[1], -prices[3])
        return Bars(self.at[part], *prices, None if self.volume is None else self.volume[part])


@dataclass(frozen=True, slots=True)
class Bars:
    """A stretch of a path; of a short plan the prices are negated, high and low exchanged."""

    at: IntArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray | None

    def head(self, count: int) -> Bars:
        """Return the first bars."""
        volume = None if self.volume is None else self.volume[:count]
        prices = (self.open[:count], self.high[:count], self.low[:count], self.close[:count])
        return Bars(self.at[:count], *prices, volume)


def first_true(flags: Flags, otherwise: int) -> int:
    """Return the first place that is true, `otherwise` where there is none."""
    if not len(flags):
        return otherwise
    place = int(flags.argmax())
    return place if flags[place] else otherwise


def microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // MICROSECOND


def moment_of(at: np.int64 | int) -> datetime:
    return EPOCH + timedelta(microseconds=int(at))


def _microseconds(started_at: pd.Series[pd.Timestamp]) -> IntArray:
    index = pd.DatetimeIndex(started_at)
    if index.tz is None and len(index):
        raise InsufficientDataError("the bars' times have no zone")
    return index.as_unit("us").asi8


def _in_regular_hours(at: IntArray, days: IntArray, hours: dict[date, SessionHours]) -> Flags:
    sessions, which = np.unique(days, return_inverse=True)
    bounds = np.array([_bounds_of(int(day), hours) for day in sessions], np.int64).reshape(-1, 2)
    inside: Flags = (at >= bounds[which, 0]) & (at < bounds[which, 1])
    return inside


def _bounds_of(day: int, hours: dict[date, SessionHours]) -> tuple[int, int]:
    known = hours.get(date.fromordinal(day))
    if known is None:
        return _usual(day)
    return microseconds(known.opens_at), microseconds(known.closes_at)


@lru_cache(maxsize=4096)
def _usual(day: int) -> tuple[int, int]:
    session = date.fromordinal(day)
    opens, closes = (datetime.combine(session, at, NEW_YORK) for at in (OPENS, CLOSES))
    return microseconds(opens), microseconds(closes)
