"""What every break of an edge has in common: a price beyond it, with volume, or soon."""

from __future__ import annotations

from typing import Literal

from core.analysis.setups.candidate import CandidatePlan, View, volume_flaw
from core.analysis.setups.geometry import Signal, Zone, build, next_levels
from core.domain.setups import BreakParameters, SetupName


def at_edge(
    view: View,
    setup: SetupName,
    edge: float,
    act: Literal["cross", "hold"],
    parameters: BreakParameters,
) -> CandidatePlan | str:
    """Return the plan of a break, one that waits for it, or why there is none."""
    # a pre-market price beyond the edge is no close beyond it
    beyond = min(view.last, float(view.close[-1])) - edge
    is_met = beyond > 0
    if not is_met and -beyond > parameters.conditional_reach_atr * view.atr:
        return "the price has not left the range"
    if view.last - edge > parameters.maximum_extension_fraction * view.snapshot.last:
        return "the price has run too far from the range"
    volume = parameters.minimum_relative_volume
    flaw = volume_flaw(view.snapshot, volume) if is_met else ""
    if flaw:
        return flaw
    zone = Zone.over(view, edge, parameters)
    signal = Signal(act if is_met else "cross", edge, volume, is_met)
    return build(view, setup, zone, next_levels(view, zone, parameters), signal)
