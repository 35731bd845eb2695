"""What the providers answer when they are asked for bars."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import pandas as pd

from core.domain.market import BarQuery
from core.errors import AppError, InsufficientDataError
from core.flow.catalog import StepContext
from core.ports import MarketData
from core.steps.feed_record import Attempt
from core.steps.missing_bars import Question, deny, must_exist
from core.steps.moment import received_at
from core.steps.providers import Provider, Told, first_answer


class Answer(NamedTuple):
    """What one provider has of one query."""

    provider: Provider[MarketData]
    query: BarQuery
    frame: pd.DataFrame


@dataclass
class Fetched:
    """What the providers answered to questions of one feed, and why a query has no bars."""

    attempt: Attempt
    answers: list[Answer] = field(default_factory=list)
    errors: dict[BarQuery, AppError] = field(default_factory=dict)


def ask_all(
    context: StepContext, questions: Iterable[Question], attempt: Attempt, patience_s: float
) -> Fetched:
    """Put each question to its providers, until one of them answers."""
    fetched = Fetched(attempt)
    for question in questions:
        try:
            name, frame = first_answer(
                question.providers, _asking(context, question.query), patience_s,
                is_answer=len, told=_telling(context, question, attempt),
            )  # fmt: skip
        except AppError as error:
            if not _is_no_fault(question, error):
                fetched.errors[question.query] = error
                attempt.missing[question.query.symbol] = str(error)
        else:
            fetched.answers.append(Answer(_named(question, name), question.query, frame))
    return fetched


def asking(query: BarQuery) -> Callable[[MarketData], pd.DataFrame]:
    """Return the question for the bars of a query, to be put to any provider."""

    def ask(source: MarketData) -> pd.DataFrame:
        return source.bars(query)

    return ask


def _asking(context: StepContext, query: BarQuery) -> Callable[[MarketData], pd.DataFrame]:
    """Return the question to which no bars are no answer, where there must be some."""

    def ask(source: MarketData) -> pd.DataFrame:
        frame = _until_now(context, source.bars(query))
        if frame.empty and must_exist(context, query):
            reason = f"{source.name} has no bars of {query.symbol} since {query.start}"
            raise InsufficientDataError(reason)
        return frame

    return ask


def _until_now(context: StepContext, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the bars that may have begun: what the replay asks knows the rest of its day, too."""
    if not context.services.clock.is_replay:
        return frame
    return frame[~frame["started_at"].gt(received_at(context))]


def _telling(context: StepContext, question: Question, attempt: Attempt) -> Told:
    """Return what learns of each provider's error."""

    def told(provider: str, error: AppError) -> None:
        if _is_no_fault(question, error):
            deny(context, _named(question, provider), question.query, have=())
        else:
            attempt.failed(provider, error)

    return told


def _is_no_fault(question: Question, error: AppError) -> bool:
    return question.is_about_holes and isinstance(error, InsufficientDataError)


def _named(question: Question, name: str) -> Provider[MarketData]:
    return next(one for one in question.providers if one.name == name)
