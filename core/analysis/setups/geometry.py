"""Zone, stop and targets of a plan, in turned prices; ATR targets count from the worst fill."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from core.analysis.levels import confluence
from core.analysis.setups.candidate import CandidatePlan, View, first_flaw
from core.domain.risk import RiskPolicy
from core.domain.scenarios import Side, Target, Trigger
from core.domain.setups import Geometry, LevelGeometry, SetupName

# Setups are drafted within the limits that the desk ships with; sizing asks the operator's own.
LIMITS = RiskPolicy(version="shipped")
REACH_ATR = 1.0
OBSTACLE_CONFLUENCE = 3
FRACTIONS = {1: (1.0,), 2: (0.5, 0.5), 3: (0.5, 0.3, 0.2)}
FIRST_R = LIMITS.minimum_first_target_r
BEST_R = LIMITS.minimum_best_target_r
APART_R = 0.5
ROUNDING = 1e-9

Act = Literal["cross", "hold", "reclaim", "curl"]
Kind = Literal[
    "cross_above", "cross_below", "hold_above", "hold_below", "reject", "reclaim", "curl"
]
KINDS: dict[Act, tuple[Kind, Kind]] = {
    "cross": ("cross_above", "cross_below"),
    "hold": ("hold_above", "hold_below"),
    "reclaim": ("reclaim", "reject"),
    "curl": ("curl", "curl"),
}


class Zone(NamedTuple):
    """Where to enter and where it fails, rounded to the tick: what is published is judged.

    base: the price that the plan rests on. near: the edge that is met first by a price that
    comes back. worst: the least favourable fill.
    """

    base: float
    near: float
    worst: float
    stop: float

    @classmethod
    def over(cls, view: View, base: float, geometry: Geometry) -> Zone:
        """Return the zone above `base`."""
        top, bottom = geometry.zone_atr * view.atr, geometry.stop_atr * view.atr
        return cls(base, up_to_tick(base), down_to_tick(base + top), down_to_tick(base - bottom))

    @property
    def risk(self) -> float:
        return self.worst - self.stop


class Signal(NamedTuple):
    """What makes a plan active: an act at a turned price, with at least so much volume."""

    act: Act
    price: float
    volume: float = 0.0
    is_met: bool = True


def build(
    view: View, setup: SetupName, zone: Zone, targets: Sequence[float], signal: Signal
) -> CandidatePlan | str:
    """Return the plan with these targets, or why it cannot be one."""
    prices = [up_to_tick(price) for price in targets]
    flaw = _flaw(view, zone, prices)
    if flaw:
        return flaw
    edges = sorted((view.turned(zone.near), view.turned(zone.worst)))
    parts = zip(prices, FRACTIONS[len(prices)], strict=True)
    return CandidatePlan(
        setup=setup,
        side=view.side,
        level=view.level_at(zone.base),
        trigger=_trigger(view, signal),
        entry_low=edges[0],
        entry_high=edges[1],
        stop=view.turned(zone.stop),
        targets=tuple(Target(price=view.turned(price), fraction=part) for price, part in parts),
        rejects=view.close_position() >= 0.5,
        obstacle=_obstacle(view, zone.worst, prices[0]),
    )


def next_levels(view: View, zone: Zone, geometry: LevelGeometry) -> tuple[float, float]:
    """Aim at levels that pay 1R to 2R and 2R or more; where there is none, count ATR."""
    worst, risk = zone.worst, zone.risk
    ahead = [price for price, _ in view.levels if price > worst]
    first_floor, best_floor = (worst + r * risk - ROUNDING for r in (FIRST_R, BEST_R))
    by_atr = max(first_floor, worst + geometry.first_target_atr * view.atr)
    middle = worst + geometry.best_target_atr * view.atr
    first = next((price for price in ahead if first_floor <= price < best_floor), by_atr)
    limit = worst + geometry.maximum_target_atr * view.atr
    least = max(best_floor, first + APART_R * risk - ROUNDING)
    best = next((price for price in ahead if least <= price <= limit), max(middle, least))
    return first, best


def _flaw(view: View, zone: Zone, targets: Sequence[float]) -> str:
    reach = REACH_ATR * view.atr
    is_ordered = all(a < b for a, b in pairwise((zone.worst, *targets)))
    is_wide = view.atr > 0 and zone.stop < zone.near <= zone.worst
    least = min(view.turned(zone.stop), view.turned(targets[-1]))
    flaws = {
        "the average range is too small for the tick": not is_wide,
        "the targets are not in order after the entry": not is_ordered,
        "the average range is too wide for the price": least <= 0,
        "the price is already through the zone and its stop": view.last <= zone.stop,
        "the price has already left the zone behind": view.last > zone.worst + reach,
        "the price is still far from the zone": view.last < zone.near - reach,
    }
    return first_flaw(flaws)


def _trigger(view: View, signal: Signal) -> Trigger:
    return Trigger(
        kind=KINDS[signal.act][0 if view.side is Side.LONG else 1],
        price=view.turned(down_to_tick(signal.price)),
        min_relative_volume=signal.volume,
        is_met=signal.is_met,
    )


def _obstacle(view: View, worst: float, first: float) -> str:
    for price, level in view.levels:
        # on the tick, or the level that is the first target would stand before it
        if worst < up_to_tick(price) < first and confluence(level) >= OBSTACLE_CONFLUENCE:
            return "a strong level stands before the first target"
    return ""


def up_to_tick(price: float) -> float:
    """Round to a cent, below one dollar to a hundredth of a cent."""
    return _to_tick(price, math.ceil)


def down_to_tick(price: float) -> float:
    """Round to a cent, below one dollar to a hundredth of a cent."""
    return _to_tick(price, math.floor)


def _to_tick(price: float, rounding: Callable[[float], int]) -> float:
    ticks = 100 if abs(price) >= 1 else 10_000
    nearest = round(price * ticks)
    exact = math.isclose(price * ticks, nearest, rel_tol=0, abs_tol=1e-6)
    return (nearest if exact else rounding(price * ticks)) / ticks
