"""Size is the smallest of named limits; what is missing or not allowed sizes to zero, explained."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.domain.risk import RiskPolicy, SizeDecision, SizeInput, size
from core.domain.scenarios import Grade, Scenario, Side, Target, Trigger


def scenario(
    entry: float = 101, stop: float = 98, grade: Grade = Grade.A_PLUS, rewards: Any = (1, 3)
) -> Scenario:
    """Return a long plan whose targets pay `rewards` in R."""
    targets = tuple(Target(price=entry + r * (entry - stop), fraction=0.5) for r in rewards)
    return Scenario(
        key="vector", setup="breakout", side=Side.LONG, grade=grade, score=0.5,
        trigger=Trigger(kind="hold_above", price=stop), entry_low=(entry + stop) / 2,
        entry_high=entry, stop=stop, targets=targets, timebox_sessions=5, invalidation="below",
    )  # fmt: skip


def policy(**changes: Any) -> RiskPolicy:
    fields = {"version": "test", "slippage_usd": 0.05, "fee_fraction": 0.0}
    return RiskPolicy.model_validate(fields | changes)


def facts(**changes: Any) -> SizeInput:
    fields = {"equity": 25_000, "buying_power": 1e6, "open_risk": 0, "trades_today": 0, "atr": 2,
              "atr_mean": 1.6}  # fmt: skip
    return SizeInput.model_validate(fields | changes)


def rung(decision: SizeDecision, name: str) -> float:
    return next(limit.quantity for limit in decision.ladder if limit.name == name)


def test_the_published_a_plus_plan_is_bound_by_notional() -> None:
    decision = size(scenario(), facts(), policy())
    assert (decision.quantity, decision.binding) == (61, "notional")
    assert rung(decision, "risk") == pytest.approx(65.57, abs=0.005)
    assert rung(decision, "notional") == pytest.approx(61.88, abs=0.005)


def test_the_published_b_plan_is_bound_by_risk() -> None:
    decision = size(scenario(grade=Grade.B), facts(), policy())
    assert (decision.quantity, decision.binding) == (32, "risk")


@pytest.mark.parametrize(
    ("cap", "quantity", "binding"), [(1, 833, "risk"), (0.25, 250, "notional")]
)
def test_fees_on_the_notional_are_reserved(cap: float, quantity: int, binding: str) -> None:
    rules = policy(slippage_usd=0, fee_fraction=0.001, notional_fraction=cap)
    money = facts(equity=100_000, atr=1, atr_mean=1)
    decision = size(scenario(entry=100, stop=99), money, rules)
    assert (decision.quantity, decision.binding) == (quantity, binding)


def test_the_result_says_what_is_at_risk() -> None:
    decision = size(scenario(grade=Grade.B), facts(), policy())
    assert (decision.risk_usd, decision.notional_usd) == (96.0, 3232.0)
    assert (decision.policy_version, decision.risk_fraction) == ("test", 0.01)


def test_a_refused_size_says_by_which_policy() -> None:
    decision = size(scenario(grade=Grade.DNP), facts(), policy(risk_fraction=0.02))
    assert (decision.quantity, decision.risk_fraction) == (0, 0.02)
    assert (decision.policy_version, decision.reason_if_zero) == ("test", "grade DNP is not traded")


def test_a_size_of_an_earlier_version_keeps_its_content() -> None:
    old = size(scenario(), facts(), policy()).model_dump(mode="json", exclude={"risk_fraction"})
    assert SizeDecision.model_validate(old).model_dump(mode="json") == old


@pytest.mark.parametrize("name", ["equity", "buying_power", "open_risk", "atr", "atr_mean"])
def test_a_missing_input_sizes_to_zero_by_its_name(name: str) -> None:
    decision = size(scenario(), facts(**{name: None}), policy())
    assert (decision.quantity, decision.reason_if_zero) == (0, f"missing input: {name}")


@pytest.mark.parametrize(
    ("plan", "changes", "reason"),
    [
        ({}, {"trades_today": 2}, "2 of 2 trades are already placed today"),
        ({}, {"session_is_over": True}, "the session of this plan is over"),
        ({}, {"atr": 0}, "the average true range is zero"),
        ({"stop": 94}, {}, "the stop is 3.50 ATR away, allowed is 0.3 to 3"),
        ({"stop": 100.5}, {}, "the stop is 0.25 ATR away, allowed is 0.3 to 3"),
        ({"rewards": (0.9, 3)}, {}, "the first target pays 0.90R, at least 1R is asked"),
        ({"rewards": (1, 1.9)}, {}, "the best target pays 1.90R, at least 2R is asked"),
        ({"grade": Grade.C}, {}, "grade C is not traded"),
        ({"grade": Grade.DNP}, {}, "grade DNP is not traded"),
        ({}, {"buying_power": 50}, "buying_power allows less than one share"),
        ({}, {"open_risk": 750}, "heat allows less than one share"),
        ({}, {"equity": 0}, "the equity is not above zero"),
        ({}, {"equity": -5}, "the equity is not above zero"),
        ({}, {"equity": float("nan")}, "the equity is not above zero"),
    ],
)
def test_a_refusal_says_why(plan: Any, changes: dict[str, Any], reason: str) -> None:
    decision = size(scenario(**plan), facts(**changes), policy())
    assert (decision.quantity, decision.reason_if_zero) == (0, reason)


def test_open_risk_leaves_less_room() -> None:
    decision = size(scenario(), facts(open_risk=700), policy())
    assert (decision.quantity, decision.binding) == (16, "heat")


@pytest.mark.parametrize(("atr", "factor"), [(1, 1.25), (1.6, 1), (2, 0.8), (10, 0.5)])
def test_the_volatility_factor_is_bounded(atr: float, factor: float) -> None:
    assert policy().volatility_factor(atr, 1.6) == pytest.approx(factor)


@pytest.mark.parametrize("fraction", [0, 1.01, 100])
def test_a_risk_fraction_is_no_percentage(fraction: float) -> None:
    with pytest.raises(ValidationError):
        policy(risk_fraction=fraction)


@given(
    st.floats(100, 1e6), st.floats(0, 1e6), st.floats(0, 1e4), st.sampled_from(list(Grade)),
    st.floats(1, 500), st.floats(0.01, 0.2),
)  # fmt: skip
def test_no_size_exceeds_any_limit(
    equity: float, power: float, heat: float, grade: Grade, entry: float, distance: float
) -> None:
    plan = scenario(entry=entry, stop=entry * (1 - distance), grade=grade)
    money = facts(equity=equity, buying_power=power, open_risk=heat, atr=entry * distance)
    decision = size(plan, money, policy())
    worst_loss = decision.quantity * (entry * distance + 0.05)
    assert worst_loss <= equity * 0.01 * 1.25 + 1e-6
    assert worst_loss <= max(0, equity * 0.03 - heat) + 1e-6
    assert decision.quantity * entry <= min(equity * 0.25, power) + 1e-6
    assert (decision.quantity == 0) == bool(decision.reason_if_zero)
