"""The policy file refuses nonsense, and a limit that was raised waits for the next session."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from core.domain.risk import (
    GuardLimits,
    PolicyVersion,
    RiskPolicy,
    Stricter,
    effective_policy,
    looser_limits,
)
from core.domain.risk.versions import stricter
from core.domain.scenarios import Grade
from core.errors import NotFoundError
from core.settings import ROOT

MONDAY, TUESDAY, WEDNESDAY = date(2024, 3, 4), date(2024, 3, 5), date(2024, 3, 6)
FILE = yaml.safe_load((ROOT / "data" / "policy.yaml").read_text(encoding="utf-8"))


def policy(**changes: Any) -> RiskPolicy:
    guards = {name: changes.pop(name) for name in list(changes) if name in GuardLimits.model_fields}
    return RiskPolicy.model_validate({"version": "one", "guards": guards} | changes)


def history(*versions: tuple[date, RiskPolicy]) -> list[PolicyVersion]:
    return [PolicyVersion(session_date=day, policy=one) for day, one in versions]


def test_the_file_says_every_limit_and_its_default() -> None:
    assert set(FILE) == set(RiskPolicy.model_fields)
    assert set(FILE["guards"]) == set(GuardLimits.model_fields)
    own = {"version": FILE["version"], "sectors": FILE["sectors"]}
    assert RiskPolicy.model_validate(FILE) == RiskPolicy.model_validate(own)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("risk_fraction", 0), ("risk_fraction", 0.06), ("risk_fraction", 1.0),
        ("risk_fraction", 100), ("risk_fraction", float("nan")), ("kelly_cap", 0.2),
        ("heat_fraction", 3), ("notional_fraction", 25), ("sector_fraction", 0),
        ("gross_fraction", 1.5), ("net_fraction", float("nan")), ("volume_fraction", 1),
        ("volatility_target", 10), ("atr_multiple", -2), ("maximum_order_usd", float("inf")),
        ("maximum_order_shares", 0), ("slippage_usd", -0.01), ("fee_fraction", 0.1),
        ("minimum_first_target_r", float("nan")), ("grade_factors", {"A+": 2}),
        ("sectors", {"not a symbol": "tech"}), ("drawdown_start", 0.2), ("stop_minimum_atr", 5),
        ("volatility_factor_minimum", 2), ("max_risk_pct", 1.0), ("day_loss_fraction", 3),
        ("day_loss_fraction", -1), ("cooldown_minutes", -1), ("trades_per_day", 2.5),
    ],
)  # fmt: skip
def test_a_limit_that_nobody_can_mean_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ValidationError, match=name):
        policy(**{name: value})


def fields(model: Any) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        if name == "guards":
            yield from fields(GuardLimits)
        elif name not in {"version", "approvals"}:
            yield name, field


def test_every_limit_says_which_way_it_becomes_stricter() -> None:
    for name, field in fields(RiskPolicy):
        assert sum(isinstance(mark, Stricter) for mark in field.metadata) == 1, name


@pytest.mark.parametrize(
    ("name", "strict", "loose"),
    [
        ("risk_fraction", 0.01, 0.02),
        ("sector_fraction", 0.5, None),
        ("maximum_order_usd", 1_000, None),
        ("atr_multiple", 3, 2),
        ("atr_multiple", 2, None),
        ("slippage_usd", 0.05, 0.02),
        ("minimum_best_target_r", 3, 2),
        ("stop_minimum_atr", 0.5, 0.3),
        ("guards.day_loss_fraction", 0.02, 0.03),
        ("guards.cooldown_minutes", 30, 15),
        ("guards.trades_per_day", 1, 2),
    ],
)
def test_what_allows_more_is_looser(name: str, strict: Any, loose: Any) -> None:
    field = name.rpartition(".")[2]
    narrow, wide = policy(**{field: strict}), policy(**{field: loose})
    assert looser_limits(narrow, wide) == (name,)
    assert looser_limits(wide, narrow) == ()
    assert stricter(narrow, wide) == stricter(wide, narrow) == narrow


def test_a_raised_limit_waits_for_the_next_session() -> None:
    known = history(
        (MONDAY, policy(trades_per_day=2)), (TUESDAY, policy(version="two", trades_per_day=9))
    )
    assert effective_policy(known, MONDAY).trades_per_day == 2
    assert effective_policy(known, TUESDAY).trades_per_day == 2
    assert effective_policy(known, TUESDAY).version == "two, raised limits as of one"
    assert effective_policy(known, WEDNESDAY) == known[1].policy


def test_a_lowered_limit_counts_at_once() -> None:
    known = history((MONDAY, policy()), (TUESDAY, policy(version="two", risk_fraction=0.005)))
    assert effective_policy(known, TUESDAY) == known[1].policy


def test_what_was_lowered_is_not_raised_again_in_the_same_session() -> None:
    days = [(MONDAY, policy()), (TUESDAY, policy(risk_fraction=0.005)), (TUESDAY, policy())]
    assert effective_policy(history(*days), TUESDAY).risk_fraction == 0.005
    assert effective_policy(history(*days), WEDNESDAY).risk_fraction == 0.01


def test_each_limit_waits_by_itself() -> None:
    mixed = policy(version="two", risk_fraction=0.02, heat_fraction=0.01, day_loss_fraction=0.3)
    held = effective_policy(history((MONDAY, policy()), (TUESDAY, mixed)), TUESDAY)
    assert (held.risk_fraction, held.heat_fraction) == (0.01, 0.01)
    assert held.guards.day_loss_fraction == 0.03


def test_a_grade_is_not_worth_more_at_once() -> None:
    factors = {Grade.A_PLUS: 0.8, Grade.C: 0.5}
    known = history((MONDAY, policy()), (TUESDAY, policy(grade_factors=factors)))
    held = effective_policy(known, TUESDAY)
    assert held.grade_factors == {Grade.A_PLUS: 0.8, Grade.C: 0.0}
    assert looser_limits(known[0].policy, known[1].policy) == ("grade_factors.C",)


def test_a_symbol_does_not_leave_its_sector_at_once() -> None:
    before, after = {"AAA": "tech", "BBB": "tech"}, {"AAA": "energy", "CCC": "tech"}
    known = history((MONDAY, policy(sectors=before)), (TUESDAY, policy(sectors=after)))
    held = effective_policy(known, TUESDAY)
    assert held.sectors == {"AAA": "tech", "BBB": "tech", "CCC": "tech"}
    assert set(looser_limits(known[0].policy, known[1].policy)) == {"sectors.AAA", "sectors.BBB"}


def test_who_approves_is_no_limit() -> None:
    auto = policy(approvals={"trade": "auto"})
    assert looser_limits(policy(), auto) == ()
    assert effective_policy(history((MONDAY, policy()), (TUESDAY, auto)), TUESDAY) == auto


@pytest.mark.parametrize("day", [MONDAY, TUESDAY, WEDNESDAY])
def test_the_first_policy_counts_at_once_and_before(day: date) -> None:
    assert effective_policy(history((TUESDAY, policy())), day) == policy()


def test_without_any_policy_there_are_no_limits_to_go_by() -> None:
    with pytest.raises(NotFoundError, match="no risk policy is known for the session of 2024-03"):
        effective_policy([], MONDAY)


numbers = st.fixed_dictionaries(
    {
        "risk_fraction": st.floats(0.001, 0.05),
        "atr_multiple": st.none() | st.floats(1, 5),
        "maximum_order_usd": st.none() | st.floats(1, 1e6),
        "trades_per_day": st.integers(0, 9),
        "cooldown_minutes": st.integers(0, 60),
    }
)


@given(st.lists(numbers, min_size=1, max_size=4))
def test_no_change_within_a_session_allows_more_than_any_of_them(changes: list[Any]) -> None:
    known = history(*[(MONDAY, policy(**one)) for one in changes])
    held = effective_policy(known, MONDAY)
    for version in known:
        assert looser_limits(version.policy, held) == ()
