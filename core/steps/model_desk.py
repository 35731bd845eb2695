"""One question to a language model: from the store, or within the budget; every call is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, NamedTuple

from core.domain.base import Frozen, Sha256, canonical_json, content_sha256
from core.domain.model_calls import (
    Answer,
    AnswerT,
    CallStatus,
    ModelCall,
    ModelParameters,
    Prompt,
    Usage,
)
from core.domain.model_policy import MAXIMUM_SAMPLES, ModelPolicy
from core.errors import (
    AdapterError,
    AnswerError,
    InvalidAnswerError,
    RefusedAnswerError,
    TruncatedAnswerError,
    UnansweredError,
    UnavailableError,
)
from core.flow.budget import Budget
from core.ports import LanguageModel
from core.steps.providers import Provider
from core.storage.model_calls import ModelCalls

TRIES = 2
FREE = Usage()
MESSAGE_TOKENS = 500  # what a server adds around the texts
STATUSES: dict[type[AdapterError], CallStatus] = {
    RefusedAnswerError: CallStatus.REFUSED,
    TruncatedAnswerError: CallStatus.TRUNCATED,
    InvalidAnswerError: CallStatus.INVALID,
    UnavailableError: CallStatus.UNAVAILABLE,
    UnansweredError: CallStatus.UNAVAILABLE,
}
WORTH_A_SECOND_TRY = {CallStatus.TRUNCATED, CallStatus.INVALID}


@dataclass(frozen=True)
class Question(Generic[AnswerT]):
    """What is asked. sample: its number where the same is asked several times.

    check: raises ValueError with what is wrong with an answer of the right shape.
    """

    run_id: str
    subject_id: str
    prompt: Prompt
    shape: type[AnswerT]
    check: Callable[[AnswerT], object]
    sample: int = 0


class NoAnswer(NamedTuple):
    """Why there is none."""

    status: CallStatus
    reason: str


class ModelDesk:
    """Asks one model; threads may share it.

    A request that was answered before is not asked again, so that a replay is free and gives the
    same. What an answer may cost at most is set aside before it is asked.
    """

    def __init__(
        self,
        provider: Provider[LanguageModel],
        policy: ModelPolicy,
        budget: Budget,
        calls: ModelCalls,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.policy, self.budget = policy, budget
        self._provider, self._calls, self._now = provider, calls, now

    @property
    def model(self) -> LanguageModel:
        return self._provider.adapter

    def ask(self, question: Question[AnswerT]) -> Answer[AnswerT] | NoAnswer:
        """Return a checked answer; one that is none is asked for once more."""
        request = self._request_sha256(question)
        known = self._known(request, question)
        if known is not None:
            return known
        outcome = self._try(question, request, attempt=1)
        for attempt in range(2, TRIES + 1):
            if isinstance(outcome, NoAnswer) and outcome.status in WORTH_A_SECOND_TRY:
                outcome = self._try(question, request, attempt)
        return outcome

    def _known(self, request: Sha256, question: Question[AnswerT]) -> Answer[AnswerT] | None:
        call = self._calls.answered(request)
        if call is None:
            return None
        try:
            value = question.shape.model_validate_json(call.answer)
            question.check(value)
        except ValueError:
            return None  # the rules have changed since
        changes = {"status": CallStatus.CACHED, "usage": FREE, "run_id": question.run_id}
        self._calls.append([call.model_copy(update={**changes, "requested_at": self._now()})])
        return Answer(value=value, usage=call.usage, parameters=call.parameters)

    def _try(
        self, question: Question[AnswerT], request: Sha256, attempt: int
    ) -> Answer[AnswerT] | NoAnswer:
        asked_at, parameters = self._now(), self._parameters(question, attempt)
        outcome, used = self._within_budget(question, parameters)
        call = ModelCall(
            request_sha256=request,
            subject_id=question.subject_id,
            stage=question.prompt.stage,
            engine=self.model.engine,
            prompt=question.prompt.reference,
            parameters=parameters,
            requested_at=asked_at,
            run_id=question.run_id,
            attempt=attempt,
            usage=used,
            **_ending(outcome),
        )
        self._calls.append([call])
        return outcome

    def _within_budget(
        self, question: Question[AnswerT], parameters: ModelParameters
    ) -> tuple[Answer[AnswerT] | NoAnswer, Usage]:
        most = self._most(question, parameters)
        reservation = self.budget.reserve(most.cost_usd)
        if reservation is None:
            limit = self.budget.today().limit_usd
            reason = f"the budget of {limit:.2f} USD a day does not allow it any more"
            return NoAnswer(CallStatus.OVER_BUDGET, reason), FREE
        used = most
        try:
            outcome, used = self._call(question, parameters, most)
        finally:
            self.budget.settle(reservation, used.cost_usd)
        return outcome, used

    def _call(
        self, question: Question[AnswerT], parameters: ModelParameters, most: Usage
    ) -> tuple[Answer[AnswerT] | NoAnswer, Usage]:
        def tell(model: LanguageModel) -> Answer[AnswerT] | AnswerError:
            try:
                return model.complete(question.prompt, question.shape, parameters)
            except AnswerError as error:
                return error  # no reason to leave the server alone

        try:
            told = self._provider.call(tell, self.policy.patience_seconds)
        except AdapterError as error:
            used = most if isinstance(error, UnansweredError) else FREE
            return _no_answer(error), used
        if isinstance(told, AnswerError):
            return _no_answer(told), self._used(told.input_tokens, told.output_tokens, most)
        used = self._used(told.usage.input_tokens, told.usage.output_tokens, most)
        try:
            question.check(told.value)
        except ValueError as error:
            return NoAnswer(CallStatus.INVALID, str(error)), used
        return told.model_copy(update={"usage": used}), used

    def _used(self, input_tokens: int, output_tokens: int, most: Usage) -> Usage:
        """Return what was used; where the server did not count, the most that it can be."""
        if not input_tokens and not output_tokens:
            return most
        return self.policy.usage(self.model.model, input_tokens, output_tokens)

    def _most(self, question: Question[AnswerT], parameters: ModelParameters) -> Usage:
        """Return what the call can cost at most: no token is shorter than a byte."""
        sent = question.prompt.system, question.prompt.user, _schema(question.shape)
        input_tokens = MESSAGE_TOKENS + sum(len(text.encode()) for text in sent)
        output_tokens = parameters.maximum_output_tokens
        cost = self.policy.usage(self.model.model, input_tokens, output_tokens).cost_usd
        return Usage(cost_usd=cost)

    def _parameters(self, question: Question[AnswerT], attempt: int) -> ModelParameters:
        seed = question.sample + (attempt - 1) * MAXIMUM_SAMPLES
        return self.policy.parameters(question.prompt.stage, self.model.model, seed)

    def _request_sha256(self, question: Question[AnswerT]) -> Sha256:
        return content_sha256(
            {
                "engine": self.model.engine,
                "system": question.prompt.system,
                "user": question.prompt.user,
                "parameters": self._parameters(question, attempt=1).model_dump(mode="json"),
                "schema": _schema(question.shape),
            }
        )


def _ending(outcome: Answer[AnswerT] | NoAnswer) -> dict[str, Any]:
    if isinstance(outcome, NoAnswer):
        return {"status": outcome.status, "detail": outcome.reason}
    return {"status": CallStatus.ANSWERED, "answer": canonical_json(outcome.value)}


def _no_answer(error: AdapterError) -> NoAnswer:
    return NoAnswer(STATUSES.get(type(error), CallStatus.REJECTED), error.reason)


def _schema(shape: type[Frozen]) -> str:
    return canonical_json(shape.model_json_schema())
