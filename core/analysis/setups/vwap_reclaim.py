"""VWAP reclaim and rejection: a price just over the session's VWAP, with volume."""

from __future__ import annotations

from core.analysis.setups.candidate import NO_SESSION, Candidate, View, relative_volume
from core.analysis.setups.geometry import Zone, build, trigger
from core.domain.setups import VwapParameters


def find(view: View, parameters: VwapParameters) -> Candidate | str:
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
    rule = trigger(view, "reclaim", base, parameters.minimum_relative_volume)
    return build(view, parameters.kind, zone, targets, rule)


def _flaw(view: View, base: float, parameters: VwapParameters) -> str:
    distance = (view.last - base) / view.snapshot.last
    if distance <= 0:
        return "the price is on the other side of VWAP"
    if distance > parameters.maximum_distance_fraction:
        return "the price has run too far from VWAP"
    volume = relative_volume(view.snapshot)
    if volume is None:
        return "the volume of the session cannot be compared"
    return "" if volume >= parameters.minimum_relative_volume else "the session lacks volume"
