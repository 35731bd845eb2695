"""Trend pullback: a trend that fell back to its 21-day average and turned."""

from __future__ import annotations

from core.analysis.setups.candidate import OTHER_SIDE, CandidatePlan, View, first_flaw
from core.analysis.setups.geometry import Signal, Zone, build, next_levels
from core.domain.scenarios import Side
from core.domain.setups import TrendPullbackParameters

TRENDS = {Side.LONG: "up", Side.SHORT: "down"}


def find(view: View, parameters: TrendPullbackParameters) -> CandidatePlan | str:
    """Return the plan in the direction of the trend, or why there is none."""
    trend = view.snapshot.regime.trend
    if trend != TRENDS[view.side]:
        return "there is no trend" if trend == "flat" else OTHER_SIDE
    average = view.turned(view.snapshot.indicators.ema21)
    flaw = _flaw(view, average, parameters)
    if flaw:
        return flaw
    zone = Zone.over(view, average, parameters)
    targets = next_levels(view, zone, parameters)
    return build(view, parameters.kind, zone, targets, Signal("hold", average))


def _flaw(view: View, average: float, parameters: TrendPullbackParameters) -> str:
    slower = view.turned(view.snapshot.indicators.sma50)
    # a pre-market price beyond an average is no close beyond it
    has_lost = min(view.last, float(view.close[-1])) <= max(average, slower)
    is_far = view.last - average > parameters.maximum_distance_atr * view.atr
    is_calm = parameters.rsi_minimum <= view.rsi <= parameters.rsi_maximum
    return first_flaw(
        {
            "the averages do not carry the price": has_lost,
            "the price is far from its average": is_far,
            "the price has not come back to its average": not _has_pulled_back(
                view, average, parameters
            ),
            "the last candle does not turn": bool(view.close[-1] <= view.close[-2]),
            "RSI is out of its band": not is_calm,
        }
    )


def _has_pulled_back(view: View, average: float, parameters: TrendPullbackParameters) -> bool:
    lowest = float(view.low[-parameters.touch_sessions :].min())
    highest = float(view.high[-parameters.swing_sessions :].max())
    touched = lowest <= average + parameters.touch_atr * view.atr
    unbroken = lowest > average - parameters.stop_atr * view.atr
    return touched and unbroken and highest - lowest >= parameters.minimum_pullback_atr * view.atr
