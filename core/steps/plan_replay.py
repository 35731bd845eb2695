"""Open plans and what the bars so far make of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from core.analysis.resolution import Replay, replay
from core.domain.lifecycle import TacticEvent, TacticEventKind
from core.domain.tactics import Scenario, Tactic
from core.flow.catalog import StepContext
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
    none = pd.DataFrame()
    return [_follow(context, t, found.get(t.symbol, none), complete) for t in open_]


def _follow(context: StepContext, tactic: Tactic, bars: pd.DataFrame, complete: date) -> Followed:
    if tactic.scenario is None:
        raise ValueError(f"{tactic.tactic_id} has no plan to replay")
    own = bars[bars["session_date"] >= tactic.session_date] if len(bars) else bars
    if own.empty:
        return Followed(tactic, tactic.scenario, own, Replay(status="waiting"))
    result = replay(
        tactic.scenario,
        own,
        published_at=tactic.as_of,
        slippage=context.services.playbook.policy.slippage_usd,
        entry_session=tactic.session_date,
        sessions_complete=complete,
    )
    return Followed(tactic, tactic.scenario, own, result)


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
