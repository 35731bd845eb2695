"""Readings one bar at a time, in constant time and bit for bit as the whole series gives them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from talib import stream

from core.analysis.bar_arrays import BarArrays, FloatArray, check_bar
from core.analysis.indicators import (
    ATR_MEAN_BARS,
    VOLUME_MEAN_BARS,
    WIDTH_MEAN_BARS,
    Readings,
    indicator_series,
    last_of,
    to_indicators,
)
from core.analysis.signals import Histogram, classic_pivots
from core.domain.market import Indicators

Three = tuple[float, float, float]
OfOne = Callable[[float], float]
ThreeOfOne = Callable[[float], Three]
OfBar = Callable[[float, float, float], float]


class IndicatorStream:
    """The readings of one symbol's newest bar, after each bar in `readings`.

    It holds TA-Lib handles, which cannot be stored: after a restart open it on the stored bars.
    One thread at a time.
    """

    __slots__ = ("_handles", "_histogram", "_last", "readings")

    def __init__(self, handles: _Handles, series: Readings[FloatArray], last: Three) -> None:
        self.readings = last_of(series)
        self._handles, self._last = handles, last
        first, second, third = series.macd_histogram[-3:].tolist()
        self._histogram: Histogram = (first, second, third)

    @classmethod
    def open(cls, bars: BarArrays) -> IndicatorStream:
        """Start behind at least 220 bars, oldest first.

        Raises: InsufficientDataError, see `indicator_series`.
        """
        series = indicator_series(*bars)
        high, low, close = (float(column[-1]) for column in bars[:3])
        return cls(_open_handles(bars, series), series, (high, low, close))

    def update(self, high: float, low: float, close: float, volume: float) -> Readings[float]:
        """Add the next bar and return its readings.

        Raises: InsufficientDataError for what is no bar, and nothing has changed.
        """
        check_bar(high, low, close, volume)
        to = self._handles
        upper, middle, lower = to.bands(close)
        width = (upper - lower) / middle if middle > 0 else 0.0
        macd, signal, histogram = to.macd(close)
        atr, volume_mean = to.atr(high, low, close), to.volume_mean(volume)
        _, before, newest = self._histogram
        self._histogram, self._last = (before, newest, histogram), (high, low, close)
        self.readings = Readings(
            to.ema8(close), to.ema21(close), to.sma50(close), to.sma200(close),
            upper, middle, lower, width, to.width_mean(width),
            macd, signal, histogram,
            to.rsi(close), atr, to.atr_mean(atr), to.adx(high, low, close),
            volume / volume_mean if volume_mean > 0 else math.nan,
        )  # fmt: skip
        return self.readings

    def indicators(self) -> Indicators:
        """Return the newest bar's readings with what follows from them.

        Raises: InsufficientDataError for bars without any range or volume.
        """
        return to_indicators(self.readings, self._histogram, classic_pivots(*self._last))


class _Handles(NamedTuple):
    """What takes the next value of each TA-Lib handle."""

    ema8: OfOne
    ema21: OfOne
    sma50: OfOne
    sma200: OfOne
    bands: ThreeOfOne
    width_mean: OfOne
    macd: ThreeOfOne
    rsi: OfOne
    atr: OfBar
    atr_mean: OfOne
    adx: OfBar
    volume_mean: OfOne


def _open_handles(bars: BarArrays, series: Readings[FloatArray]) -> _Handles:
    high, low, close, volume = bars
    return _Handles(
        ema8=stream.EMA(close, 8).update,
        ema21=stream.EMA(close, 21).update,
        sma50=stream.SMA(close, 50).update,
        sma200=stream.SMA(close, 200).update,
        bands=stream.BBANDS(close, 20, 2, 2).update,
        width_mean=stream.SMA(series.bollinger_width, WIDTH_MEAN_BARS).update,
        macd=stream.MACD(close, 12, 26, 9).update,
        rsi=stream.RSI(close, 14).update,
        atr=stream.ATR(high, low, close, 14).update,
        atr_mean=stream.SMA(series.atr14, ATR_MEAN_BARS).update,
        adx=stream.ADX(high, low, close, 14).update,
        volume_mean=stream.SMA(volume, VOLUME_MEAN_BARS).update,
    )
