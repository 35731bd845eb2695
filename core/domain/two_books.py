"""What the page about discipline shows: SYSTEM, ACTUAL, and what lies between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from pydantic import Field

from core.domain.base import Frozen, Number
from core.domain.discipline import Adherence, CostGroup, DisciplinePolicy, LevelState
from core.domain.trading import Money


class Between(Frozen):
    """Sums over what has ended in both books: system - actual = overrides + execution.

    execution: other prices and fees than the rule's without anybody departing from the plan.
    In R only what has a known R; `without_r` is what has none.
    """

    count: int = Field(ge=0)
    without_r: int = Field(ge=0)
    system_usd: Money
    actual_usd: Money
    overrides_usd: Money
    execution_usd: Money
    system_r: Number
    actual_r: Number
    overrides_r: Number


@dataclass(frozen=True)
class Recent:
    """The last days: how plans were followed, limits kept, and triggers acted on.

    score: 0 to 100. within, days: days on which no limit was broken, of those with a plan or a
    trade. reaction_s: the median time from a trigger to its order.
    """

    week: Adherence
    month: Adherence
    score: float | None
    within: int
    days: int
    reaction_s: float | None


@dataclass(frozen=True)
class DisciplineRecord:
    """Both books as they stand.

    is_synthetic: made-up trades of the demo, in none of the desk's own numbers.
    curve: ended_at, system_r, actual_r, cost_r; sums up to there, in the order of the ends.
    overrides: override_id, occurred_at, session_date, has_time, kind, symbol, tactic_id, account,
        planned, actual (in words), cost_r, cost_usd, follows, reason, emotion, said_by, label;
        newest first. A missing cost is not known yet, or there is none.
    costs: by kind, hour, weekday, emotion and follows.
    """

    is_synthetic: bool
    between: Between
    recent: Recent
    level: LevelState
    policy: DisciplinePolicy
    curve: pd.DataFrame
    overrides: pd.DataFrame
    costs: Mapping[str, tuple[CostGroup, ...]]

    @property
    def is_empty(self) -> bool:
        return self.between.count == 0 and self.overrides.empty
