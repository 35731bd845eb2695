"""Breakout and breakdown: a close beyond the range of the sessions before, with volume."""

from __future__ import annotations

from typing import Literal

from core.analysis.setups.breaks import at_edge
from core.analysis.setups.candidate import CandidatePlan, View
from core.domain.setups import BreakoutParameters


def find(view: View, parameters: BreakoutParameters) -> CandidatePlan | str:
    """Return the plan at the edge of the range, or why there is none."""
    fresh, lookback = parameters.fresh_sessions, parameters.lookback_sessions
    if len(view.high) < lookback + fresh:
        return "there are too few bars for a range"
    edge = float(view.high[-lookback - fresh : -fresh].max())
    act: Literal["cross", "hold"] = "cross" if view.close[-2] <= edge else "hold"
    return at_edge(view, parameters.kind, edge, act, parameters)
