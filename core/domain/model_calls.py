"""Calls of a language model: what was asked, with which prompt, what it cost, what came back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Generic, TypeVar

from pydantic import Field

from core.domain.base import Fraction, Frozen, Sha256, UtcDatetime, content_sha256

AnswerT = TypeVar("AnswerT", bound=Frozen)
Tokens = Annotated[int, Field(ge=0)]


class Stage(StrEnum):
    """What a model is asked for."""

    EXTRACTION = "extraction"
    SYNTHESIS = "synthesis"
    WRITING = "writing"


class PromptReference(Frozen):
    """One version of a prompt file; sha256: of the file."""

    name: str
    version: str
    sha256: Sha256


class Prompt(Frozen):
    """A prompt with its blanks filled. `user` holds data, never instructions of outsiders."""

    reference: PromptReference
    stage: Stage
    system: str
    user: str


class ModelParameters(Frozen):
    """How a model is asked.

    temperature: None leaves it to the server. seed: the number of the sample where several are
        drawn; a second try is drawn with another one.
    """

    model: str
    temperature: Annotated[float, Field(ge=0, le=2)] | None
    maximum_output_tokens: Annotated[int, Field(gt=0)]
    seed: Annotated[int, Field(ge=0)] = 0


class Usage(Frozen):
    """What an answer took. Cost in USD from the price table; zero for rules."""

    input_tokens: Tokens = 0
    output_tokens: Tokens = 0
    cost_usd: Annotated[Decimal, Field(ge=0)] = Decimal(0)

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost_usd=self.cost_usd + other.cost_usd,
        )


class Answer(Frozen, Generic[AnswerT]):
    """A checked answer with what it took. parameters: None where no model was asked."""

    value: AnswerT
    usage: Usage = Usage()
    parameters: ModelParameters | None = None


class CallStatus(StrEnum):
    """How a call ended; all but `answered` and `cached` fall back to the rules.

    rejected: the service refused the request or the key.
    """

    ANSWERED = "answered"
    CACHED = "cached"
    REFUSED = "refused"
    TRUNCATED = "truncated"
    INVALID = "invalid"
    UNAVAILABLE = "unavailable"
    REJECTED = "rejected"
    OVER_BUDGET = "over_budget"


class ModelCall(Frozen):
    """One call, whether it was answered or not.

    request_sha256: of engine, prompt, parameters and the shape that was asked for; all tries share
        the one of the first. usage: what was charged; without tokens it is the most that the call
        could cost, since nobody told what it took. answer: the checked answer as JSON, empty
        without one. detail: why there is none.
    """

    request_sha256: Sha256
    subject_id: str
    stage: Stage
    engine: str
    prompt: PromptReference
    parameters: ModelParameters
    requested_at: UtcDatetime
    run_id: str
    attempt: Annotated[int, Field(ge=1)] = 1
    status: CallStatus
    usage: Usage = Usage()
    answer: str = ""
    detail: str = ""

    @property
    def call_id(self) -> str:
        return content_sha256(self)


class DayBudget(Frozen):
    """What models may cost on one day in New York, and what of it is gone. USD."""

    day: date
    limit_usd: Decimal
    spent_usd: Decimal
    reserved_usd: Decimal

    @property
    def used_fraction(self) -> Fraction:
        taken = self.spent_usd + self.reserved_usd
        return min(1.0, float(taken / self.limit_usd)) if self.limit_usd else 1.0
