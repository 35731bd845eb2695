"""Open plans and what the bars so far make of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta

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
    found = storage.bars.intraday_between(symbols, since, today)
    hours = _hours(found)
    paths = {symbol: BarPath.of(bars, hours) for symbol, bars in found.items()}
    return [_follow(context, t, found, paths, complete) for t in open_]


def _hours(bars: Mapping[str, pd.DataFrame]) -> list[SessionHours]:
    """Return the hours of the sessions that have bars: some close early."""
    days = sorted({day for frame in bars.values() for day in frame["session_date"].unique()})
    return [
        SessionHours(session_date=day, opens_at=opens, closes_at=closes)
        for day in days
        for opens, closes in [calendars.hours(CALENDAR, day)]
    ]


def _follow(
    context: StepContext,
    tactic: Tactic,
    bars: Mapping[str, pd.DataFrame],
    paths: Mapping[str, BarPath],
    complete: date,
) -> Followed:
    if tactic.scenario is None:
        raise ValueError(f"{tactic.tactic_id} has no plan to replay")
    if tactic.symbol not in paths:
        return Followed(tactic, tactic.scenario, pd.DataFrame(), Replay(status="waiting"))
    result = replay(
        tactic.scenario,
        paths[tactic.symbol],
        published_at=tactic.as_of,
        slippage=context.services.playbook.policy.slippage_usd,
        entry_session=tactic.session_date,
        sessions_complete=complete,
    )
    return Followed(tactic, tactic.scenario, bars[tactic.symbol], result)


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
