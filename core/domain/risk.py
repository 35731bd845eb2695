"""How much may be risked: one versioned policy, one pure sizing rule, every refusal explained."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from core.domain.base import Fraction, Frozen, Later
from core.domain.scenarios import Grade, Scenario

PositiveFraction = Annotated[float, Field(gt=0, le=1)]


class ApprovalPolicy(Frozen):
    """Who may approve: a person, or the policy itself.

    at_deadline: what becomes of a tactic's post that nobody has decided on by 09:00 ET.
    """

    trade: Annotated[str, Field(pattern="^(manual|auto)$")] = "manual"
    content: Annotated[str, Field(pattern="^(manual|auto)$")] = "manual"
    at_deadline: Literal["escalate", "publish"] = "escalate"


class RiskPolicy(Frozen):
    """The operator's limits, as fractions of equity; slippage in USD per share."""

    version: str
    risk_fraction: PositiveFraction = 0.01
    notional_fraction: PositiveFraction = 0.25
    heat_fraction: PositiveFraction = 0.03
    trades_per_day: int = Field(default=2, ge=0)
    minimum_first_target_r: float = Field(default=1.0, ge=0)
    minimum_best_target_r: float = Field(default=2.0, ge=0)
    stop_minimum_atr: float = Field(default=0.3, gt=0)
    stop_maximum_atr: float = Field(default=3.0, gt=0)
    slippage_usd: float = Field(default=0.02, ge=0)
    fee_fraction: float = Field(default=0.0001, ge=0, le=0.05)
    grade_factors: dict[Grade, Fraction] = Field(
        default={Grade.A_PLUS: 1.0, Grade.B: 0.5, Grade.C: 0.0, Grade.DNP: 0.0}
    )
    volatility_factor_minimum: float = Field(default=0.5, gt=0)
    volatility_factor_maximum: float = Field(default=1.25, gt=0)
    approvals: ApprovalPolicy = ApprovalPolicy()

    def volatility_factor(self, atr: float, atr_mean: float) -> float:
        """Trade smaller when the range is wider than usual."""
        raw = atr_mean / atr
        return min(max(raw, self.volatility_factor_minimum), self.volatility_factor_maximum)


class Constraint(Frozen):
    """One rung of the sizing ladder: the most shares this limit allows."""

    name: str
    quantity: float = Field(ge=0)
    detail: str


class SizeInput(Frozen):
    """What sizing looks at. Missing money is None and sizes to zero. USD, USD per share."""

    equity: float | None
    buying_power: float | None
    open_risk: float | None = Field(default=None, ge=0)
    trades_today: int = Field(ge=0)
    atr: float | None
    atr_mean: float | None
    session_is_over: bool = False


class SizeDecision(Frozen):
    """How many shares, what bound it, and the whole ladder. Zero is a valid, explained result.

    risk_usd: what is lost from the worst entry to the stop, one R. risk_fraction: the part of
    equity that the policy of then lets a plan risk, before grade and volatility.
    """

    quantity: int = Field(ge=0)
    binding: str
    risk_usd: float = Field(ge=0)
    notional_usd: float = Field(ge=0)
    policy_version: str
    risk_fraction: Later[PositiveFraction] = None
    ladder: tuple[Constraint, ...]
    reason_if_zero: str = ""

    @classmethod
    def refused(cls, policy: RiskPolicy, reason: str) -> SizeDecision:
        return cls(
            quantity=0,
            binding="refused",
            risk_usd=0,
            notional_usd=0,
            policy_version=policy.version,
            risk_fraction=policy.risk_fraction,
            ladder=(),
            reason_if_zero=reason,
        )


def size(scenario: Scenario, facts: SizeInput, policy: RiskPolicy) -> SizeDecision:
    """Return the minimum of the named constraints, in whole shares."""
    refusal = _refusal(scenario, facts, policy)
    if refusal:
        return SizeDecision.refused(policy, refusal)
    ladder = _ladder(scenario, facts, policy)
    binding = min(ladder, key=lambda rung: rung.quantity)
    quantity = math.floor(binding.quantity + 1e-9)
    distance = abs(scenario.worst_entry - scenario.stop)
    return SizeDecision(
        quantity=quantity,
        binding=binding.name,
        risk_usd=round(quantity * distance, 2),
        notional_usd=round(quantity * scenario.worst_entry, 2),
        policy_version=policy.version,
        risk_fraction=policy.risk_fraction,
        ladder=ladder,
        reason_if_zero="" if quantity else f"{binding.name} allows less than one share",
    )


