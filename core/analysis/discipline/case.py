"""What the detectors look at: a plan, what was traded, and what went before. They find, or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from core.analysis.discipline.actual import ActualTrade
from core.analysis.discipline.planned import PlannedTrade
from core.domain.discipline import DisciplinePolicy
from core.domain.feeds import Label
from core.domain.overrides import OverrideKind, plan_case
from core.domain.risk import GuardLimits
from core.domain.scenarios import Grade, Side


@dataclass(frozen=True)
class Rules:
    """What is tolerated, and the counters of the policy. Prices in USD per share."""

    price_tolerance: Decimal
    size_tolerance: Decimal
    grace: timedelta
    trades_per_day: int
    stop_gain_r: float
    best_grade: Grade = Grade.A_PLUS

    @classmethod
    def of(cls, policy: DisciplinePolicy, limits: GuardLimits) -> Rules:
        return cls(
            price_tolerance=Decimal(str(policy.price_tolerance_usd)),
            size_tolerance=Decimal(str(policy.size_tolerance_fraction)),
            grace=timedelta(minutes=policy.grace_minutes),
            trades_per_day=limits.trades_per_day,
            stop_gain_r=limits.stop_gain_r,
        )


@dataclass(frozen=True)
class Day:
    """What the session held when a trade was decided on.

    since_gain: trades that were decided on after the stop-gain was reached.
    """

    trades: int = 0
    made_r: float = 0.0
    since_gain: int = 0


@dataclass(frozen=True)
class Case:
    """A plan, a trade, or both.

    rivals: of a trade without a plan, the plans of its symbol in its session. earlier: the trade
    before it in the same symbol and session. before: the one that closed last before it anywhere.
    """

    rules: Rules
    plan: PlannedTrade | None = None
    trade: ActualTrade | None = None
    rivals: tuple[PlannedTrade, ...] = ()
    earlier: ActualTrade | None = None
    before: ActualTrade | None = None
    day: Day = Day()
    unit_usd: Decimal | None = None

    @property
    def subject(self) -> ActualTrade | PlannedTrade:
        """What the case is named after: the plan, if there is one."""
        subject = self.plan or self.trade
        if subject is None:
            raise ValueError("a case without a plan and without a trade")
        return subject

    @property
    def case_id(self) -> str:
        if self.plan is not None:
            return plan_case(self.plan.tactic_id, self.plan.version)
        return f"trade:{self.subject.account}:{self.trade.trade_id if self.trade else ''}"

    @property
    def side(self) -> Side:
        if self.trade is not None:
            return self.trade.side
        scenario = self.plan.scenario if self.plan else None
        return scenario.side if scenario else Side.LONG

    @property
    def label(self) -> str:
        """A comparison is only as real as the less real of its books."""
        labels = {one.label for one in (self.plan, self.trade) if one is not None}
        return Label.SYNTHETIC.value if Label.SYNTHETIC in labels else self.subject.label


@dataclass(frozen=True)
class Finding:
    """A departure: what the plan asked for and what was done, by name."""

    kind: OverrideKind
    at: datetime
    planned: Mapping[str, object] = field(default_factory=dict)
    actual: Mapping[str, object] = field(default_factory=dict)
    said: str = ""
