"""TA-Lib readings of daily bars; TA-Lib's seeding is the definition of each of them."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
import talib
from numpy.typing import NDArray

from core.domain.feeds import Label
from core.domain.market import Indicators, Lead, Regime
from core.errors import InsufficientDataError

MINIMUM_BARS = 220
MINIMUM_LEAD_BARS = 63  # three times the slower EMA: its seed has faded
ATR_MEAN_BARS = 50
FLAT_BAND = 0.005
HIGH_VOLATILITY = 1.5
LOW_VOLATILITY = 0.5

FloatArray = NDArray[np.float64]
Curl = Literal["up", "down", ""]


def read_indicators(bars: pd.DataFrame) -> Indicators:
    """Return the readings of the last bar.

    Shape: daily bars with open, high, low, close, volume, oldest first.
    Raises: InsufficientDataError for fewer than 220 bars, for a number that is not finite, and
        for bars without any range or volume.
    """
    high, low, close, volume = _columns(bars, ("high", "low", "close", "volume"), MINIMUM_BARS)
    atr = talib.ATR(high, low, close, timeperiod=14)[-ATR_MEAN_BARS:]
    average_volume = talib.SMA(volume, timeperiod=20)[-1]
    if not (atr[-1] > 0 and average_volume > 0):
        raise InsufficientDataError("the bars have no range or no volume")
    macd, signal, histogram = talib.MACD(close)
    upper, middle, lower = talib.BBANDS(close, timeperiod=20, nbdevup=2, nbdevdn=2)
    return Indicators(
        ema8=talib.EMA(close, timeperiod=8)[-1],
        ema21=talib.EMA(close, timeperiod=21)[-1],
        sma50=talib.SMA(close, timeperiod=50)[-1],
        sma200=talib.SMA(close, timeperiod=200)[-1],
        bollinger_upper=upper[-1],
        bollinger_middle=middle[-1],
        bollinger_lower=lower[-1],
        macd=macd[-1],
        macd_signal=signal[-1],
        macd_histogram=(histogram[-3], histogram[-2], histogram[-1]),
        rsi14=talib.RSI(close, timeperiod=14)[-1],
        atr14=atr[-1],
        atr14_mean=float(atr.mean()),
        relative_volume=volume[-1] / average_volume,
    )


def macd_curl(histogram: tuple[float, float, float]) -> Curl:
    """Tell whether the last three histogram values turn towards zero."""
    first, second, third = histogram
    if first < second < third < 0:
        return "up"
    if first > second > third > 0:
        return "down"
    return ""


def read_lead(symbol: str, bars: pd.DataFrame, label: Label) -> Lead:
    """Return the direction of the market's lead on its last bar.

    Raises: InsufficientDataError for fewer than 63 bars or a number that is not finite.
    """
    (close,) = _columns(bars, ("close",), MINIMUM_LEAD_BARS)
    last = float(close[-1])
    return Lead(
        symbol=symbol,
        last=last,
        above_ema21=last > talib.EMA(close, timeperiod=21)[-1],
        above_sma50=last > talib.SMA(close, timeperiod=50)[-1],
        change_fraction=float(close[-1] / close[-2] - 1),
        label=label,
    )


def read_regime(_bars: pd.DataFrame, indicators: Indicators) -> Regime:
    """Return trend and volatility; averages within 0.5 % of each other are a flat trend."""
    return Regime(trend=_trend(indicators), volatility=_volatility(indicators))


def _trend(indicators: Indicators) -> Literal["up", "down", "flat"]:
    gap = indicators.sma50 / indicators.sma200 - 1
    if abs(gap) <= FLAT_BAND:
        return "flat"
    return "up" if gap > 0 else "down"


def _volatility(indicators: Indicators) -> Literal["low", "normal", "high"]:
    ratio = indicators.atr14 / indicators.atr14_mean
    if ratio > HIGH_VOLATILITY:
        return "high"
    return "low" if ratio < LOW_VOLATILITY else "normal"


def _columns(bars: pd.DataFrame, names: tuple[str, ...], minimum: int) -> list[FloatArray]:
    """Return the columns as TA-Lib wants them: a NaN inside would spoil every later value."""
    if len(bars) < minimum:
        raise InsufficientDataError(f"{len(bars)} bars, at least {minimum} are needed")
    columns = [np.ascontiguousarray(bars[name], dtype=np.float64) for name in names]
    if not all(np.isfinite(column).all() for column in columns):
        raise InsufficientDataError("a price or volume in the bars is not a finite number")
    return columns
