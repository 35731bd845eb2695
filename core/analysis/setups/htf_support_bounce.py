"""Support bounce and resistance rejection: a level of the daily bars that was touched and held."""

from __future__ import annotations

from core.analysis.levels import confluence
from core.analysis.setups.candidate import CandidatePlan, View
from core.analysis.setups.geometry import Signal, Zone, build, next_levels
from core.domain.market import Level, LevelSource
from core.domain.setups import BounceParameters

# made of the last bar itself, so that the bar cannot have held there
OWN_SOURCES: frozenset[LevelSource] = frozenset({"pdh", "pdl", "pivot", "r1", "s1"})


def find(view: View, parameters: BounceParameters) -> CandidatePlan | str:
    """Return the plan at the strongest level that held, or why there is none."""
    near = [pair for pair in view.levels if _is_near(view, *pair, parameters)]
    if not near:
        return "no strong level is in reach"
    held = [(price, level) for price, level in near if _is_held(view, price, parameters)]
    if not held:
        return "the level in reach was not touched and held"
    if view.close_position() < parameters.minimum_close_position:
        return "the last candle does not turn away from the level"
    base, _ = max(held, key=lambda pair: (confluence(pair[1]), pair[0]))
    zone = Zone.over(view, base, parameters)
    targets = next_levels(view, zone, parameters)
    return build(view, parameters.kind, zone, targets, Signal("hold", base))


def _is_near(view: View, price: float, level: Level, parameters: BounceParameters) -> bool:
    if level.source in OWN_SOURCES or confluence(level) < parameters.minimum_confluence:
        return False
    reach = parameters.maximum_distance_fraction * view.snapshot.last
    return 0 < view.last - price <= reach


def _is_held(view: View, price: float, parameters: BounceParameters) -> bool:
    recent = slice(-parameters.touch_sessions, None)
    lowest = float(view.low[recent].min())
    touched = lowest <= price + parameters.touch_atr * view.atr
    unbroken = lowest > price - parameters.stop_atr * view.atr
    return touched and unbroken and float(view.close[recent].min()) > price
