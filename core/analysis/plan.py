"""The whole judgement of one symbol: every setup, graded, scored and put in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from core.analysis.bias import BiasReading
from core.analysis.setups import Judgement, detect, judge
from core.domain.market import MarketSnapshot
from core.domain.setups import SetupFile
from core.domain.tactics import Grade, Scenario

MAXIMUM_SCENARIOS = 4
TRADABLE = {Grade.A_PLUS, Grade.B}


@dataclass(frozen=True)
class Plan:
    """Judged scenarios: those that may be traded first, then by score; and what speaks against."""

    judgements: tuple[Judgement, ...]
    do_not_play_reasons: tuple[str, ...]

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        return tuple(judgement.scenario for judgement in self.judgements)

    def judgement_of(self, scenario: Scenario | None) -> Judgement | None:
        """Return what the grade of one of the scenarios rests on."""
        return next((one for one in self.judgements if one.scenario == scenario), None)


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
    return Plan(tuple(judged[:MAXIMUM_SCENARIOS]), tuple(reasons))


def _order(judgement: Judgement) -> tuple[bool, float, str]:
    scenario = judgement.scenario
    return scenario.grade not in TRADABLE, -scenario.score, scenario.key
