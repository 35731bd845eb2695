"""The sizing rule: the smallest of named limits, each of them shown."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType

from core.domain.risk import exposure_rungs, loss_rungs
from core.domain.risk.case import Case, Verdict, contract_of, share_of
from core.domain.risk.decision import Constraint, RungState, SizeDecision, SizeInput
from core.domain.risk.policy import RiskPolicy
from core.domain.scenarios import Scenario
from core.errors import InsufficientDataError

# In the order in which they are shown; of equal ones the first binds.
RUNGS: Mapping[str, Callable[[Case], Verdict]] = MappingProxyType(
    {
        "risk": loss_rungs.risk,
        "drawdown": loss_rungs.drawdown,
        "atr": loss_rungs.atr,
        "volatility_target": loss_rungs.volatility_target,
        "kelly": loss_rungs.kelly,
        "name": exposure_rungs.name,
        "sector": exposure_rungs.sector,
        "gross": exposure_rungs.gross,
        "net": exposure_rungs.net,
        "heat": loss_rungs.heat,
        "buying_power": exposure_rungs.buying_power,
        "volume": exposure_rungs.volume,
        "operator_cap": exposure_rungs.operator_cap,
    }
)
OPTION_RUNGS = MappingProxyType({**RUNGS, "plan": exposure_rungs.plan})
TOLERANCE = 1e-9  # of a lot: 7 x 0.1 is 0.7000000000000001


def size(scenario: Scenario, facts: SizeInput, policy: RiskPolicy) -> SizeDecision:
    """Return how many shares a plan may have: the smallest rung, in whole lots."""
    refusal = refusal_of(scenario, facts, policy)
    if refusal:
        return SizeDecision.refused(policy, refusal)
    unit = share_of(scenario, policy)
    distance = abs(scenario.worst_entry - scenario.stop)
    return _decide(Case(scenario.grade, unit, facts, policy), RUNGS, facts.lot, distance)


def size_option(scenario: Scenario, facts: SizeInput, policy: RiskPolicy) -> SizeDecision:
    """Return how many contracts of a plan's option: all of the premium may be lost."""
    if scenario.option is None:
        return SizeDecision.refused(policy, "the plan has no option")
    refusal = refusal_of(scenario, facts, policy)
    if refusal:
        return SizeDecision.refused(policy, refusal)
    unit = contract_of(scenario.side, scenario.option, policy)
    return _decide(Case(scenario.grade, unit, facts, policy), OPTION_RUNGS, Decimal(1), unit.price)


def _decide(
    case: Case, rungs: Mapping[str, Callable[[Case], Verdict]], lot: Decimal, at_risk: float
) -> SizeDecision:
    ladder = tuple(_rung(name, most, case) for name, most in rungs.items())
    binding = min(ladder, key=_tightness)
    quantity = lot * math.floor((binding.quantity or 0.0) / float(lot) + TOLERANCE)
    return SizeDecision(
        quantity=quantity,
        unit=case.unit.name,
        binding=binding.name,
        risk_usd=round(float(quantity) * at_risk, 2),
        notional_usd=round(float(quantity) * case.unit.price, 2),
        policy_version=case.policy.version,
        risk_fraction=case.policy.risk_fraction,
        ladder=ladder,
        reason_if_zero="" if quantity else _why_zero(binding, lot, case.unit.name),
    )


def _rung(name: str, most: Callable[[Case], Verdict], case: Case) -> Constraint:
    try:
        verdict = most(case)
    except InsufficientDataError as missing:
        verdict = Verdict(0.0, str(missing), RungState.MISSING)
    return Constraint(name=name, **verdict._asdict())


def _tightness(rung: Constraint) -> float:
    """Order by what a rung allows; what is missing comes before what is used up."""
    if rung.quantity is None:
        return math.inf
    return -1.0 if rung.state is RungState.MISSING else rung.quantity


def _why_zero(binding: Constraint, lot: Decimal, unit: str) -> str:
    if binding.state is RungState.MISSING:
        return binding.detail
    return f"{binding.name} allows less than {'one' if lot == 1 else lot} {unit}"


def refusal_of(scenario: Scenario, facts: SizeInput, policy: RiskPolicy) -> str:
    """Say why a plan is not sized at all, "" where it is."""
    return _day_refusal(facts, policy) or _plan_refusal(scenario, facts.atr, policy)


def _day_refusal(facts: SizeInput, policy: RiskPolicy) -> str:
    if facts.session_is_over:
        return "the session of this plan is over"
    if facts.trades_today >= policy.trades_per_day:
        return f"{facts.trades_today} of {policy.trades_per_day} trades are already placed today"
    return ""


def _plan_refusal(scenario: Scenario, atr: float | None, policy: RiskPolicy) -> str:
    if not policy.grade_factor(scenario.grade):
        return f"grade {scenario.grade} is not traded"
    distance = _stop_atr(scenario, atr)
    if distance and not policy.stop_minimum_atr <= distance <= policy.stop_maximum_atr:
        return (
            f"the stop is {distance:.2f} ATR away, allowed is "
            f"{policy.stop_minimum_atr:g} to {policy.stop_maximum_atr:g}"
        )
    first = scenario.reward_risk(scenario.targets[0].price)
    if first < policy.minimum_first_target_r - TOLERANCE:
        return (
            f"the first target pays {first:.2f}R, "
            f"at least {policy.minimum_first_target_r:g}R is asked"
        )
    if scenario.best_reward_risk < policy.minimum_best_target_r - TOLERANCE:
        return (
            f"the best target pays {scenario.best_reward_risk:.2f}R, "
            f"at least {policy.minimum_best_target_r:g}R is asked"
        )
    return ""


def _stop_atr(scenario: Scenario, atr: float | None) -> float | None:
    """Return how far the stop is, None where the ladder says that the range is not known."""
    if atr is None or not (math.isfinite(atr) and atr > 0):
        return None
    return abs(scenario.worst_entry - scenario.stop) / atr
