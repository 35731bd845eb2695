"""Bars from the providers into the store: what is missing, who has it, what may be kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd

from core.analysis.quality import split_bars
from core.domain.market import BAR_COLUMNS, BarQuery, Timeframe
from core.errors import AppError
from core.flow import calendars
from core.flow.catalog import StepContext
from core.ports import MarketData
from core.steps.board import start_of
from core.steps.feed_record import FailureWatch, record
from core.steps.moment import CALENDAR, received_at
from core.steps.providers import first_answer
from core.steps.revisions import compare

LENGTHS = {
    Timeframe.MINUTE: timedelta(minutes=1),
    Timeframe.FIVE_MINUTES: timedelta(minutes=5),
}


@dataclass
class Fetched:
    """What the providers answered: frames by provider, and why a symbol has none."""

    frames: defaultdict[str, list[pd.DataFrame]] = field(default_factory=lambda: defaultdict(list))
    failed: dict[str, str] = field(default_factory=dict)
    last_error: AppError | None = None


def fetch_bars(context: StepContext, queries: Sequence[BarQuery]) -> dict[str, Any]:
    """Fetch, check and store; return the counts.

    Raises: the last error, if there was something to fetch and nobody had any of it.
    """
    watch = FailureWatch(context.services.adapters.market_data)
    fetched = _ask(context, queries)
    counts = {
        provider: _store(context, provider, frames) for provider, frames in fetched.frames.items()
    }
    if not queries:  # nothing is missing: that is a success of the one that would be asked
        counts = {context.services.adapters.market_data[0].name: _counts()}
    for provider, counted in counts.items():
        record(context, "bars", provider, counted, "; ".join(fetched.failed.values()))
    watch.record_failures(context, "bars", answered=counts)
    if fetched.last_error is not None and not fetched.frames:
        raise fetched.last_error
    return _total(counts.values()) | {"failed": fetched.failed}


def missing_days(context: StepContext, symbol: str, until: date) -> BarQuery | None:
    """Return what to ask of daily bars up to a session, with some that are known for comparison."""
    policy, stored_bars = context.services.playbook.feeds, context.services.storage.bars
    start = start_of(context.session_date)
    expected = calendars.sessions(CALENDAR, start, until)
    known = set(stored_bars.sessions(symbol, Timeframe.DAY, start, until, received_at(context)))
    missing = [place for place, session in enumerate(expected) if session not in known]
    if not missing:
        return None
    first = max(0, missing[0] - policy.overlap_sessions)
    return BarQuery(symbol=symbol, timeframe=Timeframe.DAY, start=expected[first], end=until)


def _ask(context: StepContext, queries: Iterable[BarQuery]) -> Fetched:
    fetched, providers = Fetched(), context.services.adapters.market_data
    for query in queries:
        try:
            name, frame = first_answer(providers, asking(query))
        except AppError as error:
            fetched.failed[query.symbol] = str(error)
            fetched.last_error = error
        else:
            fetched.frames[name].append(frame)
    return fetched


def asking(query: BarQuery) -> Callable[[MarketData], pd.DataFrame]:
    """Return the question for the bars of a query, to be put to any provider."""

    def ask(source: MarketData) -> pd.DataFrame:
        return source.bars(query)

    return ask


def _store(context: StepContext, provider: str, frames: list[pd.DataFrame]) -> dict[str, Any]:
    filled = [frame for frame in frames if len(frame)]
    if not filled:
        return _counts()
    return store_bars(context, provider, pd.concat(filled, ignore_index=True)[list(BAR_COLUMNS)])


def store_bars(context: StepContext, provider: str, frame: pd.DataFrame) -> dict[str, Any]:
    """Keep the bars that are whole, sound and on the scale of those that are known."""
    services, now = context.services, received_at(context)
    good, bad = split_bars(frame, provider, now, until=now)
    compared = compare(context, provider, good[_is_complete(good, now)])
    good = compared.kept
    services.storage.quality.quarantine([*bad, *compared.refused])
    services.storage.quality.record_findings(compared.findings)
    return _counts(
        read=len(frame),
        stored=services.storage.bars.append(good, now) if len(good) else 0,
        refused=len(bad) + len(compared.refused),
        newest=good["started_at"].max().isoformat() if len(good) else None,
    )


def _is_complete(bars: pd.DataFrame, now: datetime) -> pd.Series[bool]:
    """Tell which bars have ended; one that is still being made is left for the next time."""
    intraday = bars["timeframe"].map(LENGTHS)
    ends = bars["started_at"] + intraday
    closed = bars["session_date"] <= calendars.last_closed(CALENDAR, now)
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
