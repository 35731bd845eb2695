"""Mean reversion: a price far from its mean whose momentum and last candle turn back."""

from __future__ import annotations

from core.analysis.setups.candidate import OTHER_SIDE, CandidatePlan, View, first_flaw
from core.analysis.setups.geometry import (
    APART_R,
    BEST_R,
    FIRST_R,
    Signal,
    Zone,
    build,
    down_to_tick,
    up_to_tick,
)
from core.domain.setups import MeanReversionParameters


def find(view: View, parameters: MeanReversionParameters) -> CandidatePlan | str:
    """Return the plan back to the mean, or why there is none."""
    mean = _mean(view)
    if mean < view.last:
        return OTHER_SIDE
    flaw = _flaw(view, mean, parameters)
    if flaw:
        return flaw
    zone = _zone(view, parameters)
    targets = _targets(view, mean, zone, parameters)
    if not targets:
        return "the way back to the mean does not pay for the risk"
    return build(view, parameters.kind, zone, targets, Signal("curl", zone.base))


def _mean(view: View) -> float:
    """Return the session's VWAP, before there is one the middle of the last month."""
    vwap = view.snapshot.vwap
    return view.turned(view.snapshot.indicators.bollinger_middle if vwap is None else vwap)


def _flaw(view: View, mean: float, parameters: MeanReversionParameters) -> str:
    stretch = parameters.minimum_extension_atr * view.atr
    is_lowest = view.low[-1] <= view.low[-parameters.swing_sessions :].min()
    is_turned = view.close_position() >= parameters.minimum_close_position
    return first_flaw(
        {
            "the price is not far from its mean": mean - view.last < stretch,
            "MACD does not turn back": not view.macd_turns,
            "the last candle is no reversal": not (is_lowest and is_turned),
        }
    )


def _zone(view: View, parameters: MeanReversionParameters) -> Zone:
    """Return the end of the candle that turned, with the stop beyond its low."""
    low, close = float(view.low[-1]), float(view.close[-1])
    base = max(low, close - parameters.zone_atr * view.atr)
    stop = down_to_tick(low - parameters.stop_atr * view.atr)
    return Zone(base, up_to_tick(base), down_to_tick(close), stop)


def _targets(
    view: View, mean: float, zone: Zone, parameters: MeanReversionParameters
) -> list[float]:
    """Return the mean and the slow averages behind it; none if they do not pay."""
    read, worst = view.snapshot.indicators, zone.worst
    limit = worst + parameters.maximum_target_atr * view.atr
    targets = [mean]
    for price in sorted((view.turned(read.sma50), view.turned(read.sma200))):
        if targets[-1] + APART_R * zone.risk <= price <= limit:
            targets.append(price)
    pays = mean >= worst + FIRST_R * zone.risk and targets[-1] >= worst + BEST_R * zone.risk
    return targets if pays else []
