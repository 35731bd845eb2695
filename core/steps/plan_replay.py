"""Open plans and what the bars so far make of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pandas as pd

from core.analysis.bar_path import BarPath
from core.analysis.resolution import Replay, replay
from core.domain.feeds import DataFinding, SessionHours
from core.domain.lifecycle import TacticEvent, TacticEventKind
from core.domain.tactics import Scenario, Tactic
from core.errors import InvalidTransitionError
from core.flow import calendars
from core.flow.catalog import StepContext
from core.steps.moment import CALENDAR
from core.steps.tactic_events import event

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Followed:
    """An open plan, its bars, and what they make of it."""

    tactic: Tactic
    scenario: Scenario
    bars: pd.DataFrame
    result: Replay


def follow_open(context: StepContext, complete: date) -> list[Followed]:
    """Replay every open plan; `complete` is the last session whose bars are all there."""
    storage, today = context.services.storage, context.session_date
    open_ = storage.tactics.unresolved(today)
    if not open_:
        return []
    symbols = sorted({tactic.symbol for tactic in open_})
    since = min(tactic.session_date for tactic in open_)
    bars = storage.bars.intraday_between(symbols, since, today)
    hours = _hours(bars)
    market = Market(
        bars=bars,
        paths={symbol: BarPath.of(frame, hours) for symbol, frame in bars.items()},
        seen_at=storage.tactics.committed_at(open_),
        slippage=context.services.playbook.policy.slippage_usd,
        complete=complete,
    )
    return [_follow(tactic, market) for tactic in open_]


@dataclass(frozen=True)
class Market:
    """What all open plans are replayed on. seen_at: when each version could first be acted on."""

    bars: Mapping[str, pd.DataFrame]
    paths: Mapping[str, BarPath]
    seen_at: Mapping[tuple[str, int], datetime]
    slippage: float
    complete: date


def _follow(tactic: Tactic, market: Market) -> Followed:
    if tactic.scenario is None:
        raise ValueError(f"{tactic.tactic_id} has no plan to replay")
    if tactic.symbol not in market.paths:
        return Followed(tactic, tactic.scenario, pd.DataFrame(), Replay(status="waiting"))
    result = replay(
        tactic.scenario,
        market.paths[tactic.symbol],
        published_at=max(tactic.as_of, market.seen_at[tactic.tactic_id, tactic.version]),
        slippage=market.slippage,
        entry_session=tactic.session_date,
        sessions_complete=market.complete,
    )
    return Followed(tactic, tactic.scenario, market.bars[tactic.symbol], result)


def _hours(bars: Mapping[str, pd.DataFrame]) -> list[SessionHours]:
    """Return the hours of the sessions that have bars: some close early."""
    days = sorted({day for frame in bars.values() for day in frame["session_date"].unique()})
    return [
        SessionHours(session_date=day, opens_at=opens, closes_at=closes)
        for day in days
        for opens, closes in [calendars.hours(CALENDAR, day)]
    ]


@contextmanager
def doubting(context: StepContext, followed: Followed) -> Iterator[None]:
    """Let one plan whose bars contradict what is recorded be told, and the others go on."""
    try:
        yield
    except InvalidTransitionError as error:
        finding = DataFinding(
            kind="revision",
            symbol=followed.tactic.symbol,
            text=f"{followed.tactic.tactic_id}: the bars no longer bear out its record: {error}",
            found_at=context.as_of,
            run_id=context.run_id,
        )
        context.services.storage.quality.record_findings([finding])


def progress(context: StepContext, followed: Followed) -> Iterator[TacticEvent]:
    """Yield what has happened to a plan so far, in order."""
    tactic, result = followed.tactic, followed.result
    if result.triggered_at is not None:
        yield event(tactic, TacticEventKind.TRIGGERED, context, occurred_at=result.triggered_at)
    if result.entry_at is not None:
        opened = {"price": result.entry_price}
        yield event(tactic, TacticEventKind.OPENED, context, opened, result.entry_at)
    for number, leg in enumerate(result.exits, 1):
        if leg.reason == "target":
            hit = {"target": number, "price": leg.price}
            yield event(tactic, TacticEventKind.TARGET_HIT, context, hit, leg.at)
