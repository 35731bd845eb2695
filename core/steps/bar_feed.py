"""Bars from the providers into the store: who has them, and what may be kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd

from core.analysis.quality import split_bars
from core.domain.feeds import FeedName
from core.domain.market import BAR_COLUMNS, BarQuery, Timeframe
from core.flow import calendars
from core.flow.catalog import StepContext
from core.steps.bar_answers import Answer, Fetched, ask_all
from core.steps.feed_record import Attempt, attempting, stored_at
from core.steps.missing_bars import Question, deny, newest_settled, to_all
from core.steps.moment import CALENDAR, known_at, received_at
from core.steps.revisions import compare

LENGTHS = {
    Timeframe.MINUTE: timedelta(minutes=1),
    Timeframe.FIVE_MINUTES: timedelta(minutes=5),
}
CALENDAR_REACH = timedelta(days=365 * 19)  # a bar of a day before that is none that was asked for


@dataclass(frozen=True)
class Stored:
    """The bars that passed the checks, and the counts."""

    bars: pd.DataFrame
    counts: dict[str, Any]


def fetch_bars(context: StepContext, questions: Sequence[Question]) -> dict[str, Any]:
    """Fetch, check and store; return the counts.

    Where there is nothing to ask nothing is recorded: the bars say by themselves how new they are.
    Raises: the last error, if there was something to fetch and nobody had any of it.
    """
    by_feed: dict[FeedName, list[Question]] = {}
    for question in questions:
        is_daily = question.query.timeframe is Timeframe.DAY
        by_feed.setdefault("bars" if is_daily else "intraday", []).append(question)
    done = [_fetch(context, feed, asked) for feed, asked in by_feed.items()]
    errors = [error for fetched, _ in done for error in fetched.errors.values()]
    if errors and not any(fetched.answers for fetched, _ in done):
        raise errors[-1]
    failed = {symbol: why for one, _ in done for symbol, why in one.attempt.missing.items()}
    return _total(counts for _, counts in done) | {"failed": failed}


def _fetch(
    context: StepContext, feed: FeedName, questions: Sequence[Question]
) -> tuple[Fetched, dict[str, Any]]:
    patience_s = context.services.playbook.feeds.patience_seconds
    with attempting(context, feed, context.services.adapters.market_data) as attempt:
        fetched = ask_all(context, questions, attempt, patience_s)
        return fetched, store_fetched(context, fetched)


def ask_for_bars(context: StepContext, queries: Iterable[BarQuery]) -> Fetched:
    """Ask every provider for intraday bars without patience, and store nothing."""
    questions = (to_all(context, query) for query in queries)
    return ask_all(context, questions, Attempt(context, "intraday"), patience_s=0)


def store_fetched(context: StepContext, fetched: Fetched) -> dict[str, Any]:
    """Check, store and record what was answered; return the counts."""
    frames: defaultdict[str, list[pd.DataFrame]] = defaultdict(list)
    for answer in fetched.answers:
        frames[answer.provider.name].append(answer.frame)
    counts = {provider: _store(context, provider, parts) for provider, parts in frames.items()}
    for answer in fetched.answers:
        _deny_the_rest(context, answer)
    fetched.attempt.record(counts)
    return _total(counts.values())


def _deny_the_rest(context: StepContext, answer: Answer) -> None:
    """Remember the days that a provider was asked for and that are still not there."""
    query, stored_bars = answer.query, context.services.storage.bars
    if query.timeframe is Timeframe.DAY and query.start < newest_settled(known_at(context)):
        have = stored_bars.sessions(query.symbol, query.timeframe, query.start, query.end)
        deny(context, answer.provider, query, have)


def _store(context: StepContext, provider: str, frames: list[pd.DataFrame]) -> dict[str, Any]:
    filled = [frame for frame in frames if len(frame)]
    if not filled:
        return _counts()
    whole = pd.concat(filled, ignore_index=True)[list(BAR_COLUMNS)]
    return store_bars(context, provider, whole).counts


def store_bars(context: StepContext, provider: str, frame: pd.DataFrame) -> Stored:
    """Keep the bars that are whole, sound and on the scale of those that are known."""
    services, now = context.services, received_at(context)
    good, bad = split_bars(frame, provider, now, until=now, sessions=_sessions(frame, now))
    compared = compare(context, provider, good[_is_complete(good, now)])
    good = compared.kept
    services.storage.quality.quarantine([*bad, *compared.refused])
    services.storage.quality.record_findings(compared.findings)
    counts = _counts(
        read=len(frame),
        stored=services.storage.bars.append(good, stored_at(context)) if len(good) else 0,
        refused=len(bad) + len(compared.refused),
        newest=good["started_at"].max().isoformat() if len(good) else None,
    )
    return Stored(good, counts)


def _sessions(frame: pd.DataFrame, now: datetime) -> list[date]:
    """Return the market's sessions within the range of the bars, up to now."""
    days = pd.to_datetime(frame["session_date"], errors="coerce").dropna().dt.date
    days = days[days.between(now.date() - CALENDAR_REACH, now.date())]
    return calendars.sessions(CALENDAR, days.min(), days.max()) if len(days) else []


def _is_complete(bars: pd.DataFrame, now: datetime) -> pd.Series[bool]:
    """Tell which bars have ended; one that is still being made is left for the next time."""
    intraday = bars["timeframe"].map(LENGTHS)
    ends = bars["started_at"] + intraday
    closed = bars["session_date"] <= newest_settled(now)
    return ends.le(pd.Timestamp(now)).where(intraday.notna(), closed)


def _counts(
    read: int = 0, stored: int = 0, refused: int = 0, newest: str | None = None
) -> dict[str, Any]:
    return {
        "rows_read": read, "rows_stored": stored, "rows_quarantined": refused, "newest_at": newest,
    }  # fmt: skip


def _total(counts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    every = [_counts(), *counts]
    names = ("rows_read", "rows_stored", "rows_quarantined")
    newest = max((one["newest_at"] for one in every if one["newest_at"]), default=None)
    return {name: sum(one[name] for one in every) for name in names} | {"newest_at": newest}
