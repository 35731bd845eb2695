"""Insights: what an analyst makes of a snapshot, each reason citing the facts it rests on."""

from __future__ import annotations

import operator
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Generic, Literal

from pydantic import Field, model_validator

from core.domain.base import Fraction, Frozen, Later, Sha256, Symbol, UtcDatetime, content_sha256
from core.domain.market import Headline, MarketSnapshot
from core.domain.model_calls import AnswerT, PromptReference, Usage
from core.domain.scenarios import Bias, Scenario

Words = Annotated[str, Field(min_length=1, max_length=400)]


class NewsEvent(StrEnum):
    """What a headline is about."""

    EARNINGS = "earnings"
    GUIDANCE = "guidance"
    ANALYST_RATING = "analyst_rating"
    PRODUCT = "product"
    LEGAL = "legal"
    MERGER = "merger"
    MACRO = "macro"
    MANAGEMENT = "management"
    OTHER = "other"


class Extraction(Frozen):
    """What one headline says, in fixed words only: nothing that an outsider wrote gets further."""

    event: NewsEvent
    sentiment: Literal[-2, -1, 0, 1, 2]
    relevance: Literal[0, 1, 2, 3]


class ReadHeadline(Frozen):
    """An extraction with what it was read from, and by whom."""

    news_id: str
    symbol: Symbol
    engine: str
    extraction: Extraction
    fallback: str = ""


class Driver(Frozen):
    """One reason for a stance, citing the facts that it rests on."""

    text: str
    direction: Literal[-1, 0, 1]
    fact_ids: tuple[str, ...] = Field(min_length=1)


class Opinion(Frozen):
    """What an analyst answers about one snapshot; abstains: it cannot or will not judge.

    preferred: the candidate plan it likes best. vetoed: those it would not play. Both name keys of
    plans that code made; prices, sizes and triggers are never the analyst's.
    """

    stance: Bias
    conviction: Fraction
    abstains: bool = False
    summary: Words
    drivers: tuple[Driver, ...] = Field(min_length=1, max_length=6)
    risks: tuple[Words, ...] = Field(max_length=6)
    would_change_mind: Words
    preferred: str = ""
    vetoed: tuple[str, ...] = Field(default=(), max_length=4)


class Sample(Frozen):
    """One of several answers to the same question."""

    stance: Bias
    conviction: Fraction
    abstains: bool


class Insight(Frozen):
    """What an analyst makes of a snapshot.

    samples: what it answered each time it was asked, where that was more than once. disagreement:
        0 when all agree. fallback: why the rules stand in for the analyst that was chosen.
    """

    snapshot_id: Sha256
    symbol: Symbol
    session_date: date
    as_of: UtcDatetime
    engine: str
    stance: Bias
    bias_sum: int
    conviction: Fraction
    summary: str
    drivers: tuple[Driver, ...]
    risks: tuple[str, ...]
    would_change_mind: str
    abstains: Annotated[bool, Field(exclude_if=operator.not_)] = False
    preferred: Annotated[str, Field(exclude_if=operator.not_)] = ""
    vetoed: Annotated[tuple[str, ...], Field(exclude_if=operator.not_)] = ()
    samples: Annotated[tuple[Sample, ...], Field(exclude_if=operator.not_)] = ()
    disagreement: Later[Fraction] = None
    prompt: Later[PromptReference] = None
    cost_usd: Later[Decimal] = None
    fallback: Annotated[str, Field(exclude_if=operator.not_)] = ""
    headlines: Annotated[tuple[ReadHeadline, ...], Field(exclude_if=operator.not_)] = ()

    @model_validator(mode="after")
    def _abstention_has_no_side(self) -> Insight:
        if self.abstains and (self.stance is not Bias.NEUTRAL or self.conviction):
            raise ValueError("an abstention has no stance and no conviction")
        return self

    @property
    def insight_id(self) -> str:
        return content_sha256(self)


class TacticProse(Frozen):
    """The words around a plan. What to do, and its prices, sizes and triggers are code's."""

    context_insight: Annotated[str, Field(min_length=1, max_length=900)]
    volume: Words
    flow: Words
    market: Words
    adaptability: Annotated[str, Field(min_length=1, max_length=500)]


class HeadlineQuestion(Frozen):
    """One headline to be read for one symbol."""

    symbol: Symbol
    headline: Headline


class Material(Frozen):
    """What an opinion is asked about. candidates: the plans that code made of the snapshot.

    refused: claims of an earlier opinion on the same that no fact bears.
    """

    snapshot: MarketSnapshot
    headlines: tuple[ReadHeadline, ...] = ()
    candidates: tuple[Scenario, ...] = ()
    refused: tuple[str, ...] = ()


class WritingTask(Frozen):
    """What prose is asked for. scenario: the plan, None to wait for the `reasons`.

    refused: claims of an earlier text on the same that no fact bears.
    """

    snapshot: MarketSnapshot
    insight: Insight
    scenario: Scenario | None
    reasons: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


class Signed(Frozen, Generic[AnswerT]):
    """What an analyst says, and who it was.

    usage: what the answers took when they were first given; repeated from the store they cost
        nothing more. fallback: why the rules stand in for the model that was chosen. samples,
        disagreement: where the same was asked more than once. needs_operator: the samples differ
        more than the operator lets pass.
    """

    value: AnswerT
    engine: str
    prompt: PromptReference | None = None
    usage: Usage = Usage()
    fallback: str = ""
    samples: tuple[Sample, ...] = ()
    disagreement: Fraction | None = None
    needs_operator: bool = False
