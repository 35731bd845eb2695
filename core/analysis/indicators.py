"""The readings of bars, each defined once; where TA-Lib has it, TA-Lib's seeding is the definition.

`core/analysis/streaming.py` gives the same numbers, one bar at a time.
"""

from __future__ import annotations

import math
from typing import Generic, Literal, NamedTuple, TypeVar

import numpy as np
import pandas as pd
import talib

from core.analysis.bar_arrays import BarArrays, FloatArray, check_bars, check_numbers, columns_of
from core.analysis.sessions import SessionReading
from core.analysis.signals import (
    Histogram,
    atr_state,
    classic_pivots,
    macd_cross,
    macd_curl,
    volume_state,
)
from core.domain.feeds import Label
from core.domain.market import Indicators, Lead, Pivots, Regime
from core.errors import InsufficientDataError

MINIMUM_BARS = 220
MINIMUM_LEAD_BARS = 63  # three times the slower EMA: its seed has faded
ATR_MEAN_BARS = WIDTH_MEAN_BARS = 50
VOLUME_MEAN_BARS = 20
SQUEEZE = 0.8
FLAT_BAND = 0.005
CHOP_ADX = 20

Value = TypeVar("Value")


class Readings(NamedTuple, Generic[Value]):
    """All readings, at one bar or at each. Prices in USD per share.

    bollinger_width: (upper - lower) / middle. relative_volume: volume / its mean over 20 bars,
    NaN where there was no volume. Means run over 50 bars.
    """

    ema8: Value
    ema21: Value
    sma50: Value
    sma200: Value
    bollinger_upper: Value
    bollinger_middle: Value
    bollinger_lower: Value
    bollinger_width: Value
    bollinger_width_mean: Value
    macd: Value
    macd_signal: Value
    macd_histogram: Value
    rsi14: Value
    atr14: Value
    atr14_mean: Value
    adx14: Value
    relative_volume: Value


def indicator_series(
    high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray
) -> Readings[FloatArray]:
    """Return every reading at every bar, NaN until there are enough bars for it.

    Shape: at least 220 bars, oldest first; the results are as long.
    Raises: InsufficientDataError, see `check_bars`; for closes that are all the same, too.
    """
    check_bars(BarArrays(high, low, close, volume), MINIMUM_BARS)
    if close.min() == close.max():  # RSI would read 0, oversold
        raise InsufficientDataError(f"close is {close[-1]} in all {len(close)} bars")
    upper, middle, lower = talib.BBANDS(close, timeperiod=20, nbdevup=2, nbdevdn=2)
    width = _band_width(upper, middle, lower)
    macd, signal, histogram = talib.MACD(close)
    atr = talib.ATR(high, low, close, timeperiod=14)
    return Readings(
        ema8=talib.EMA(close, timeperiod=8),
        ema21=talib.EMA(close, timeperiod=21),
        sma50=talib.SMA(close, timeperiod=50),
        sma200=talib.SMA(close, timeperiod=200),
        bollinger_upper=upper,
        bollinger_middle=middle,
        bollinger_lower=lower,
        bollinger_width=width,
        bollinger_width_mean=talib.SMA(width, timeperiod=WIDTH_MEAN_BARS),
        macd=macd,
        macd_signal=signal,
        macd_histogram=histogram,
        rsi14=talib.RSI(close, timeperiod=14),
        atr14=atr,
        atr14_mean=talib.SMA(atr, timeperiod=ATR_MEAN_BARS),
        adx14=talib.ADX(high, low, close, timeperiod=14),
        relative_volume=_relative_volume(volume),
    )


def read_indicators(bars: pd.DataFrame) -> Indicators:
    """Return the readings of the last bar.

    Shape: bars with high, low, close, volume, oldest first, at least 220.
    Raises: InsufficientDataError, see `indicator_series` and `to_indicators`.
    """
    return indicators_of(BarArrays.of(bars))


def indicators_of(bars: BarArrays) -> Indicators:
    """Return what `read_indicators` does, from arrays."""
    series = indicator_series(*bars)
    first, second, third = series.macd_histogram[-3:].tolist()
    high, low, close = (float(column[-1]) for column in bars[:3])
    return to_indicators(last_of(series), (first, second, third), classic_pivots(high, low, close))


def last_of(series: Readings[FloatArray]) -> Readings[float]:
    return Readings(*(float(column[-1]) for column in series))


def to_indicators(read: Readings[float], histogram: Histogram, pivots: Pivots) -> Indicators:
    """Return the readings of one bar with what follows from them.

    Raises: InsufficientDataError for bars without any range or volume.
    """
    averages = (read.sma50, read.sma200, read.bollinger_middle, read.atr14, read.atr14_mean)
    if not (min(averages) > 0 and read.relative_volume >= 0):
        raise InsufficientDataError("the bars have no range or no volume")
    values = read._asdict()
    width_mean = values.pop("bollinger_width_mean")
    return Indicators(
        **values | {"macd_histogram": histogram},
        macd_curl=macd_curl(histogram),
        macd_cross=macd_cross(histogram),
        bollinger_squeeze=read.bollinger_width < SQUEEZE * width_mean,
        atr_state=atr_state(read.atr14, read.atr14_mean),
        volume_state=volume_state(read.relative_volume),
        pivots=pivots,
    )


def read_lead(
    symbol: str, bars: pd.DataFrame, label: Label, session: SessionReading | None = None
) -> Lead:
    """Return the direction of a lead: of its session against its daily bars, where that is known.

    Before the session's first bar the last daily bar counts.

    Raises: InsufficientDataError for fewer than 63 bars or a number that is not finite.
    """
    (close,) = columns_of(bars, ("close",))
    check_numbers({"close": close}, MINIMUM_LEAD_BARS)
    last, previous = (session.last, close[-1]) if session else (float(close[-1]), close[-2])
    ema21 = float(talib.EMA(close, timeperiod=21)[-1])
    sma50 = float(talib.SMA(close, timeperiod=50)[-1])
    return Lead(
        symbol=symbol,
        last=last,
        above_ema21=last > ema21,
        above_sma50=last > sma50,
        change_fraction=float(last / previous - 1),
        label=label,
        above_vwap=session.above_vwap if session else None,
        ema21=ema21,
        sma50=sma50,
        vwap=session.vwap if session else None,
    )


def read_regime(indicators: Indicators) -> Regime:
    """Return trend and volatility; averages within 0.5 % of each other are a flat trend."""
    adx = indicators.adx14
    return Regime(
        trend=_trend(indicators),
        volatility=atr_state(indicators.atr14, indicators.atr14_mean),
        chop=None if adx is None else adx < CHOP_ADX,
    )


def _trend(indicators: Indicators) -> Literal["up", "down", "flat"]:
    gap = indicators.sma50 / indicators.sma200 - 1
    if abs(gap) <= FLAT_BAND:
        return "flat"
    return "up" if gap > 0 else "down"


def _band_width(upper: FloatArray, middle: FloatArray, lower: FloatArray) -> FloatArray:
    """Return the relative width; 0 where TA-Lib's running sum has lost the price altogether."""
    spread = upper - lower
    width: FloatArray = np.divide(spread, middle, out=spread * 0, where=middle > 0)
    return width


def _relative_volume(volume: FloatArray) -> FloatArray:
    mean = talib.SMA(volume, timeperiod=VOLUME_MEAN_BARS)
    ratio: FloatArray = np.divide(volume, mean, out=np.full(len(volume), math.nan), where=mean > 0)
    return ratio
