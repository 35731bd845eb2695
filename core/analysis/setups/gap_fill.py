"""Gap fill: an open away from the last close, and a price that moves back towards it."""

from __future__ import annotations

from core.analysis.setups.candidate import NO_SESSION, OTHER_SIDE, CandidatePlan, View, first_flaw
from core.analysis.setups.geometry import BEST_R, FIRST_R, Signal, Zone, build
from core.domain.setups import GapFillParameters


def find(view: View, parameters: GapFillParameters) -> CandidatePlan | str:
    """Return the plan from the open back to the last close, or why there is none."""
    if view.snapshot.session_open is None:
        return NO_SESSION
    opened = view.turned(view.snapshot.session_open)
    filled = view.turned(view.snapshot.previous_close)
    if filled < opened:
        return OTHER_SIDE
    zone = Zone.over(view, opened, parameters)
    flaw = _flaw(view, zone, filled, parameters)
    if flaw:
        return flaw
    halfway = (opened + filled) / 2
    first = max(halfway, zone.worst + FIRST_R * zone.risk)
    return build(view, parameters.kind, zone, (first, filled), Signal("hold", opened))


def _flaw(view: View, zone: Zone, filled: float, parameters: GapFillParameters) -> str:
    gap = filled - zone.base
    flaws = {
        "the gap is too small": gap < parameters.minimum_gap_atr * view.atr,
        "the gap is too wide to be filled": gap > parameters.maximum_gap_atr * view.atr,
        "the gap is filled already": view.high[-1] >= filled,
        "the session has traded through the stop already": view.low[-1] <= zone.stop,
        "the price does not move back into the gap": view.last <= zone.base,
        "the gap does not pay for the risk": filled < zone.worst + BEST_R * zone.risk,
    }
    return first_flaw(flaws)
