"""Support bounce and resistance rejection: a level that was touched and held."""

from __future__ import annotations

import pandas as pd

from core.analysis.levels import confluence
from core.analysis.setups.candidate import Candidate, View
from core.analysis.setups.geometry import build
from core.domain.market import Level, LevelSource, MarketSnapshot
from core.domain.setups import SupportBounceParameters
from core.domain.tactics import Side

# made of the last bar itself, so that the bar cannot have held there
OWN_SOURCES: frozenset[LevelSource] = frozenset({"pdh", "pdl", "pivot", "r1", "s1"})


def detect(
    snapshot: MarketSnapshot, bars: pd.DataFrame, parameters: SupportBounceParameters
) -> list[Candidate]:
    """Return the bounce off support and the rejection at resistance, as far as present."""
    found = (_detect(View.of(snapshot, bars, side), parameters) for side in Side)
    return [candidate for candidate in found if candidate]


def _detect(view: View, parameters: SupportBounceParameters) -> Candidate | None:
    if view.close_position() < parameters.minimum_close_position:
        return None
    held = [
        (price, level) for price, level in view.levels() if _is_held(view, price, level, parameters)
    ]
    if not held:
        return None
    base, _ = max(held, key=lambda pair: (confluence(pair[1]), pair[0]))
    return build(view, "support_bounce", base, "hold", parameters)


def _is_held(view: View, price: float, level: Level, parameters: SupportBounceParameters) -> bool:
    if level.source in OWN_SOURCES or confluence(level) < parameters.minimum_confluence:
        return False
    recent = slice(-parameters.touch_sessions, None)
    lowest = float(view.low[recent].min())
    touched = lowest <= price + parameters.touch_atr * view.atr
    unbroken = lowest > price - parameters.stop_atr * view.atr
    closed_above = float(view.close[recent].min()) > price
    near = view.last - price <= parameters.maximum_distance_atr * view.atr
    return touched and unbroken and closed_above and near
