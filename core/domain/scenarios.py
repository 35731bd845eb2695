"""Scenarios: the ways that a plan may play out, each with trigger, entry zone, stop and targets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from itertools import combinations, pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from core.domain.base import Fraction, Frozen, Later, Price

ENTRY_REACH_ATR = 3.0


class Bias(StrEnum):
    BULLISH = "bullish"
    BEARISH = "bearish"
    NEUTRAL = "neutral"


class Grade(StrEnum):
    """How good a plan is; DNP means do not play."""

    A_PLUS = "A+"
    B = "B"
    C = "C"
    DNP = "DNP"


class Side(StrEnum):
    LONG = "long"
    SHORT = "short"

    @property
    def sign(self) -> int:
        return 1 if self is Side.LONG else -1

    def opposes(self, bias: Bias) -> bool:
        """Tell whether a view points the other way; a neutral one points nowhere."""
        return bias is (Bias.BEARISH if self is Side.LONG else Bias.BULLISH)


class Trigger(Frozen):
    """The machine rule that makes a plan active, judged on a bar's close.

    is_met: it was true on the last bar before publication, so that the plan is active at once.
    """

    kind: Literal[
        "cross_above", "cross_below", "hold_above", "hold_below", "reject", "reclaim", "curl"
    ]
    price: Price
    bars: int = Field(default=1, ge=1)
    min_relative_volume: float = Field(default=0, ge=0)
    is_met: Annotated[bool, Field(exclude_if=bool)] = True


class OptionOverlay(Frozen):
    """An option in place of the shares; the most that can be lost is the premium paid."""

    right: Literal["call", "put"]
    strike: Price
    expiry: date
    maximum_premium: Price
    delta_low: Fraction
    delta_high: Fraction
    maximum_contracts: int = Field(ge=1)

    @model_validator(mode="after")
    def _band(self) -> OptionOverlay:
        if self.delta_low > self.delta_high:
            raise ValueError("delta_low is above delta_high")
        return self

    @property
    def maximum_loss(self) -> float:
        """In USD."""
        return self.maximum_premium * 100 * self.maximum_contracts


class Target(Frozen):
    price: Price
    fraction: Annotated[float, Field(gt=0, le=1)]


class Scenario(Frozen):
    """One way the plan may play out. Prices in USD per share."""

    key: str
    setup: str
    side: Side
    grade: Grade
    score: Fraction
    trigger: Trigger
    entry_low: Price
    entry_high: Price
    stop: Price
    targets: tuple[Target, ...] = Field(min_length=1, max_length=3)
    timebox_sessions: int = Field(gt=0)
    timebox_minutes: Later[Annotated[int, Field(gt=0)]] = None
    breakeven_after_target: Later[Annotated[int, Field(ge=1, le=3)]] = None
    option: Later[OptionOverlay] = None
    invalidation: str

    @model_validator(mode="after")
    def _geometry(self) -> Scenario:
        sign, prices = self.side.sign, [target.price for target in self.targets]
        near = self.entry_low if self.side is Side.LONG else self.entry_high
        if self.entry_low > self.entry_high:
            raise ValueError("entry_low is above entry_high")
        if sign * (near - self.stop) <= 0:
            raise ValueError("the stop is not beyond the entry zone")
        if any(sign * (price - self.worst_entry) <= 0 for price in prices):
            raise ValueError("a target is on the wrong side of the entry")
        if any(sign * (b - a) <= 0 for a, b in pairwise(prices)):
            raise ValueError("the targets are not ordered away from the entry")
        if abs(sum(target.fraction for target in self.targets) - 1) > 1e-6:
            raise ValueError("the target fractions do not sum to 1")
        if self.option and (self.option.right == "call") != (self.side is Side.LONG):
            raise ValueError("a long plan takes calls, a short plan takes puts")
        return self

    @property
    def worst_entry(self) -> float:
        """The least favourable fill inside the zone."""
        return self.entry_high if self.side is Side.LONG else self.entry_low

    def reward_risk(self, price: float) -> float:
        """Return the signed R of an exit at `price` after the worst entry."""
        return self.side.sign * (price - self.worst_entry) / abs(self.worst_entry - self.stop)

    def is_in_reach(self, price: float, atr: float) -> bool:
        """Tell whether the entry zone is near enough to a price that it may be met in time."""
        nearest = min(max(price, self.entry_low), self.entry_high)
        return abs(nearest - price) <= ENTRY_REACH_ATR * atr

    def is_same_plan(self, other: Scenario) -> bool:
        """Tell whether two plans are one: the same setup and side at the same prices."""
        names = {"setup", "side", "entry_low", "entry_high", "stop", "targets"}
        return self.model_dump(include=names) == other.model_dump(include=names)

    @property
    def best_reward_risk(self) -> float:
        return self.reward_risk(self.targets[-1].price)


def contradictions(scenarios: Sequence[Scenario]) -> list[tuple[str, str]]:
    """Return the keys of plans that want opposite things of one price.

    They do if a long and a short plan share a trigger price, or if their zones overlap.
    """
    return [
        (one.key, other.key)
        for one, other in combinations(scenarios, 2)
        if one.side is not other.side
        and (
            one.trigger.price == other.trigger.price
            or (one.entry_low <= other.entry_high and other.entry_low <= one.entry_high)
        )
    ]
