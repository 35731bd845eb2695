"""Who judges the material and writes, and the language model that may be asked for it."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from core.domain.insights import (
    Extraction,
    HeadlineQuestion,
    Material,
    Opinion,
    Signed,
    TacticProse,
    WritingTask,
)
from core.domain.model_calls import Answer, AnswerT, ModelParameters, Prompt


@runtime_checkable
class Analyst(Protocol):
    """Reads headlines, judges snapshots, writes prose. Contract: tests/contract/test_analysts.py.

    engine: how it signs what it made, such as rules/v1. None of its answers holds a price, a
    size or a trigger that code did not give it.
    """

    name: str
    engine: str

    def extract(self, question: HeadlineQuestion) -> Signed[Extraction]: ...

    def judge(self, material: Material) -> Signed[Opinion]: ...

    def write(self, task: WritingTask) -> Signed[TacticProse]: ...


@runtime_checkable
class LanguageModel(Protocol):
    """Answers one prompt in a given shape. Contract: tests/contract/test_language_models.py.

    engine: how it signs its answers: who serves the model, and which model it is.
    """

    name: str
    model: str
    engine: str

    def complete(
        self, prompt: Prompt, shape: type[AnswerT], parameters: ModelParameters
    ) -> Answer[AnswerT]:
        """Ask once and return the checked answer; its cost is filled in by the caller.

        Raises: UnavailableError, AuthenticationError, RejectedError, and AnswerError for what is
            no answer: RefusedAnswerError, TruncatedAnswerError, InvalidAnswerError.
        """
        ...
