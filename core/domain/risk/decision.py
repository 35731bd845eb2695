"""What sizing looks at, and what it says."""

from __future__ import annotations

import math
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from core.domain.base import Fraction, Frozen, Later, Symbol
from core.domain.risk.book import Book
from core.domain.risk.policy import RiskPolicy
from core.domain.track_record import Summary
from core.errors import InsufficientDataError

WHOLE_SHARES, FRACTIONAL_SHARES = Decimal(1), Decimal("0.000001")
WORDS = {
    "equity": "equity",
    "peak_equity": "peak of the equity",
    "atr": "average true range",
    "atr_mean": "mean of the average true range",
    "volatility": "volatility",
    "average_volume": "average volume",
}


class RungState(StrEnum):
    """Whether a rung limits the size; MISSING allows nothing, the last three anything."""

    LIMITS = "limits"
    MISSING = "missing input"
    OFF = "switched off"
    NOT_ENOUGH_RESULTS = "not enough results"
    DOES_NOT_APPLY = "does not apply"


class Constraint(Frozen):
    """One rung of the sizing ladder: the most it allows, None where it does not limit."""

    name: str
    quantity: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None
    detail: str
    state: RungState = RungState.LIMITS


class SizeInput(Frozen):
    """What sizing looks at of a plan. What is missing is None and sizes to zero.

    atr, atr_mean: USD per share. volatility: forecast for the next session, per year.
    average_volume: shares a day. record: the results of plans of this setup and grade; nothing
        known yet is a record of no results, not a missing one.
    lot: the smallest step of a quantity, by what the broker can do.
    """

    symbol: Symbol
    book: Book
    atr: float | None
    atr_mean: float | None
    volatility: float | None
    average_volume: float | None
    record: Summary | None
    trades_today: int = Field(ge=0)
    session_is_over: bool = False
    lot: Annotated[Decimal, Field(gt=0, allow_inf_nan=False)] = WHOLE_SHARES

    def need(self, name: str) -> float:
        """Return an input that must be above zero.

        Raises: InsufficientDataError.
        """
        value = self._known(name)
        if not (math.isfinite(value) and value > 0):
            raise InsufficientDataError(f"the {WORDS[name]} is not above zero")
        return value

    def buying_power(self) -> float:
        """Return what may be bought for, which is nothing where the broker says a debt.

        Raises: InsufficientDataError.
        """
        value = self._known("buying_power")
        if not math.isfinite(value):
            raise InsufficientDataError("the buying power is not a number")
        return max(0.0, value)

    def _known(self, name: str) -> float:
        value: float | None = getattr(self.book if name in Book.model_fields else self, name)
        if value is None:
            raise InsufficientDataError(f"missing input: {name}")
        return value


class SizeDecision(Frozen):
    """How much, what bound it, and the whole ladder. Zero is a valid, explained result.

    risk_usd: lost from the worst entry to the stop, for options the whole premium; one R.
    risk_fraction: the part of equity that the policy of then lets a plan risk, before grade and
        volatility.
    """

    quantity: Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]
    unit: Literal["share", "contract"] = "share"
    binding: str
    risk_usd: float = Field(ge=0)
    notional_usd: float = Field(ge=0)
    policy_version: str
    risk_fraction: Later[Fraction] = None
    ladder: tuple[Constraint, ...]
    reason_if_zero: str = ""

    @classmethod
    def refused(cls, policy: RiskPolicy, reason: str) -> SizeDecision:
        return cls(
            quantity=Decimal(0),
            binding="refused",
            risk_usd=0,
            notional_usd=0,
            policy_version=policy.version,
            risk_fraction=policy.risk_fraction,
            ladder=(),
            reason_if_zero=reason,
        )
