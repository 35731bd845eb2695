"""The whole judgement of one symbol: every setup, graded, scored and put in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from core.analysis.bias import BiasReading
from core.analysis.setups import CandidatePlan, Judgement, View, detect, flaw_of, judge
from core.domain.market import MarketSnapshot
from core.domain.scenarios import Grade, Scenario, Side, contradictions
from core.domain.setups import SetupFile, SetupName, setup_title

MAXIMUM_SCENARIOS = 4
TRADABLE = {Grade.A_PLUS, Grade.B}


@dataclass(frozen=True)
class Plan:
    """Judged scenarios: those that may be traded first, then by score.

    do_not_play_reasons: one for each setup that has no plan that may be traded.
    """

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
    """Return what the setups make of a snapshot and the daily bars that it was taken from."""
    flaw = flaw_of(snapshot, bars)
    if flaw:
        return Plan((), (flaw,))
    views = {side: View.of(snapshot, bars, side) for side in Side}
    found = {setup.setup: detect(views, setup) for setup in setups}
    judged = {
        one.key: judge(one, bias, snapshot)
        for sides in found.values()
        for one in sides.values()
        if isinstance(one, CandidatePlan)
    }
    kept = _compatible(sorted(judged.values(), key=_order))
    played = {judgement.scenario.setup for judgement in kept if not judgement.reasons}
    idle = {setup: sides for setup, sides in found.items() if setup not in played}
    reasons = tuple(_reason(setup, sides, judged) for setup, sides in idle.items())
    return Plan(tuple(kept[:MAXIMUM_SCENARIOS]), reasons)


def _compatible(judged: Iterable[Judgement]) -> list[Judgement]:
    """Leave out what contradicts a better plan."""
    kept: list[Judgement] = []
    for judgement in judged:
        if not contradictions([*(one.scenario for one in kept), judgement.scenario]):
            kept.append(judgement)
    return kept


def _reason(
    setup: SetupName, sides: Mapping[Side, CandidatePlan | str], judged: Mapping[str, Judgement]
) -> str:
    """Return why a setup is not played, by side where the sides differ."""
    told = {
        side: one if isinstance(one, str) else _against(judged[one.key])
        for side, one in sides.items()
    }
    texts = {side: text for side, text in told.items() if text}
    title = setup_title(setup, next(iter(sides)))
    if len(set(texts.values())) == 1:
        return f"{title}: {next(iter(texts.values()))}"
    return f"{title}: " + "; ".join(f"{text} ({side})" for side, text in texts.items())


def _against(judgement: Judgement) -> str:
    return ", ".join(judgement.reasons) or "it contradicts a better plan"


def _order(judgement: Judgement) -> tuple[bool, float, str]:
    scenario = judgement.scenario
    return scenario.grade not in TRADABLE, -scenario.score, scenario.key
