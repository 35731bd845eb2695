"""Opening range breakout: a price beyond the range of the session's first five minutes."""

from __future__ import annotations

from core.analysis.setups.breaks import at_edge
from core.analysis.setups.candidate import NO_SESSION, CandidatePlan, View, volume_flaw
from core.domain.setups import OpeningRangeParameters


def find(view: View, parameters: OpeningRangeParameters) -> CandidatePlan | str:
    """Return the plan at the edge of the opening range, or why there is none."""
    if view.snapshot.session_open is None:
        return NO_SESSION
    opening = view.opening_range()
    if opening is None:
        return "the opening range is not known"
    low, high = opening
    if high - low > parameters.maximum_range_atr * view.atr:
        return "the opening range is too wide"
    # an opening without volume is none to wait for
    flaw = volume_flaw(view.snapshot, parameters.minimum_relative_volume)
    return flaw or at_edge(view, parameters.kind, high, "cross", parameters)
