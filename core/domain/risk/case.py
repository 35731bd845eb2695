"""One plan before the ladder, and what one rung says of it."""

from __future__ import annotations

from typing import Literal, NamedTuple

from core.domain.risk.decision import RungState, SizeInput
from core.domain.risk.policy import RiskPolicy
from core.domain.scenarios import Grade, OptionOverlay, Scenario, Side

SHARES_PER_CONTRACT = 100


class Unit(NamedTuple):
    """One share or one contract, in USD: what it costs, and what it loses if the plan fails.

    shares: how many it moves with. maximum: the most units that the plan itself allows.
    """

    name: Literal["share", "contract"]
    side: Side
    price: float
    loss: float
    shares: int = 1
    maximum: int | None = None


class Case(NamedTuple):
    """All that a rung may look at."""

    grade: Grade
    unit: Unit
    facts: SizeInput
    policy: RiskPolicy


class Verdict(NamedTuple):
    """The most units that a rung allows, None where it does not limit."""

    quantity: float | None
    detail: str
    state: RungState = RungState.LIMITS


OFF = Verdict(None, "switched off in the policy", RungState.OFF)


def share_of(scenario: Scenario, policy: RiskPolicy) -> Unit:
    """Return a share that fills at the worst entry and leaves at the stop, with what both cost."""
    entry = scenario.worst_entry
    loss = abs(entry - scenario.stop) + policy.slippage_usd + 2 * policy.fee_fraction * entry
    return Unit("share", scenario.side, entry, loss)


def contract_of(side: Side, option: OptionOverlay, policy: RiskPolicy) -> Unit:
    """Return a contract that is bought at the highest premium and ends worthless."""
    premium = option.maximum_premium * SHARES_PER_CONTRACT
    loss = premium * (1 + policy.fee_fraction)
    return Unit("contract", side, premium, loss, SHARES_PER_CONTRACT, option.maximum_contracts)
