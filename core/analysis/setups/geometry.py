"""Zone, stop and targets of a plan, in turned prices; ATR targets count from the worst fill."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

from core.analysis.levels import confluence
from core.analysis.setups.candidate import Candidate, View
from core.domain.setups import Geometry, SetupName
from core.domain.tactics import Side, Target, Trigger

REACH_ATR = 1.0
OBSTACLE_CONFLUENCE = 3
FRACTION = 0.5
FIRST_R = 1.0
BEST_R = 2.0
APART_R = 0.5


def build(
    view: View, setup: SetupName, base: float, act: Literal["cross", "hold"], geometry: Geometry
) -> Candidate | None:
    """Return the plan that rests on the turned price `base`.

    Prices are rounded to the tick here, so that what is published is what is judged. None if the
    zone is out of reach, or if the average range is too small for the tick or for the price.
    """
    near = _to_tick(base, math.ceil)
    worst = _to_tick(base + geometry.zone_atr * view.atr, math.floor)
    stop = _to_tick(base - geometry.stop_atr * view.atr, math.floor)
    first, best = _targets(view, worst, worst - stop, geometry)
    in_reach = near - REACH_ATR * view.atr <= view.last <= worst + REACH_ATR * view.atr
    in_order = stop < near <= worst < first < best
    if not (in_reach and in_order and min(view.turned(stop), view.turned(best)) > 0):
        return None
    edges = sorted((view.turned(near), view.turned(worst)))
    return Candidate(
        setup=setup,
        side=view.side,
        level=view.level_at(base),
        trigger=_trigger(view, act, base),
        entry_low=edges[0],
        entry_high=edges[1],
        stop=view.turned(stop),
        targets=tuple(Target(price=view.turned(p), fraction=FRACTION) for p in (first, best)),
        rejects=view.close_position() >= 0.5,
        obstacle=_obstacle(view, worst, first),
    )


def _targets(view: View, worst: float, risk: float, geometry: Geometry) -> tuple[float, float]:
    """Aim at levels that pay 1R to 2R and 2R or more; where there is none, count ATR."""
    ahead = [price for price, _ in view.levels() if price > worst]
    first_floor, best_floor = worst + FIRST_R * risk, worst + BEST_R * risk
    by_atr = max(first_floor, worst + geometry.first_target_atr * view.atr)
    middle = worst + geometry.best_target_atr * view.atr
    first = next((price for price in ahead if first_floor <= price < best_floor), by_atr)
    limit = worst + geometry.maximum_target_atr * view.atr
    least = max(best_floor, first + APART_R * risk)
    best = next((price for price in ahead if least <= price <= limit), max(middle, least))
    return _to_tick(first, math.ceil), _to_tick(best, math.ceil)


def _obstacle(view: View, worst: float, first: float) -> str:
    for price, level in view.levels():
        if worst < price < first and confluence(level) >= OBSTACLE_CONFLUENCE:
            return "a strong level stands before the first target"
    return ""


def _trigger(view: View, act: Literal["cross", "hold"], base: float) -> Trigger:
    price = view.turned(_to_tick(base, math.floor))
    if view.side is Side.LONG:
        return Trigger(kind="cross_above" if act == "cross" else "hold_above", price=price)
    return Trigger(kind="cross_below" if act == "cross" else "hold_below", price=price)


def _to_tick(price: float, rounding: Callable[[float], int]) -> float:
    """Round to a cent, below one dollar to a hundredth of a cent."""
    ticks = 100 if abs(price) >= 1 else 10_000
    nearest = round(price * ticks)
    exact = math.isclose(price * ticks, nearest, rel_tol=0, abs_tol=1e-6)
    return (nearest if exact else rounding(price * ticks)) / ticks
