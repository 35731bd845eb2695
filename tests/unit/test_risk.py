"""Size is the smallest of named limits; what is missing or not allowed sizes to zero, explained."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.risk import (
    FRACTIONAL_SHARES,
    RiskPolicy,
    RungState,
    SizeDecision,
    size,
    size_option,
)
from core.domain.scenarios import Grade, Scenario, Side
from tests.unit.sizing_samples import (
    books,
    facts,
    lots,
    policies,
    policy,
    position,
    record,
    rows,
    rung,
    scenario,
    state,
    unknown,
    with_option,
)

Row = tuple[Scenario, dict[str, Any]]


def test_the_published_a_plus_plan_is_bound_by_its_notional() -> None:
    decision = size(scenario(), facts(), policy())
    assert (decision.quantity, decision.binding) == (61, "name")
    assert rung(decision, "risk") == pytest.approx(65.57, abs=0.005)
    assert rung(decision, "name") == pytest.approx(61.88, abs=0.005)


def test_the_published_b_plan_is_bound_by_risk() -> None:
    decision = size(scenario(grade=Grade.B), facts(), policy())
    assert (decision.quantity, decision.binding) == (32, "risk")


@pytest.mark.parametrize(("cap", "quantity", "binding"), [(1, 833, "risk"), (0.25, 250, "name")])
def test_fees_on_the_notional_are_reserved(cap: float, quantity: int, binding: str) -> None:
    rules = policy(slippage_usd=0, fee_fraction=0.001, notional_fraction=cap, sector_fraction=None)
    money = facts(equity=100_000, peak_equity=100_000, atr=1, atr_mean=1)
    decision = size(scenario(entry=100, stop=99), money, rules)
    assert (decision.quantity, decision.binding) == (quantity, binding)


@pytest.mark.parametrize(
    ("equity", "atr", "price", "cap", "quantity", "binding"),
    [
        (100_000, 2.35, 187.40, 0.25, 106, "atr"),
        (100_000, 2.35, 187.40, 0.15, 80, "name"),
        (25_000, 0.08, 4.12, 0.20, 781, "atr"),
        (100_000, 312.5, 4_200, 0.20, 0, "atr"),
        (1_000, 6, 500, 0.20, 0, "name"),
    ],
)
def test_the_published_atr_sizes(
    equity: float, atr: float, price: float, cap: float, quantity: int, binding: str
) -> None:
    rules = policy(risk_fraction=0.005, notional_fraction=cap, atr_multiple=2, slippage_usd=0)
    money = facts(equity=equity, peak_equity=equity, atr=atr, atr_mean=atr)
    decision = size(scenario(entry=price, stop=price - atr), money, rules)
    assert (decision.quantity, decision.binding) == (quantity, binding)


@pytest.mark.parametrize(
    ("target", "volatility", "price", "quantity"),
    [(0.10, 0.32, 187.4, 166), (0.10, 0.06, 187.4, 533), (0.15, 0.6, 50, 500)],
)
def test_the_published_volatility_targets(
    target: float, volatility: float, price: float, quantity: int
) -> None:
    rules = policy(volatility_target=target, notional_fraction=1, risk_fraction=0.05)
    atr = price / 1000
    money = facts(equity=100_000, peak_equity=100_000, volatility=volatility, atr=atr, atr_mean=atr)
    decision = size(scenario(entry=price, stop=price - atr), money, rules)
    assert math.floor(rung(decision, "volatility_target")) == quantity


@pytest.mark.parametrize(
    ("share_of_peak", "part"), [(1, 1), (0.96, 1), (0.92, 0.7), (0.9, 0.5), (0.85, 0), (0.8, 0)]
)
def test_less_is_risked_below_the_peak(share_of_peak: float, part: float) -> None:
    decision = size(scenario(), facts(peak_equity=25_000 / share_of_peak), policy())
    most = rung(decision, "drawdown") / rung(decision, "risk")
    assert most == pytest.approx(part, abs=1e-12)


def test_no_limit_hides_the_others() -> None:
    decision = size(scenario(), facts(), RiskPolicy(version="test"))
    assert [limit.name for limit in decision.ladder] == [
        "risk", "drawdown", "atr", "volatility_target", "kelly", "name", "sector", "gross", "net",
        "heat", "buying_power", "volume", "operator_cap",
    ]  # fmt: skip
    assert all(limit.detail for limit in decision.ladder)


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


MISSING = ("atr", "atr_mean", "volatility", "average_volume", "record", "equity", "peak_equity",
           "buying_power", "positions")  # fmt: skip


@pytest.mark.parametrize("name", MISSING)
def test_a_missing_input_sizes_to_zero_by_its_name(name: str) -> None:
    decision = size(scenario(), facts(**{name: None}), RiskPolicy(version="test"))
    assert (decision.quantity, decision.reason_if_zero) == (0, f"missing input: {name}")
    assert RungState.MISSING in {limit.state for limit in decision.ladder}


def test_what_is_missing_is_named_before_what_is_used_up() -> None:
    decision = size(scenario(), facts(buying_power=-5, average_volume=None), policy())
    assert decision.reason_if_zero == "missing input: average_volume"


@pytest.mark.parametrize("name", ["volatility", "average_volume", "record"])
def test_nothing_is_asked_for_a_limit_that_is_switched_off(name: str) -> None:
    rules = policy(volume_fraction=None)
    decision = size(scenario(), facts(**{name: None}), rules)
    assert decision.quantity == 61
    assert state(decision, "kelly") == state(decision, "volume") == RungState.OFF


@pytest.mark.parametrize(
    ("plan", "changes", "reason"),
    [
        ({}, {"trades_today": 2}, "2 of 2 trades are already placed today"),
        ({}, {"session_is_over": True}, "the session of this plan is over"),
        ({}, {"atr": 0}, "the average true range is not above zero"),
        ({"stop": 94}, {}, "the stop is 3.50 ATR away, allowed is 0.3 to 3"),
        ({"stop": 100.5}, {}, "the stop is 0.25 ATR away, allowed is 0.3 to 3"),
        ({"rewards": (0.9, 3)}, {}, "the first target pays 0.90R, at least 1R is asked"),
        ({"rewards": (1, 1.9)}, {}, "the best target pays 1.90R, at least 2R is asked"),
        ({"grade": Grade.C}, {}, "grade C is not traded"),
        ({"grade": Grade.DNP}, {}, "grade DNP is not traded"),
        ({}, {"buying_power": 50}, "buying_power allows less than one share"),
        ({}, {"buying_power": -50}, "buying_power allows less than one share"),
        ({}, {"peak_equity": 30_000}, "drawdown allows less than one share"),
        ({}, {"average_volume": 90}, "volume allows less than one share"),
        ({}, {"equity": 0}, "the equity is not above zero"),
        ({}, {"equity": -5}, "the equity is not above zero"),
        ({}, {"equity": float("nan")}, "the equity is not above zero"),
        ({}, {"buying_power": float("nan")}, "the buying power is not a number"),
    ],
)
def test_a_refusal_says_why(plan: Any, changes: dict[str, Any], reason: str) -> None:
    decision = size(scenario(**plan), facts(**changes), policy())
    assert (decision.quantity, decision.reason_if_zero) == (0, reason)


@pytest.mark.parametrize(
    ("held", "name", "room"),
    [
        (position("ACME", 5_000), "name", 1_250),
        (position("AAA", 10_000), "sector", 2_500),
        (position("ZZZ", 10_000), "sector", 12_500),
        (position("ZZZ", 20_000), "gross", 5_000),
        (position("ZZZ", 20_000, side=Side.SHORT), "gross", 5_000),
        (position("ZZZ", 5_000), "net", 7_500),
        (position("ZZZ", 5_000, side=Side.SHORT), "net", 17_500),
        (position("ACME", 9_000), "name", 0),
    ],
)
def test_what_is_held_leaves_less_room(held: Any, name: str, room: float) -> None:
    rules = policy(sectors={"ACME": "tech", "AAA": "tech"}, net_fraction=0.5)
    decision = size(scenario(), facts(positions=(held,)), rules)
    assert rung(decision, name) == pytest.approx(room / 101)


def test_a_symbol_without_a_sector_is_one_of_its_own() -> None:
    held = (position("AAA", 10_000), position("ACME", 1_000))
    decision = size(scenario(), facts(positions=held), policy())
    assert rung(decision, "sector") == pytest.approx(11_500 / 101)


@pytest.mark.parametrize(
    ("correlation", "side", "room"),
    [(1, Side.LONG, 50), (0, Side.LONG, 269.26), (-1, Side.LONG, 269.26), (1, Side.SHORT, 269.26)],
)
def test_open_risk_counts_as_far_as_it_moves_along(
    correlation: float, side: Side, room: float
) -> None:
    held = (position("AAA", 1_000, risk=700, side=side),)
    known = {("AAA", "ACME"): correlation}
    decision = size(scenario(), facts(positions=held, correlations=known), policy())
    assert rung(decision, "heat") * 3.05 == pytest.approx(room, abs=0.01)


@pytest.mark.parametrize(
    ("held", "reason"),
    [
        (position("AAA", 1_000, risk=700), "missing input: correlation of AAA and ACME"),
        (position("AAA", 1_000, risk=None), "missing input: the stop of AAA"),
    ],
)
def test_open_risk_that_nobody_knows_allows_nothing(held: Any, reason: str) -> None:
    decision = size(scenario(), facts(positions=(held,)), policy())
    assert (decision.quantity, decision.reason_if_zero) == (0, reason)


def test_a_position_that_cannot_lose_needs_no_correlation() -> None:
    decision = size(scenario(), facts(positions=(position("AAA", 1_000, risk=0),)), policy())
    assert rung(decision, "heat") == pytest.approx(750 / 3.05)


def test_an_order_leaves_less_to_the_next_plan() -> None:
    book = facts(buying_power=8_000).book.plus(position("ACME", 6_161, risk=183))
    decision = size(scenario(), facts(**dict(book)), policy())
    assert book.buying_power == 1_839
    assert rung(decision, "name") == pytest.approx(89 / 101)
    assert rung(decision, "heat") == pytest.approx((750 - 183) / 3.05)


def test_a_short_record_does_not_bind() -> None:
    decision = size(scenario(), facts(record=record(9, 10)), policy(kelly_share=0.25))
    told = next(limit for limit in decision.ladder if limit.name == "kelly")
    assert told.state is RungState.NOT_ENOUGH_RESULTS
    assert (told.quantity, told.detail) == (None, "19 of 20 results")
    assert decision.quantity == 61


@pytest.mark.parametrize(
    ("results", "fraction"),
    [
        (record(8, 12, payoff=3), 0.02),  # 0.25 x half of 0.2: the cap binds
        (record(8, 12, payoff=1.6), 0.25 * 0.5 * (0.4 - 0.6 / 1.6)),
        (record(80, 120, payoff=1.6), 0.25 * (200 / 220) * (0.4 - 0.6 / 1.6)),
        (record(5, 15, payoff=3), 0),
        (record(0, 30), 0),
        (record(30, 0), 0.02),
    ],
)
def test_kelly_risks_less_on_a_shorter_record(results: Any, fraction: float) -> None:
    decision = size(scenario(), facts(record=results), policy(kelly_share=0.25))
    assert rung(decision, "kelly") == pytest.approx(25_000 * fraction / 3.05, abs=1e-9)


@pytest.mark.parametrize(
    ("caps", "most"),
    [
        ({"maximum_order_usd": 505}, 5),
        ({"maximum_order_shares": 7}, 7),
        ({"maximum_order_usd": 505, "maximum_order_shares": 3}, 3),
    ],
)
def test_the_operator_caps_each_order(caps: dict[str, float], most: int) -> None:
    decision = size(scenario(), facts(), policy(**caps))
    assert (decision.quantity, decision.binding) == (most, "operator_cap")


def test_a_broker_of_fractions_gets_a_fraction() -> None:
    decision = size(scenario(), facts(lot=FRACTIONAL_SHARES), policy())
    assert decision.quantity == Decimal("61.881188")
    small = size(scenario(), facts(lot=FRACTIONAL_SHARES, buying_power=50.5), policy())
    assert small.quantity == Decimal("0.5")


def test_an_option_may_lose_its_premium_and_no_more() -> None:
    decision = size_option(with_option(scenario(), 0.50), facts(), policy())
    assert (decision.quantity, decision.unit, decision.binding) == (4, "contract", "risk")
    assert (decision.risk_usd, decision.notional_usd) == (200.0, 200.0)
    assert state(decision, "volume") is RungState.DOES_NOT_APPLY


def test_the_published_option_is_too_dear_for_its_budget() -> None:
    money = facts(equity=1_000, peak_equity=1_000, atr_mean=2)
    decision = size_option(with_option(scenario(), 0.34), money, policy())
    assert rung(decision, "risk") == pytest.approx(10 / 34)
    assert (decision.quantity, decision.reason_if_zero) == (0, "risk allows less than one contract")


def test_an_option_is_capped_by_its_plan() -> None:
    decision = size_option(with_option(scenario(), 0.05, contracts=3), facts(), policy())
    assert (decision.quantity, decision.binding) == (3, "plan")


def test_a_plan_without_an_option_has_no_contracts() -> None:
    assert size_option(scenario(), facts(), policy()).reason_if_zero == "the plan has no option"


def test_decisions_of_earlier_versions_can_be_read() -> None:
    stored = (
        '{"quantity":61,"binding":"notional","risk_usd":183.0,"notional_usd":6161.0,'
        '"policy_version":"2026-11-24","ladder":[{"name":"risk","quantity":65.57,"detail":"x"}],'
        '"reason_if_zero":""}'
    )
    decision = SizeDecision.model_validate_json(stored)
    assert (decision.quantity, decision.unit) == (Decimal(61), "share")
    assert decision.ladder[0].state is RungState.LIMITS


def test_a_decision_survives_its_json() -> None:
    decision = size(scenario(), facts(record=record(1, 1)), RiskPolicy(version="test"))
    assert SizeDecision.model_validate_json(decision.model_dump_json()) == decision


@pytest.mark.parametrize(("atr", "factor"), [(1, 1.25), (1.6, 1), (2, 0.8), (10, 0.5)])
def test_the_volatility_factor_is_bounded(atr: float, factor: float) -> None:
    assert policy().volatility_factor(atr, 1.6) == pytest.approx(factor)


@given(rows(), books(), policies(), lots)
def test_no_size_exceeds_any_limit(row: Row, book: Any, rules: RiskPolicy, lot: Decimal) -> None:
    plan, own = row
    decision = size(plan, facts(**book, **own, lot=lot), rules)
    quantity, slack = float(decision.quantity), 1 + 1e-9
    for limit in decision.ladder:
        assert limit.quantity is None or 0 <= limit.quantity < math.inf
        assert limit.quantity is None or quantity <= limit.quantity * slack + 1e-9 * float(lot)
    power = max(0.0, book["buying_power"])
    cost = quantity * plan.worst_entry * (1 + rules.fee_fraction)
    assert cost <= power * slack + 1e-9 * plan.worst_entry
    assert decision.quantity % lot == 0
    assert (decision.quantity == 0) == bool(decision.reason_if_zero)


@given(rows(), books(), policies(), st.floats(1, 3))
def test_more_equity_never_means_a_smaller_size(
    row: Row, book: Any, rules: RiskPolicy, times: float
) -> None:
    plan, own = row
    poor = size(plan, facts(**book, **own), rules)
    rich = size(plan, facts(**book | {"equity": book["equity"] * times}, **own), rules)
    assert rich.quantity >= poor.quantity


@given(
    rows(), books(), st.sampled_from([name for name in MISSING if name != "buying_power"]), unknown
)
def test_nothing_is_sized_on_what_is_missing_or_impossible(
    row: Row, book: Any, name: str, value: float | None
) -> None:
    plan, own = row
    value = None if name in {"record", "positions"} else value
    decision = size(plan, facts(**(book | own | {name: value})), RiskPolicy(version="test"))
    assert decision.quantity == 0
    assert decision.reason_if_zero


@given(rows(), books(), st.floats(0.01, 20), st.integers(1, 100))
def test_no_option_loses_more_than_the_risk_allows(
    row: Row, book: Any, premium: float, contracts: int
) -> None:
    plan, own = row
    option = with_option(plan, premium, contracts)
    decision = size_option(option, facts(**book, **own), policy())
    assert decision.quantity <= contracts
    assert decision.risk_usd <= book["equity"] * 0.01 * 1.25 + 0.01
