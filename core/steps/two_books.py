"""Both books of the last sessions: committed plans replayed by rule, and what was filled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from core.analysis.discipline.actual import ActualTrade
from core.analysis.discipline.case import Case, Rules
from core.analysis.discipline.imported import imported_trades
from core.analysis.discipline.matching import make_cases
from core.analysis.discipline.planned import PlannedTrade
from core.analysis.discipline.trades import actual_trades
from core.analysis.round_trips import trade_history
from core.domain.lifecycle import TacticEventKind, Track
from core.domain.order_keys import entry_key, entry_of
from core.domain.risk import RiskPolicy
from core.domain.tactics import Tactic
from core.flow import calendars
from core.flow.catalog import StepContext
from core.steps import plan_replay
from core.steps.moment import CALENDAR, session_of
from core.steps.plan_replay import Followed
from core.steps.planned_trades import PlanFacts, planned_trade, waiting_trade

LOOK_BACK = timedelta(days=14)  # what ended before is judged for good
AFTER = timedelta(hours=2)  # until then the day's account has been read
BEFORE = timedelta(days=5)  # what the first of the trades may have followed upon

Key = tuple[str, int]


def open_cases(run: StepContext) -> list[Case]:
    """Return every plan and trade that may have changed since it was last judged.

    They are judged as of now, whatever day the run is for: what is known is not forgotten. Before
    the first plan there was none to depart from.
    """
    context = _as_of_now(run)
    storage = context.services.storage
    first = storage.views.first_committed()
    if first is None:
        return []
    traded = _traded(context, first)
    since = max(first, _since(context, traded))
    tactics = storage.tactics.between(since, context.session_date)
    committed = _committed(context, tactics)
    chosen = _chosen(tactics, committed)
    followed = _replay(context, [one for one in chosen if one.scenario is not None])
    recent = [one for one in traded if one.session_date >= since - BEFORE]
    cases = _cases(context, recent, chosen, followed)
    return [one for one in cases if one.subject.session_date >= since]


def _as_of_now(context: StepContext) -> StepContext:
    now = max(context.as_of, context.services.clock.now())
    return replace(context, as_of=now, session_date=session_of(now))


def _since(context: StepContext, traded: Iterable[ActualTrade]) -> date:
    """Return the first session to look at: of what is open, or ended or was imported lately."""
    storage, today = context.services.storage, context.session_date
    lately = today - LOOK_BACK
    plans = [one.session_date for one in storage.tactics.unresolved(today)]
    trades = [
        one.session_date
        for one in traded
        if one.closed_at is None or session_of(one.closed_at) >= lately
    ]
    imported = storage.views.first_imported(context.as_of - LOOK_BACK)
    return min([lately, *plans, *trades, *([imported] if imported else [])])


def _traded(context: StepContext, first: date) -> list[ActualTrade]:
    """Return everything that was filled at the broker or imported since the first plan."""
    storage, broker = context.services.storage, context.services.adapters.broker
    fills = [one for one in storage.trading.fills() if session_of(one.filled_at) >= first]
    orders = storage.views.order_tellings(sorted({entry_of(one.client_order_id) for one in fills}))
    return actual_trades(fills, orders, broker.name) + _imported(context, first)


def _imported(context: StepContext, first: date) -> list[ActualTrade]:
    storage, last = context.services.storage, context.session_date
    if not storage.imports.count():
        return []
    trips = trade_history(storage.imports.activities()).round_trips
    return imported_trades(t for t in trips if first <= t.opened_date and t.closed_date <= last)


def in_force(context: StepContext) -> RiskPolicy:
    """Return the limits of the session: what was raised in it counts from the next one on."""
    return context.services.storage.policies.effective(context.session_date)


def _committed(context: StepContext, tactics: Sequence[Tactic]) -> set[Key]:
    """Return the versions that were approved or published, and not taken back since."""
    storage = context.services.storage
    known = set(storage.tactics.committed_at(tactics))
    ends = {TacticEventKind.SUPERSEDED, TacticEventKind.CANCELLED}
    return known - {
        (event.tactic_id, event.version)
        for event in storage.views.plan_changes()
        if event.kind in ends and event.track is Track.PLAN
    }


def _chosen(tactics: Iterable[Tactic], committed: Set[Key]) -> list[Tactic]:
    """Return each tactic in its newest version that was committed to, or that says to wait."""
    known = list(tactics)
    waits = {one.tactic_id: one for one in known if one.scenario is None}
    plans = {
        one.tactic_id: one
        for one in known
        if one.scenario is not None and (one.tactic_id, one.version) in committed
    }
    return list({**waits, **plans}.values())


def _replay(context: StepContext, tactics: Sequence[Tactic]) -> list[Followed]:
    complete = calendars.last_closed(CALENDAR, context.as_of)
    return plan_replay.follow(context, tactics, complete)


def _cases(
    context: StepContext,
    traded: Iterable[ActualTrade],
    chosen: Iterable[Tactic],
    followed: Sequence[Followed],
) -> list[Case]:
    """Return the cases; of a plan that no bars could replay nobody knows the result: it waits."""
    policy, own = in_force(context), context.services.playbook.discipline
    blind = {entry_key(one.tactic) for one in followed if one.is_blind}
    plans = _plans(context, chosen, [one for one in followed if not one.is_blind])
    trades = [one for one in traded if one.order_id not in blind]
    days = {one.session_date for one in trades}
    return make_cases(plans, trades, Rules.of(own, policy.guards), _units(context, days))


def _plans(
    context: StepContext, chosen: Iterable[Tactic], seen: Sequence[Followed]
) -> list[PlannedTrade]:
    keys = [entry_key(one.tactic) for one in seen]
    facts = PlanFacts(
        storage=context.services.storage,
        orders=context.services.storage.views.order_tellings(keys),
        account=context.services.adapters.broker.name,
        policy=in_force(context),
    )
    waiting = [waiting_trade(one, facts) for one in chosen if one.scenario is None]
    return [planned_trade(one, facts) for one in seen] + waiting


def _units(context: StepContext, days: Iterable[date]) -> dict[date, Decimal]:
    """Return what one R was in USD, by session; where the account is not known there is none."""
    share = Decimal(str(in_force(context).risk_fraction))
    found = {day: _equity(context, day) for day in days if calendars.is_session(CALENDAR, day)}
    return {day: Decimal(str(equity)) * share for day, equity in found.items() if equity}


def _equity(context: StepContext, day: date) -> float | None:
    """Return the equity with which a session began; on the account's first day, what it had."""
    trading, (opens, closes) = context.services.storage.trading, calendars.hours(CALENDAR, day)
    return trading.equity_at(opens) or trading.equity_at(closes + AFTER)