def _ladder(scenario: Scenario, facts: SizeInput, policy: RiskPolicy) -> tuple[Constraint, ...]:
    equity, entry = facts.equity or 0.0, scenario.worst_entry
    factor = policy.grade_factors.get(scenario.grade, 0.0)
    volatility = policy.volatility_factor(facts.atr or 1.0, facts.atr_mean or 1.0)
    loss_per_share = (
        abs(entry - scenario.stop) + policy.slippage_usd + 2 * policy.fee_fraction * entry
    )
    budget = equity * policy.risk_fraction * factor * volatility
    room = max(0.0, equity * policy.heat_fraction - (facts.open_risk or 0.0))
    return (
        Constraint(
            name="risk",
            quantity=budget / loss_per_share,
            detail=f"{policy.risk_fraction:.2%} of equity x grade {factor:g} x volatility "
            f"{volatility:.2f}, over {loss_per_share:.2f} lost per share at the stop",
        ),
        Constraint(
            name="notional",
            quantity=equity * policy.notional_fraction / entry,
            detail=f"{policy.notional_fraction:.0%} of equity in one name",
        ),
        Constraint(
            name="buying_power",
            quantity=max(0.0, facts.buying_power or 0.0) / entry,
            detail="what the broker lets us buy",
        ),
        Constraint(
            name="heat",
            quantity=room / loss_per_share,
            detail=f"open risk of all plans stays within {policy.heat_fraction:.0%} of equity",
        ),
    )


def _refusal(scenario: Scenario, facts: SizeInput, policy: RiskPolicy) -> str:
    return (
        _input_refusal(facts)
        or _day_refusal(facts, policy)
        or _plan_refusal(scenario, facts.atr or 0.0, policy)
    )


def _input_refusal(facts: SizeInput) -> str:
    names = ("equity", "buying_power", "open_risk", "atr", "atr_mean")
    missing = [name for name in names if getattr(facts, name) is None]
    if missing:
        return f"missing input: {', '.join(missing)}"
    if not (facts.equity and math.isfinite(facts.equity) and facts.equity > 0):
        return "the equity is not above zero"
    if not (facts.atr and facts.atr > 0 and facts.atr_mean and facts.atr_mean > 0):
        return "the average true range is zero"
    return ""


def _day_refusal(facts: SizeInput, policy: RiskPolicy) -> str:
    if facts.session_is_over:
        return "the session of this plan is over"
    if facts.trades_today >= policy.trades_per_day:
        return f"{facts.trades_today} of {policy.trades_per_day} trades are already placed today"
    return ""


def _plan_refusal(scenario: Scenario, atr: float, policy: RiskPolicy) -> str:
    distance = abs(scenario.worst_entry - scenario.stop) / atr
    if not policy.stop_minimum_atr <= distance <= policy.stop_maximum_atr:
        return (
            f"the stop is {distance:.2f} ATR away, allowed is "
            f"{policy.stop_minimum_atr:g} to {policy.stop_maximum_atr:g}"
        )
    first = scenario.reward_risk(scenario.targets[0].price)
    if first < policy.minimum_first_target_r - 1e-9:
        return (
            f"the first target pays {first:.2f}R, "
            f"at least {policy.minimum_first_target_r:g}R is asked"
        )
    if scenario.best_reward_risk < policy.minimum_best_target_r - 1e-9:
        return (
            f"the best target pays {scenario.best_reward_risk:.2f}R, "
            f"at least {policy.minimum_best_target_r:g}R is asked"
        )
    if not policy.grade_factors.get(scenario.grade, 0.0):
        return f"grade {scenario.grade} is not traded"
    return ""
