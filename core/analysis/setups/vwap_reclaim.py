"""VWAP reclaim and rejection: a price just over the session's VWAP, with volume."""

from __future__ import annotations

from core.analysis.setups.candidate import NO_SESSION, CandidatePlan, View, first_flaw, volume_flaw
from core.analysis.setups.geometry import Signal, Zone, build
from core.domain.setups import VwapParameters


def find(view: View, parameters: VwapParameters) -> CandidatePlan | str:
    """Return the plan that rests on VWAP, or why there is none."""
    snapshot = view.snapshot
    if snapshot.session_open is None:
        return NO_SESSION
    if snapshot.vwap is None:
        return "the session has no volume yet, so it has no VWAP"
    base = view.turned(snapshot.vwap)
    flaw = _flaw(view, base, parameters)
    if flaw:
        return flaw
    zone = Zone.over(view, base, parameters)
    targets = [zone.worst + step * view.atr for step in parameters.targets_atr]
    signal = Signal("reclaim", base, parameters.minimum_relative_volume)
    return build(view, parameters.kind, zone, targets, signal)


def _flaw(view: View, base: float, parameters: VwapParameters) -> str:
    distance = (view.last - base) / view.snapshot.last
    dip = base - float(view.low[-1])
    return first_flaw(
        {
            "the price is on the other side of VWAP": distance <= 0,
            "the price has run too far from VWAP": distance > parameters.maximum_distance_fraction,
            "the price does not come back from the other side of VWAP": dip
            < parameters.minimum_dip_atr * view.atr,
        }
    ) or volume_flaw(view.snapshot, parameters.minimum_relative_volume)
