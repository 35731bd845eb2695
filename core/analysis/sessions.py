"""What the intraday bars of one session say: VWAP since the open, the pre-market, the gap."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd

from core.analysis.bar_arrays import (
    BarArrays,
    FloatArray,
    check_bar,
    check_bars,
    check_numbers,
    columns_of,
)
from core.domain.feeds import SessionHours
from core.errors import InsufficientDataError

PREMARKET = timedelta(hours=5, minutes=30)  # 04:00 to 09:30 in New York
BAR = OPENING_RANGE = timedelta(minutes=5)


class SessionReading(NamedTuple):
    """A session so far. Prices in USD per share; None where there were no bars or no volume.

    last: the newest price, the pre-market's until the session opens. gap_fraction: the first
    price of the session, until it opens the newest of the pre-market, against the last close.
    opening_range_*: of the first five minutes. session_volume: the shares since the open, up to
    the end of the newest bar; elapsed_fraction: how much of the session had passed by then.
    """

    last: float
    vwap: float | None
    premarket_vwap: float | None
    premarket_high: float | None
    premarket_low: float | None
    gap_fraction: float
    session_open: float | None = None
    session_high: float | None = None
    session_low: float | None = None
    opening_range_high: float | None = None
    opening_range_low: float | None = None
    session_volume: float | None = None
    elapsed_fraction: float | None = None

    def relative_volume(self, mean_volume: float) -> float | None:
        """Return the volume so far against what a mean session has by then, as far as known."""
        if self.session_volume is None or not self.elapsed_fraction or mean_volume <= 0:
            return None
        return self.session_volume / (mean_volume * usual_share(self.elapsed_fraction))

    def snapshot_fields(self, mean_volume: float) -> dict[str, float | None]:
        """Return what a snapshot holds of the session, next to the newest price."""
        fields = self._asdict() | {"session_relative_volume": self.relative_volume(mean_volume)}
        for name in ("last", "session_volume", "elapsed_fraction"):
            del fields[name]
        return fields

    @property
    def above_vwap(self) -> bool | None:
        return None if self.vwap is None else self.last > self.vwap


def usual_share(elapsed_fraction: float) -> float:
    """Return the part of a session's volume that is usually traded by then, 0 to 1.

    A session is four times as busy at its ends as in its middle, so that a plain share of time
    would call every morning busy.

    Source: Jain and Joh, The Dependence between Hourly Prices and Trading Volume (1988).
    """
    from_middle = 2 * elapsed_fraction - 1
    return (elapsed_fraction + (from_middle**3 + 1) / 2) / 2


class RunningVwap:
    """The VWAP of one session, bar by bar in constant time, bit for bit as `vwap_series`."""

    __slots__ = ("_notional", "_shares", "value")

    def __init__(self) -> None:
        self._notional = self._shares = 0.0
        self.value: float | None = None

    def update(self, high: float, low: float, close: float, volume: float) -> float | None:
        """Add a bar. Raises: InsufficientDataError, and nothing has changed."""
        check_bar(high, low, close, volume)
        self._notional += (high + low + close) / 3 * volume
        self._shares += volume
        if self._shares > 0:
            self.value = self._notional / self._shares
        return self.value


def vwap_series(bars: BarArrays) -> FloatArray:
    """Return the typical price weighted by volume since the first bar, NaN before any volume.

    Raises: InsufficientDataError, see `check_bars`.
    """
    check_bars(bars, minimum=1)
    high, low, close, volume = bars
    # cumsum adds in order, as RunningVwap does; sum would not
    notional, shares = np.cumsum((high + low + close) / 3 * volume), np.cumsum(volume)
    none = np.full(len(shares), math.nan)
    vwap: FloatArray = np.divide(notional, shares, out=none, where=shares > 0)
    return vwap


def read_session(
    bars: pd.DataFrame, hours: SessionHours, previous_close: float
) -> SessionReading | None:
    """Return what the bars of one session's pre-market and regular hours say, None without any.

    Shape: 5-minute bars of one symbol with started_at, open, high, low, close, volume, oldest
        first; those of other times are left out.
    Raises: InsufficientDataError for bars out of order, see also `check_bars`.
    """
    first, opening, ranged, end = _places(bars, hours)
    if first == end:
        return None
    arrays, (opens,) = BarArrays.of(bars), columns_of(bars, ("open",))
    check_bars(arrays, minimum=1)
    check_numbers({"open": opens}, minimum=1)
    premarket, regular = _cut(arrays, first, opening), _cut(arrays, opening, end)
    if opening == end:
        return _read_bars(premarket, regular, premarket.close[-1] / previous_close - 1)
    read = _read_bars(premarket, regular, opens[opening] / previous_close - 1)
    passed = bars["started_at"].iloc[end - 1] + BAR - hours.opens_at
    return _with_ranges(read, regular, _cut(arrays, opening, ranged))._replace(
        session_open=float(opens[opening]),
        elapsed_fraction=min(1.0, passed / (hours.closes_at - hours.opens_at)),
    )


def _read_bars(premarket: BarArrays, regular: BarArrays, gap_fraction: float) -> SessionReading:
    """Return what is known of a session whether it has opened or not."""
    newest = regular if len(regular.close) else premarket
    return SessionReading(
        last=float(newest.close[-1]),
        vwap=_vwap(regular),
        premarket_vwap=_vwap(premarket),
        premarket_high=_highest(premarket),
        premarket_low=_lowest(premarket),
        gap_fraction=float(gap_fraction),
    )


def _with_ranges(
    read: SessionReading, regular: BarArrays, opening_range: BarArrays
) -> SessionReading:
    return read._replace(
        session_high=_highest(regular),
        session_low=_lowest(regular),
        opening_range_high=_highest(opening_range),
        opening_range_low=_lowest(opening_range),
        session_volume=float(regular.volume.sum()),
    )


def _cut(bars: BarArrays, start: int, end: int) -> BarArrays:
    return BarArrays(*(column[start:end] for column in bars))


def _places(bars: pd.DataFrame, hours: SessionHours) -> tuple[int, int, int, int]:
    """Return where the pre-market begins, the session, what follows its opening range, its end."""
    if bars.empty:
        return 0, 0, 0, 0
    started = pd.DatetimeIndex(bars["started_at"])
    if started.tz is None or not (started.is_monotonic_increasing and started.is_unique):
        raise InsufficientDataError("the intraday bars are not in order, or have no time zone")
    opens, closes = hours.opens_at, hours.closes_at
    moments = (opens - PREMARKET, opens, opens + OPENING_RANGE, closes)
    first, opening, ranged, end = (int(started.searchsorted(pd.Timestamp(at))) for at in moments)
    return first, opening, ranged, end


def _highest(bars: BarArrays) -> float | None:
    return float(bars.high.max()) if len(bars.high) else None


def _lowest(bars: BarArrays) -> float | None:
    return float(bars.low.min()) if len(bars.low) else None


def _vwap(bars: BarArrays) -> float | None:
    if not len(bars.close):
        return None
    value = float(vwap_series(bars)[-1])
    return None if math.isnan(value) else value
