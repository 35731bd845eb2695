"""The whole judgement of one symbol: every setup, graded, scored and put in order."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from core.analysis.bias import BiasReading
from core.analysis.setups import Judgement, detect, judge
from core.domain.base import Frozen
from core.domain.market import MarketSnapshot
from core.domain.setups import SetupFile
from core.domain.tactics import CheckItem, Grade, Scenario, ScoreParts

MAXIMUM_SCENARIOS = 4
TRADABLE = {Grade.A_PLUS, Grade.B}


class Plan(Frozen):
    """Scenarios that may be traded first, then by score; checklist and parts are the first's."""

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
    """Return what the setups make of a snapshot and the daily bars that it was taken from.

    Raises: InsufficientDataError if the bars do not end where the snapshot does.
    """
    judged: list[Judgement] = []
    reasons: list[str] = []
    for setup in setups:
        found = [judge(candidate, bias, snapshot) for candidate in detect(snapshot, bars, setup)]
        judged.extend(found)
        reasons.extend(reason for judgement in found for reason in judgement.reasons)
        if not found:
            reasons.append(f"{setup.setup.replace('_', ' ')}: not present")
    judged.sort(key=_order)
    best = judged[0] if judged else None
    return Plan(
        scenarios=tuple(judgement.scenario for judgement in judged[:MAXIMUM_SCENARIOS]),
        checklist=best.checklist if best else (),
        score_parts=best.score_parts if best else None,
        do_not_play_reasons=tuple(reasons),
    )


def _order(judgement: Judgement) -> tuple[bool, float, str]:
    scenario = judgement.scenario
    return scenario.grade not in TRADABLE, -scenario.score, scenario.key
