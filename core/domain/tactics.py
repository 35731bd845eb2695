"""TBOW tactics: plans with entry zone, stop, targets and grade, their events and their results."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from itertools import combinations, pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from core.domain.base import (
    Fraction,
    Frozen,
    Later,
    Price,
    Sha256,
    Symbol,
    UtcDatetime,
    content_sha256,
)
from core.domain.market import Level, Timeframe
from core.domain.model_calls import PromptReference


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


class Stage(StrEnum):
    """How far a setup has been let: only `live` may reach a live broker."""

    DRAFT = "draft"
    PAPER = "paper"
    LIVE = "live"


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


class CheckItem(Frozen):
    """One of the six points of the checklist, with what it was judged on."""

    name: Literal[
        "macd_curl_with_bias", "vwap_confirmed", "tape_slowed_at_level",
        "entry_candle_rejects", "risk_defined", "bias_matches_market",
    ]  # fmt: skip
    verdict: Literal["pass", "fail", "na"]
    evidence: str


class ScoreParts(Frozen):
    """What the score is made of, each 0..1 before its weight."""

    grade: Fraction
    checklist: Fraction
    confluence: Fraction
    market_alignment: Fraction


class Generator(Frozen):
    """Who made it, so that it can be made again.

    engine: the rules that made the plan. writer: the engine that wrote its prose, with the prompt
    it was given; fallback: why the rules wrote it in place of the chosen analyst.
    """

    engine: str
    template: str = ""
    writer: Later[str] = None
    prompt: Later[PromptReference] = None
    fallback: Later[str] = None


class Monitoring(Frozen):
    """What to watch while the plan is alive."""

    volume: str
    flow: str
    market: str


class Tactic(Frozen):
    """One immutable version of a plan. No scenario means: wait."""

    tactic_id: Annotated[str, Field(pattern=r"^TBOW-[A-Z0-9.\-]+-\d{8}-[A-Z0-9]+$")]
    version: int = Field(ge=1)
    supersedes: int | None = None
    symbol: Symbol
    session_date: date
    as_of: UtcDatetime
    timeframe: Timeframe
    snapshot_id: Sha256
    insight_id: Sha256
    generator: Generator
    stage: Stage
    bias: Bias
    headline: str
    context_insight: str
    objective: str
    levels: tuple[Level, ...]
    scenarios: tuple[Scenario, ...] = Field(max_length=4)
    score_parts: ScoreParts | None = None
    wait_clause: str
    monitoring: Later[Monitoring] = None
    adaptability: Later[str] = None
    checklist: tuple[CheckItem, ...]
    do_not_play_reasons: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Tactic:
        if not self.scenarios and not self.do_not_play_reasons:
            raise ValueError("a tactic without a scenario must say why")
        if self.scenarios and len(self.checklist) != 6:
            raise ValueError("the checklist has six points")
        if self.scenario and self.scenario.side.opposes(self.bias):
            raise ValueError(f"a {self.bias} bias opposes its {self.scenario.side} plan")
        clashes = contradictions(self.scenarios)
        if clashes:
            raise ValueError(f"contradicting plans: {' and '.join(clashes[0])}")
        return self

    @property
    def content_sha256(self) -> str:
        return content_sha256(self)

    @property
    def grade(self) -> Grade:
        return self.scenarios[0].grade if self.scenarios else Grade.DNP

    @property
    def slot(self) -> str:
        """The part of the day that it was drafted for, the end of its id."""
        return self.tactic_id.rpartition("-")[2]

    @property
    def scenario(self) -> Scenario | None:
        """The plan that is traded: the first one."""
        return self.scenarios[0] if self.scenarios else None
