"""Open plans and what the bars so far make of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import pandas as pd

from core.analysis.bar_path import BarPath
from core.analysis.plan_scale import on_scale_of
from core.analysis.resolution import FIVE_MINUTES, Replay, replay
from core.domain.feeds import CorporateAction, DataFinding, SessionHours
from core.domain.lifecycle import TacticEvent, TacticEventKind
from core.domain.market import BAR_COLUMNS
from core.domain.resolutions import Outcome
from core.domain.risk import RiskPolicy
from core.domain.scenarios import Scenario
from core.domain.tactics import Tactic
from core.errors import InvalidTransitionError
from core.flow import calendars
from core.flow.catalog import StepContext
from core.steps.moment import CALENDAR
from core.steps.tactic_events import event

ONE_DAY = timedelta(days=1)
NO_BARS = pd.DataFrame(columns=[*BAR_COLUMNS])
PATIENCE = 5  # sessions that a plan waits for the bars of its own


@dataclass(frozen=True)
class Followed:
    """An open plan, its bars on its own scale, and what they make of it.

    is_blind: the bars of its session are missing, or end before its close, so that nobody knows
    whether it was filled.
    """

    tactic: Tactic
    scenario: Scenario
    bars: pd.DataFrame
    result: Replay
    is_blind: bool = False


@dataclass(frozen=True)
class Market:
    """What all open plans are replayed on. seen_at: when each version could first be acted on."""

    bars: Mapping[str, pd.DataFrame]
    actions: Mapping[str, Sequence[CorporateAction]]
    hours: Sequence[SessionHours]
    seen_at: Mapping[tuple[str, int], datetime]
    policy: RiskPolicy
    complete: date
    today: date


def follow_open(context: StepContext, complete: date) -> list[Followed]:
    """Replay every open plan on the bars that have ended by now.

    `complete` is the last session whose bars are all there.
    """
    storage = context.services.storage
    return follow(context, storage.tactics.unresolved(context.session_date), complete)


def follow(context: StepContext, tactics: Sequence[Tactic], complete: date) -> list[Followed]:
    """Replay plans on the bars that have ended by now."""
    market = _market(context, tactics, complete) if tactics else None
    return [_follow(tactic, market) for tactic in tactics] if market else []


def what_became_of(context: StepContext, tactic: Tactic) -> str:
    """Say that the bars have used a plan up before its order went out, an empty text if not.

    One that was filled by rule and goes on may still be entered: its limit is the worst entry.
    """
    if tactic.scenario is None:
        return "there is no plan to trade"
    market = _market(context, [tactic], context.session_date - ONE_DAY)
    seen = {(tactic.tactic_id, tactic.version): tactic.as_of} | dict(market.seen_at)
    result = _follow(tactic, replace(market, seen_at=seen)).result
    is_spent = result.status == "final" or bool(result.exits)
    return "by rule the plan has ended or has taken a target already" if is_spent else ""


def _market(context: StepContext, open_: Sequence[Tactic], complete: date) -> Market:
    services, today, known_by = context.services, context.session_date, _known_by(context)
    symbols = sorted({tactic.symbol for tactic in open_})
    since = min(tactic.session_date for tactic in open_)
    found = services.storage.bars.intraday_between(symbols, since, today, known_by)
    bars = {symbol: _ended(frame, context.as_of) for symbol, frame in found.items()}
    return Market(
        bars=bars,
        actions=services.storage.actions.known_of(symbols, known_by),
        hours=_hours(bars),
        seen_at=services.storage.tactics.committed_at(open_),
        policy=services.playbook.policy,
        complete=complete,
        today=today,
    )


def _known_by(context: StepContext) -> datetime:
    """Return up to when bars were received; live ones come after the moment of their run."""
    services = context.services
    return context.as_of if services.clock.is_replay else services.storage.now_known()


def _ended(bars: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    return bars[bars["started_at"] + FIVE_MINUTES <= as_of]


def _follow(tactic: Tactic, market: Market) -> Followed:
    plan = tactic.scenario
    if plan is None:
        raise ValueError(f"{tactic.tactic_id} has no plan to replay")
    traded = market.bars.get(tactic.symbol, NO_BARS)
    bars = on_scale_of(traded, market.actions.get(tactic.symbol, ()), tactic.session_date)
    path, policy = BarPath.of(bars, market.hours), market.policy
    result = replay(
        plan,
        path,
        published_at=max(tactic.as_of, market.seen_at[tactic.tactic_id, tactic.version]),
        slippage=policy.slippage_usd,
        entry_session=tactic.session_date,
        sessions_complete=market.complete,
        fees_r=2 * policy.fee_fraction * plan.worst_entry / abs(plan.worst_entry - plan.stop),
    )
    if _is_known(result) or path.reaches_close(tactic.session_date):
        return Followed(tactic, plan, bars, result)
    return Followed(tactic, plan, bars, _waiting(result, tactic, market.today), is_blind=True)


def _is_known(result: Replay) -> bool:
    """Tell whether the bars show that a plan was filled, or that it died before."""
    return result.entry_at is not None or result.outcome is Outcome.INVALIDATED


def _waiting(result: Replay, tactic: Tactic, today: date) -> Replay:
    """Wait for bars that are missing, but not for ever: an open plan takes its share of risk."""
    waited = len(calendars.sessions(CALENDAR, tactic.session_date, today)) - 1
    if waited >= PATIENCE:
        changes = {"status": "final", "outcome": Outcome.CANCELLED, "exit_reason": "no bars"}
        return result.model_copy(update=changes)
    status = "triggered" if result.triggered_at else "waiting"
    return Replay(status=status, triggered_at=result.triggered_at)


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
        tell(context, followed, f"the bars no longer bear out its record: {error}")


def tell(context: StepContext, followed: Followed, what: str) -> None:
    """Record what is wrong with the bars of a plan."""
    finding = DataFinding(
        kind="revision",
        symbol=followed.tactic.symbol,
        text=f"{followed.tactic.tactic_id}: {what}",
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
