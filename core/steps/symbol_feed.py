"""Feeds that are asked symbol by symbol: each symbol once in a while, until somebody answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from core.domain.feeds import FeedName
from core.errors import AppError, InsufficientDataError
from core.flow.catalog import StepContext
from core.steps.feed_record import NONE, Attempt, attempting, every_minutes, is_due
from core.steps.moment import received_at
from core.steps.providers import Provider, first_answer

AdapterT = TypeVar("AdapterT")
AnswerT = TypeVar("AnswerT")
FRESH = {**NONE, "note": "still fresh enough"}


@dataclass(frozen=True)
class SymbolFeed(Generic[AdapterT, AnswerT]):
    """What is asked of whom, and how the answers are stored.

    ask: makes the question about a symbol; the question raises InsufficientDataError where an
        empty list would be no answer. keep: stores what a provider answered, by symbol, and
        returns how many rows were new.
    """

    name: FeedName
    providers: Sequence[Provider[AdapterT]]
    ask: Callable[[str], Callable[[AdapterT], list[AnswerT]]]
    keep: Callable[[str, Mapping[str, list[AnswerT]]], int]


def fetch(
    context: StepContext, feed: SymbolFeed[AdapterT, AnswerT], symbols: Sequence[str]
) -> dict[str, Any]:
    """Ask for the symbols that are due, store what came, and record it per provider.

    Raises: the last error, if no symbol got an answer.
    """
    if not is_due(context, feed.name):
        return dict(FRESH)
    due = _due(context, feed, symbols)
    if not due:
        return {**NONE, "note": "every symbol was asked for not long ago"}
    with attempting(context, feed.name, feed.providers) as attempt:
        found = _ask(context, feed, due, attempt)
        counts = {name: _store(feed, name, answers) for name, answers in found.items()}
        attempt.record(counts)
    if attempt.last_error is not None and not counts:
        raise attempt.last_error
    total = {name: sum(one[name] for one in counts.values()) for name in NONE}
    return total | {"failed": attempt.missing}


def _ask(
    context: StepContext,
    feed: SymbolFeed[AdapterT, AnswerT],
    symbols: Sequence[str],
    attempt: Attempt,
) -> dict[str, dict[str, list[AnswerT]]]:
    """Return what there is of each symbol, by provider; nothing of one may be an answer too."""
    found: defaultdict[str, dict[str, list[AnswerT]]] = defaultdict(dict)
    patience_s = context.services.playbook.feeds.patience_seconds
    for symbol in symbols:
        try:
            name, answer = first_answer(
                feed.providers, feed.ask(symbol), patience_s, is_answer=bool, told=attempt.failed
            )
        except AppError as error:
            attempt.missing[symbol] = str(error)
            if not isinstance(error, InsufficientDataError):
                continue
        else:
            found[name][symbol] = answer
        feed.providers[0].memory.keep(feed.name, [symbol], received_at(context))
    return dict(found)


def _due(
    context: StepContext, feed: SymbolFeed[AdapterT, AnswerT], symbols: Sequence[str]
) -> list[str]:
    """Return the symbols that nobody has answered for within the node's `every_minutes`."""
    every, now = every_minutes(context), received_at(context)
    if every is None or not feed.providers:
        return list(symbols)
    answered = feed.providers[0].memory.of(feed.name, now, every)
    return [symbol for symbol in symbols if symbol not in answered]


def _store(
    feed: SymbolFeed[AdapterT, AnswerT], name: str, answers: Mapping[str, list[AnswerT]]
) -> dict[str, int]:
    read = sum(len(answer) for answer in answers.values())
    return {**NONE, "rows_read": read, "rows_stored": feed.keep(name, answers)}
