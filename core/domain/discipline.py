"""The operator's rules about himself: what is tolerated, when the desk gets in the way, and how."""

from __future__ import annotations

import math
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import Annotated

from pydantic import Field, model_validator

from core.domain.base import Fraction, Frozen, Number, UtcDatetime
from core.domain.overrides import Amount, BookTrade, CostSplit, Instrument, OverrideKind
from core.domain.trading import Money


class Level(StrEnum):
    """How far the desk gets in the way.

    observe: it takes notes. friction: an override needs a typed reason and a wait. block: no more
    than the limits allow. hands_off: what stands at the broker stays until it has ended. The kill
    switch works on every level.
    """

    OBSERVE = "observe"
    FRICTION = "friction"
    BLOCK = "block"
    HANDS_OFF = "hands_off"

    @property
    def rank(self) -> int:
        return list(Level).index(self)


class LevelLimit(Frozen):
    """What brings a level about: so many overrides, or so much lost by them, in R."""

    overrides: Annotated[int, Field(strict=True, ge=1, le=1000)]
    cost_r: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]


class DisciplinePolicy(Frozen):
    """The file data/discipline.yaml.

    window_sessions: the overrides of how many sessions count. minimum_level: never below it.
    delay_seconds: how long an override has to wait. reason_characters: the shortest reason.
    enough: with fewer results a mean is not told. grace_minutes: how much later or earlier than
    the plan an exit may be. price_tolerance_usd: per share, beyond the entry zone.
    """

    version: Annotated[str, Field(min_length=1)]
    window_sessions: Annotated[int, Field(strict=True, ge=1, le=60)]
    minimum_level: Level
    levels: dict[Level, LevelLimit]
    delay_seconds: Annotated[int, Field(strict=True, ge=0, le=3600)]
    reason_characters: Annotated[int, Field(strict=True, ge=1, le=200)]
    enough: Annotated[int, Field(strict=True, ge=2, le=1000)]
    grace_minutes: Annotated[int, Field(strict=True, ge=5, le=240)]
    price_tolerance_usd: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)]
    size_tolerance_fraction: Annotated[float, Field(ge=0, le=0.5)]

    @model_validator(mode="after")
    def _each_level_is_harder_to_reach(self) -> DisciplinePolicy:
        expected = [level for level in Level if level is not Level.OBSERVE]
        if set(self.levels) != set(expected):
            raise ValueError(f"levels: expected {', '.join(expected)}")
        for lower, higher in pairwise(expected):
            before, after = self.levels[lower], self.levels[higher]
            if after.overrides < before.overrides or after.cost_r < before.cost_r:
                raise ValueError(f"levels: {higher} may not be reached before {lower}")
        return self


class LevelState(Frozen):
    """The level after a session, and what brought it about.

    overrides, cost_r: of the window; the cost counts what lost, so that a lucky one hides nothing.
    """

    session_date: date
    level: Level
    overrides: int = Field(ge=0)
    cost_r: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    policy_version: str


class Comparison(Frozen):
    """One plan or trade in both books: SYSTEM, the plan by rule, and ACTUAL, what was filled.

    ended_at: when the later of the two ended; None, and no split, while one goes on.
    system_r, actual_r: None where one R is not known. override_ids: what lies between the two.
    reaction_s: from the trigger to the order.
    """

    case_id: str
    account: str
    session_date: date
    symbol: Instrument
    tactic_id: str = ""
    version: int = 0
    scenario_key: str = ""
    ended_at: UtcDatetime | None = None
    system: BookTrade
    actual: BookTrade
    split: CostSplit | None = None
    planned_r_usd: Amount | None = None
    system_r: Number | None = None
    actual_r: Number | None = None
    override_ids: tuple[str, ...] = ()
    reaction_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    label: str = ""

    @property
    def is_followed(self) -> bool:
        return not self.override_ids


class CostGroup(Frozen):
    """What the overrides of one kind, hour, weekday or mood have cost; below zero they paid.

    count: all of them; measured: those whose cost in R is known. mean_low, mean_high: the
    bootstrap interval of their mean at 95 %, None below two. Not `enough` says "not enough data".
    """

    name: str
    count: int = Field(ge=0)
    measured: int = Field(ge=0)
    cost_r: Number
    cost_usd: Money
    mean_r: Number | None
    mean_low: Number | None
    mean_high: Number | None
    enough: bool


class Adherence(Frozen):
    """How many of the plans and trades of the last days had no override."""

    days: int = Field(ge=1)
    count: int = Field(ge=0)
    followed: int = Field(ge=0)

    @property
    def fraction(self) -> Fraction | None:
        return self.followed / self.count if self.count else None


class Friction(Frozen):
    """What an action that overrides a plan must ask for, now.

    blocked: why it is refused whatever is typed, "" where it is not. so_far: what the kind has
    cost up to now.
    """

    kind: OverrideKind
    level: Level
    needs_reason: bool
    reason_characters: int = Field(ge=0)
    delay_seconds: int = Field(ge=0)
    so_far: CostGroup
    blocked: str = ""

    def refusal(self, reason: str, waited_s: float) -> str:
        """Say why the action may not be done yet, an empty text if it may."""
        if self.blocked:
            return self.blocked
        if self.needs_reason and len(reason.strip()) < self.reason_characters:
            return f"type the reason, in at least {self.reason_characters} characters"
        left = self.delay_seconds - waited_s
        return f"wait {math.ceil(left)} s more" if left > 0 else ""
