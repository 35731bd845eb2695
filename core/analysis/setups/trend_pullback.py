"""Trend pullback: a trend that fell back to its 21-day average and turned."""

from __future__ import annotations

import pandas as pd

from core.analysis.setups.candidate import Candidate, View
from core.analysis.setups.geometry import build
from core.domain.market import MarketSnapshot
from core.domain.setups import TrendPullbackParameters
from core.domain.tactics import Side

SIDES = {"up": Side.LONG, "down": Side.SHORT}


def detect(
    snapshot: MarketSnapshot, bars: pd.DataFrame, parameters: TrendPullbackParameters
) -> list[Candidate]:
    """Return the pullback in the direction of the trend, if present; a flat trend has none."""
    side = SIDES.get(snapshot.regime.trend)
    if side is None:
        return []
    candidate = _detect(View.of(snapshot, bars, side), parameters)
    return [candidate] if candidate else []


def _detect(view: View, parameters: TrendPullbackParameters) -> Candidate | None:
    average = view.turned(view.snapshot.indicators.ema21)
    slower = view.turned(view.snapshot.indicators.sma50)
    holds = view.last > average and view.last > slower and view.close[-1] > view.close[-2]
    near = view.last - average <= parameters.maximum_distance_atr * view.atr
    calm = parameters.rsi_minimum <= view.rsi <= parameters.rsi_maximum
    if not (holds and near and calm and _has_pulled_back(view, average, parameters)):
        return None
    return build(view, "trend_pullback", average, "hold", parameters)


def _has_pulled_back(view: View, average: float, parameters: TrendPullbackParameters) -> bool:
    lowest = float(view.low[-parameters.touch_sessions :].min())
    highest = float(view.high[-parameters.swing_sessions :].max())
    touched = lowest <= average + parameters.touch_atr * view.atr
    unbroken = lowest > average - parameters.stop_atr * view.atr
    return touched and unbroken and highest - lowest >= parameters.minimum_pullback_atr * view.atr
