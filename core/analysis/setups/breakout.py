"""Breakout and breakdown: a close beyond the range of the sessions before, with volume."""

from __future__ import annotations

from typing import Literal

import pandas as pd

from core.analysis.setups.candidate import Candidate, View
from core.analysis.setups.geometry import build
from core.domain.market import MarketSnapshot
from core.domain.setups import BreakoutParameters
from core.domain.tactics import Side


def detect(
    snapshot: MarketSnapshot, bars: pd.DataFrame, parameters: BreakoutParameters
) -> list[Candidate]:
    """Return the breakout above and the breakdown below, as far as present."""
    if snapshot.indicators.relative_volume < parameters.minimum_relative_volume:
        return []
    found = (_detect(View.of(snapshot, bars, side), parameters) for side in Side)
    return [candidate for candidate in found if candidate]


def _detect(view: View, parameters: BreakoutParameters) -> Candidate | None:
    fresh, lookback = parameters.fresh_sessions, parameters.lookback_sessions
    if len(view.high) < lookback + fresh:
        return None
    edge = float(view.high[-lookback - fresh : -fresh].max())
    if not 0 < view.last - edge <= parameters.maximum_extension_atr * view.atr:
        return None
    act: Literal["cross", "hold"] = "cross" if view.close[-2] <= edge else "hold"
    return build(view, "breakout", edge, act, parameters)
