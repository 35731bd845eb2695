"""TBOW tactics: immutable versions of a plan, with its scenarios, its checklist and its words."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from core.domain.base import Fraction, Frozen, Later, Sha256, Symbol, UtcDatetime, content_sha256
from core.domain.market import Level, Timeframe
from core.domain.model_calls import PromptReference
from core.domain.scenarios import Bias, Grade, Scenario, contradictions


class Stage(StrEnum):
    """How far a setup has been let: only `live` may reach a live broker."""

    DRAFT = "draft"
    PAPER = "paper"
    LIVE = "live"


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
