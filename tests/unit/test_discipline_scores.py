"""What overriding has cost is grouped, scored, and leads to a level that gets in the way."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.analysis.discipline.changes import is_person, limits_raised, plans_edited
from core.analysis.discipline.levels import BLOCKED, friction, level_of
from core.analysis.discipline.record import between
from core.analysis.discipline.scores import (
    adherence,
    cost_group,
    costs,
    days_within_limits,
    discipline_score,
)
from core.domain.discipline import Comparison, DisciplinePolicy, Level, LevelLimit
from core.domain.lifecycle import TacticEventKind
from core.domain.overrides import (
    BookTrade,
    CostSplit,
    Emotion,
    Override,
    OverrideNote,
)
from core.domain.overrides import (
    OverrideKind as Kind,
)
from core.domain.risk import GuardLimits, PolicyVersion, RiskPolicy
from core.domain.scenarios import Side
from tests.storage import samples as stored
from tests.unit.discipline_samples import POLICY, SESSION, at

UNIT = Decimal(300)


def override(
    number: int, r: float | None = 1.0, kind: Kind = Kind.OVERSIZE, **more: Any
) -> Override:
    share = None if r is None else CostSplit(size=Decimal(str(r)) * UNIT)
    fields: dict[str, Any] = {
        "kind": kind, "case_id": f"plan:{number}:1", "account": "paper", "occurred_at": at(number),
        "session_date": SESSION, "planned_r_usd": UNIT, "share": share,
    }  # fmt: skip
    return Override.model_validate(fields | more)


def comparison(number: int, *overrides: Override, **changes: Any) -> Comparison:
    book = BookTrade(side=Side.LONG, quantity=Decimal(1), exit_value=Decimal(30))
    cost = sum((one.cost_usd or Decimal(0) for one in overrides), Decimal(0))
    fields: dict[str, Any] = {
        "case_id": f"plan:{number}:1", "account": "paper", "session_date": SESSION,
        "symbol": "ACME", "ended_at": at(number), "system": book,
        "actual": book.model_copy(update={"exit_value": book.exit_value - cost}),
        "split": CostSplit(size=cost), "planned_r_usd": UNIT, "system_r": 0.1,
        "actual_r": 0.1 - float(cost / UNIT), "label": "real",
        "override_ids": tuple(one.override_id for one in overrides),
    }  # fmt: skip
    return Comparison.model_validate(fields | changes)


# costs


def test_a_group_tells_its_sum_its_mean_and_how_far_to_believe_it() -> None:
    group = cost_group("oversize", [override(n, r) for n, r in enumerate([1, 2, -0.5, 0.5, 2])], 5)
    assert (group.count, group.cost_r, group.mean_r, group.enough) == (5, 5, 1, True)
    assert group.mean_low is not None
    assert group.mean_high is not None
    assert -0.5 < group.mean_low < 1 < group.mean_high < 2
    assert not cost_group("oversize", [override(1)], 5).enough


def test_an_override_without_a_known_r_counts_in_dollars_alone() -> None:
    group = cost_group("x", [override(1, planned_r_usd=None), override(2)], 5)
    assert (group.count, group.measured, group.cost_r, group.cost_usd) == (2, 1, 1, 600)


def test_costs_are_told_by_kind_hour_weekday_mood_and_the_result_before() -> None:
    first = override(1, 2.0, follows="loss")
    second = override(2, -0.5, Kind.EARLY_ENTRY, follows="win")
    third = override(3, 1.0, has_time=False)
    note = OverrideNote(
        override_id=first.override_id, noted_at=at(9), actor="me", reason="lost my head",
        emotion=Emotion.REVENGE,
    )  # fmt: skip
    found = costs([first, second, third], {first.override_id: note}, enough=2)
    told = {name: {one.name: one.cost_r for one in groups} for name, groups in found.items()}
    assert told == {
        "kind": {"oversize": 3, "early_entry": -0.5},
        "hour": {"09:00": 1.5},
        "weekday": {"Monday": 2.5},
        "emotion": {"revenge": 2, "not said": 0.5},
        "follows": {"after a loss": 2, "neither": 1, "after a win": -0.5},
    }


def test_the_sums_leave_nothing_of_the_difference_out() -> None:
    wrong = override(1, 0.05)
    ended = [comparison(1, wrong), comparison(2)]
    sums = between(ended, [wrong])
    assert sums.system_usd - sums.actual_usd == sums.overrides_usd + sums.execution_usd
    assert (sums.count, sums.overrides_usd, sums.execution_usd) == (2, 15, 0)


# adherence and score


def test_adherence_counts_the_last_days_alone() -> None:
    old = comparison(3, override(3), session_date=SESSION - timedelta(days=8))
    known = [comparison(1), comparison(2, override(2)), old]
    week, month = adherence(known, SESSION, 7), adherence(known, SESSION, 30)
    assert (week.followed, week.count, week.fraction) == (1, 2, 0.5)
    assert (month.followed, month.count) == (1, 3)
    assert adherence([], SESSION, 7).fraction is None


def test_an_override_that_paid_lowers_the_score_as_one_that_lost() -> None:
    lost, paid = override(1, 2.0, Kind.EARLY_EXIT), override(1, -2.0, Kind.EARLY_EXIT)
    scores = [
        discipline_score([comparison(1, one), comparison(2)], [one], SESSION, 30)
        for one in (lost, paid)
    ]
    assert scores == [75, 75]
    assert discipline_score([comparison(1), comparison(2)], [], SESSION, 30) == 100
    assert paid.cost_r == -2


@given(st.lists(st.lists(st.sampled_from(list(Kind)), max_size=3), min_size=1, max_size=6))
def test_one_more_override_never_raises_the_score(cases: list[list[Kind]]) -> None:
    def score(members: list[list[Kind]]) -> float:
        told = [[override(n, 0, kind) for kind in set(kinds)] for n, kinds in enumerate(members)]
        books = [comparison(n, *one) for n, one in enumerate(told)]
        found = discipline_score(books, [one for group in told for one in group], SESSION, 30)
        assert found is not None
        return found

    before, after = score([*cases, []]), score([*cases, [Kind.LATE_EXIT]])
    assert 0 <= after < before <= 100


def test_a_limit_that_was_raised_belongs_to_no_trade_and_lowers_the_score() -> None:
    raised = override(9, None, Kind.RISK_LIMIT_RAISED, case_id="change:policy:1:2")
    assert discipline_score([comparison(1)], [raised], SESSION, 30) == 50


def test_a_day_is_within_limits_unless_one_was_broken_in_it() -> None:
    tomorrow = SESSION + timedelta(days=1)
    known = [comparison(1), comparison(2, session_date=tomorrow)]
    chased, large = override(1, 0, Kind.CHASED_ENTRY), override(2, 0, session_date=tomorrow)
    assert days_within_limits(known, [chased, large], tomorrow, 30) == (1, 2)


# levels


@pytest.mark.parametrize(
    ("costs_r", "level"),
    [
        ([], Level.OBSERVE), ([-3.0], Level.OBSERVE), ([1.0], Level.FRICTION),
        ([0.0, 0.0], Level.FRICTION), ([0.0] * 4, Level.BLOCK), ([1.5, 0.5], Level.BLOCK),
        ([3.0, -3.0, 1.0], Level.HANDS_OFF), ([0.0] * 6, Level.HANDS_OFF),
    ],
)  # fmt: skip
def test_the_level_rises_with_the_number_and_with_what_was_lost(
    costs_r: list[float], level: Level
) -> None:
    done = [override(n, r) for n, r in enumerate(costs_r)]
    assert level_of(done, SESSION, SESSION, POLICY).level is level


def test_what_is_older_than_the_window_no_longer_counts() -> None:
    old = [override(n, session_date=SESSION - timedelta(days=9)) for n in range(6)]
    state = level_of(old, SESSION - timedelta(days=6), SESSION, POLICY)
    assert (state.level, state.overrides, state.cost_r) == (Level.OBSERVE, 0, 0)


def test_the_operator_may_set_the_lowest_level() -> None:
    strict = POLICY.model_copy(update={"minimum_level": Level.BLOCK})
    assert level_of([], SESSION, SESSION, strict).level is Level.BLOCK


NONE_YET = cost_group("oversize", [], 5)


def test_friction_asks_for_a_reason_and_a_wait_and_shows_the_cost_so_far() -> None:
    so_far = cost_group("early_exit", [override(1)], 5)
    asked = friction(Kind.EARLY_EXIT, Level.FRICTION, so_far, POLICY)
    assert "at least 10 characters" in asked.refusal("because", 90)
    assert asked.refusal("it goes nowhere", 59.5) == "wait 1 s more"
    assert asked.refusal("it goes nowhere", 60) == ""
    assert asked.so_far.cost_r == 1


def test_observing_asks_for_nothing() -> None:
    asked = friction(Kind.OVERSIZE, Level.OBSERVE, NONE_YET, POLICY)
    assert (asked.needs_reason, asked.delay_seconds, asked.refusal("", 0)) == (False, 0, "")


@pytest.mark.parametrize("kind", list(Kind))
def test_block_refuses_more_risk_and_hands_off_refuses_everything(kind: Kind) -> None:
    blocked = friction(kind, Level.BLOCK, NONE_YET, POLICY)
    assert bool(blocked.refusal("a good reason", 600)) is (kind in BLOCKED)
    assert "hands off" in friction(kind, Level.HANDS_OFF, NONE_YET, POLICY).refusal("please", 600)


def test_a_higher_level_may_not_be_reached_before_a_lower_one() -> None:
    fields = POLICY.model_dump()
    fields["levels"][Level.BLOCK] = LevelLimit(overrides=1, cost_r=3)
    with pytest.raises(ValidationError, match="block may not be reached before friction"):
        DisciplinePolicy.model_validate(fields)
    del fields["levels"][Level.BLOCK]
    with pytest.raises(ValidationError, match="levels: expected friction, block, hands_off"):
        DisciplinePolicy.model_validate(fields)


# what a person changed


@pytest.mark.parametrize(
    ("actor", "is_one"),
    [
        ("me@example.org", True), ("operator", True), ("command line", True),
        ("policy:demo replay", False), ("desk", False), ("", False),
        ("daily_tactic@20230615T121500Z", False), ("trade_tactic@d81fb1eb89ec6e7a", False),
    ],
)  # fmt: skip
def test_a_run_and_a_policy_are_no_person(actor: str, is_one: bool) -> None:
    assert is_person(actor) is is_one


def test_a_plan_that_a_person_took_back_was_edited() -> None:
    told = {"subject": "plan", "reason": "no faith in it"}
    event = stored.tactic_event(
        TacticEventKind.CANCELLED, scenario_key="L1", payload=told, actor="me@example.org"
    )
    (found,) = plans_edited([event], "paper")
    assert (found.kind, found.said, found.symbol) == (Kind.PLAN_EDITED, "no faith in it", "AAPL")
    by_the_desk = event.model_copy(update={"actor": "refresh_tactic@20240105T123500Z"})
    assert plans_edited([by_the_desk], "paper") == []


def version(day: date, name: str, **limits: Any) -> PolicyVersion:
    guards = GuardLimits(trades_per_day=limits.pop("trades_per_day", 2))
    return PolicyVersion(policy=RiskPolicy(version=name, guards=guards, **limits), session_date=day)


def test_a_raised_limit_is_told_with_both_values_and_a_lowered_one_is_none() -> None:
    history = [
        version(SESSION, "1"),
        version(SESSION + timedelta(days=1), "2", risk_fraction=0.02, trades_per_day=4),
        version(SESSION + timedelta(days=2), "3", risk_fraction=0.005, trades_per_day=4),
    ]
    (found,) = limits_raised(history, "paper")
    assert found.kind is Kind.RISK_LIMIT_RAISED
    assert found.planned == {"risk_fraction": "0.01", "guards.trades_per_day": "2"}
    assert found.actual == {"risk_fraction": "0.02", "guards.trades_per_day": "4"}
    assert found.session_date == SESSION + timedelta(days=1)
