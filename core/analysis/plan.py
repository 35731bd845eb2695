"""The whole judgement of one symbol: every setup, graded, scored and put in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from core.analysis.bias import BiasReading
from core.analysis.setups import Candidate, Judgement, View, detect, flaw_of, judge
from core.domain.base import Frozen
from core.domain.market import MarketSnapshot
from core.domain.setups import SetupFile, setup_title
from core.domain.tactics import (
    CheckItem,
    Grade,
    Scenario,
    ScoreParts,
    Side,
    contradictions,
)

MAXIMUM_SCENARIOS = 4
TRADABLE = {Grade.A_PLUS, Grade.B}


class Plan(Frozen):
    """Scenarios that may be traded first, then by score; checklist and parts are the first's.

    do_not_play_reasons: at most one for each setup, none for a setup that may be played.
    """

    scenarios: tuple[Scenario, ...]
    checklist: tuple[CheckItem, ...]
    score_parts: ScoreParts | None
    do_not_play_reasons: tuple[str, ...]


def plan(
    snapshot: MarketSnapshot,
    bars: pd.DataFrame,
    bias: BiasReading,
    setups: Sequence[SetupFile],
) -> Plan:
    """Return what the setups make of a snapshot and the daily bars that it was taken from."""
    flaw = flaw_of(snapshot, bars)
    if flaw:
        return _plan([], [flaw])
    views = {side: View.of(snapshot, bars, side) for side in Side}
    found = {setup.setup: detect(views, setup) for setup in setups}
    judged = {
        one.key: judge(one, bias, snapshot)
        for sides in found.values()
        for one in sides.values()
        if isinstance(one, Candidate)
    }
    kept = _compatible(sorted(judged.values(), key=_order))
    against = {key: "; ".join(judgement.reasons) for key, judgement in judged.items()}
    for judgement in judged.values():
        if judgement not in kept:
            against[judgement.scenario.key] = against or 
    return _plan(kept, [line for line in lines if line])
