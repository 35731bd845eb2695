"""What plans have amounted to: results by kind of plan, calibration, weeks."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from core.domain.base import Fraction, Frozen, Number, Sha256, Symbol, UtcDatetime
from core.domain.market import Timeframe
from core.domain.resolutions import Resolution
from core.domain.scenarios import Grade, Side


class PlanRecord(Frozen):
    """A plan that was committed to: published, or approved to be traded.

    published_at: None where it was traded without a post. is_open: by its events. resolution: with
    its corrections, None while the plan is open and where it was withdrawn before its trigger.
    """

    tactic_id: str
    version: int
    scenario_key: str
    symbol: Symbol
    session_date: date
    timeframe: Timeframe
    setup: str
    side: Side
    grade: Grade
    score: Fraction
    published_at: UtcDatetime | None = None
    is_open: bool
    withdrawn: Literal["", "superseded", "cancelled"] = ""
    resolution: Resolution | None = None
    is_corrected: bool = False

    @property
    def traded_r(self) -> float | None:
        """The result in R if the plan was filled by rule and has ended."""
        ended = self.resolution
        return ended.system_r if ended and ended.outcome.was_traded else None


class Summary(Frozen):
    """Statistics of triggered and resolved trades; None where there is nothing to divide by."""

    count: int = Field(ge=0)
    wins: int = Field(ge=0)
    losses: int = Field(ge=0)
    breakevens: int = Field(ge=0)
    net_r: Number
    win_rate: Fraction | None
    win_low: Fraction | None
    win_high: Fraction | None
    expectancy_r: Number | None
    profit_factor: Number | None
    enough: bool


class Credibility(Summary):
    """How one kind of plan has done; what is None of the kind is not told apart.

    untraded: ended without an entry, which is neither a win nor a loss. mean_low, mean_high: the
    bootstrap interval of the mean R at 95 %, None below two results.
    """

    setup: str | None = None
    grade: Grade | None = None
    timeframe: Timeframe | None = None
    side: Side | None = None
    untraded: int = Field(ge=0)
    mean_low: Number | None
    mean_high: Number | None
    average_mae_r: Number | None
    average_mfe_r: Number | None


class CalibrationBucket(Frozen):
    """Plans whose score lay in [low, high): how often they won, with Wilson's interval at 95 %."""

    low: Fraction
    high: Fraction
    count: int = Field(ge=0)
    mean_score: Fraction | None
    wins: int = Field(ge=0)
    decided: int = Field(ge=0)
    hit_rate: Fraction | None
    hit_low: Fraction | None
    hit_high: Fraction | None
    enough: bool


class Reconciliation(Frozen):
    """Whether every published plan is accounted for.

    unpublished: plans that were traded without a post, in the statistics but in none of the rest.
    """

    published: int = Field(ge=0)
    resolved: int = Field(ge=0)
    superseded: int = Field(ge=0)
    cancelled: int = Field(ge=0)
    open: int = Field(ge=0)
    unpublished: int = Field(ge=0)

    @property
    def is_balanced(self) -> bool:
        return self.published == self.resolved + self.superseded + self.cancelled + self.open


class LedgerHead(Frozen):
    """How long the public ledger is, and the hash of its last entry."""

    entries: int = Field(ge=0)
    sha256: Sha256


class WeeklyRecap(Summary):
    """A week in R; the statistics are of the plans that ended in it.

    week: its Monday. published: plans of the week's sessions. count: those that were filled by
    rule, untriggered: those that were not, traded: those of the account. adherence and what
    overriding has cost are None as long as nobody measures them.
    """

    week: date
    published: int = Field(ge=0)
    untriggered: int = Field(ge=0)
    traded: int = Field(ge=0)
    average_mae_r: Number | None
    average_mfe_r: Number | None
    best_setup: str | None
    worst_setup: str | None
    adherence: Fraction | None = None
    override_cost_r: Number | None = None
    override_cost_usd: Number | None = None

    @property
    def triggered(self) -> int:
        return self.count

    @model_validator(mode="after")
    def _is_a_week(self) -> WeeklyRecap:
        if self.week.weekday() != 0:
            raise ValueError("a week is named by its Monday")
        return self
