"""The setups that the desk looks for, one file each, and the drafting of their plans."""

from __future__ import annotations

import pandas as pd

from core.analysis.setups import breakout, support_bounce, trend_pullback
from core.analysis.setups.candidate import Candidate
from core.analysis.setups.drafting import Judgement, draft_scenario, judge
from core.domain.market import MarketSnapshot
from core.domain.setups import BreakoutParameters, SetupFile, SupportBounceParameters

__all__ = ["Candidate", "Judgement", "detect", "draft_scenario", "judge"]


def detect(snapshot: MarketSnapshot, bars: pd.DataFrame, setup: SetupFile) -> list[Candidate]:
    """Return what the setup's detector finds, with the file's time limit."""
    found = _find(snapshot, bars, setup)
    limit = {"timebox_sessions": setup.timebox_sessions}
    return [candidate.model_copy(update=limit) for candidate in found]


def _find(snapshot: MarketSnapshot, bars: pd.DataFrame, setup: SetupFile) -> list[Candidate]:
    parameters = setup.parameters
    if isinstance(parameters, BreakoutParameters):
        return breakout.detect(snapshot, bars, parameters)
    if isinstance(parameters, SupportBounceParameters):
        return support_bounce.detect(snapshot, bars, parameters)
    return trend_pullback.detect(snapshot, bars, parameters)
