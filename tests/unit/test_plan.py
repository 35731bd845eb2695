"""The judgement of a symbol: the best plan first, and why the others are not played."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml

from core.analysis.bias import judge_bias
from core.analysis.grounding import ungrounded
from core.analysis.indicators import read_indicators, read_regime
from core.analysis.levels import find_levels
from core.analysis.plan import Plan, plan
from core.domain.content import Fact
from core.domain.market import MarketSnapshot
from core.domain.setups import SetupFile
from core.domain.tactics import Grade
from tests.unit.markets import closed_form_bars, snapshot

FOLDER = Path(__file__).parents[2] / "data" / "tactics"
SETUPS = tuple(
    SetupFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    for path in sorted(FOLDER.glob("*.yaml"))
)
TRADABLE = {Grade.A_PLUS, Grade.B}


def market(count: int) -> tuple[MarketSnapshot, pd.DataFrame]:
    bars = closed_form_bars(count)
    # a volume that now and then is high enough for a breakout
    bars["volume"] = 1e6 * (1 + bars.index % 3)
    read, last = read_indicators(bars), float(bars["close"].iloc[-1])
    taken = snapshot(
        last=last, indicators=read, levels=find_levels(bars, read, last),
        regime=read_regime(read),
    )  # fmt: skip
    return taken, bars


PLANNED = {count: market(count) for count in range(220, 301, 2)}


def planned(count: int) -> Plan:
    taken, bars = PLANNED[count]
    return plan(taken, bars, judge_bias(taken), SETUPS)


PLANS = {count: planned(count) for count in PLANNED}


def test_some_moments_have_a_plan_and_some_have_none() -> None:
    tradable = [made for made in PLANS.values() if any(s.grade in TRADABLE for s in made.scenarios)]
    assert 0 < len(tradable) < len(PLANS)


@pytest.mark.parametrize("count", PLANS)
def test_what_may_be_traded_comes_first_then_the_score(count: int) -> None:
    scenarios = PLANS[count].scenarios
    order = [(scenario.grade not in TRADABLE, -scenario.score) for scenario in scenarios]
    assert order == sorted(order)
    assert len(scenarios) <= 4


@pytest.mark.parametrize("count", PLANS)
def test_a_plan_has_checklist_and_parts_or_reasons(count: int) -> None:
    made = PLANS[count]
    assert len(made.checklist) == (6 if made.scenarios else 0)
    assert (made.score_parts is None) == (not made.scenarios)
    if not any(scenario.grade in TRADABLE for scenario in made.scenarios):
        assert made.do_not_play_reasons


@pytest.mark.parametrize("count", PLANS)
def test_reasons_and_evidence_state_no_number_of_their_own(count: int) -> None:
    taken, made = PLANNED[count][0], PLANS[count]
    facts = [
        Fact(fact_id=f"histogram.{place}", value=value, unit="index")
        for place, value in enumerate(taken.indicators.macd_histogram)
    ]
    evidence = [item.evidence for item in made.checklist]
    allowed = ["LEAD6"]
    assert ungrounded(" ".join([*evidence, *made.do_not_play_reasons]), facts, allowed) == []


def test_the_time_limit_is_the_files() -> None:
    changed = [setup.model_copy(update={"timebox_sessions": 3}) for setup in SETUPS]
    taken, bars = next(PLANNED[count] for count, made in PLANS.items() if made.scenarios)
    made = plan(taken, bars, judge_bias(taken), changed)
    assert {scenario.timebox_sessions for scenario in made.scenarios} == {3}


def test_without_setups_there_is_nothing_to_play() -> None:
    taken, bars = PLANNED[300]
    assert plan(taken, bars, judge_bias(taken), ()).scenarios == ()
