"""What a plan is sized by: the account with what it holds, and what is known of the symbol."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import pandas as pd

from core.analysis.credibility import credibility
from core.analysis.daily_state import DailyReading
from core.analysis.sizing import correlations, ewma_volatility
from core.analysis.statistics import summarize
from core.domain.market import MarketSnapshot
from core.domain.order_keys import entry_key
from core.domain.risk import Book, OpenPosition, SizeDecision, SizeInput
from core.domain.scenarios import Scenario, Side
from core.domain.tactics import Tactic
from core.domain.track_record import Summary
from core.errors import AdapterError, InsufficientDataError
from core.flow import calendars
from core.flow.catalog import StepContext
from core.steps.moment import CALENDAR, session_is_over
from core.steps.order_effects import is_sent
from core.storage.views.track_record import TrackRecordViews

CORRELATED_BARS = 61
RECORD_OF = ("setup", "grade")


def read_book(context: StepContext, plans: Sequence[Tactic]) -> Book:
    """Return the account without the plans that are to be sized.

    A broker that fails leaves its money and its positions missing, never a default.
    """
    storage, broker = context.services.storage, context.services.adapters.broker
    try:
        account, found = broker.account(), broker.positions()
        own = {plan.symbol for plan in plans if broker.order_by_client_id(entry_key(plan))}
    except AdapterError:
        return Book(equity=None, peak_equity=None, buying_power=None, positions=None)
    open_plans = _open_plans(context, {plan.tactic_id for plan in plans})
    known = {one.symbol for one in open_plans}
    others = [
        OpenPosition(
            symbol=one.symbol,
            side=Side.LONG if one.quantity > 0 else Side.SHORT,
            notional=float(abs(one.market_value)),
            risk=None,  # no plan of ours says where its stop is
        )
        for one in found
        if one.symbol not in known | own
    ]
    equity, peak = float(account.equity), storage.trading.peak_equity(account.account_id)
    symbols = {plan.symbol for plan in plans} | known | {one.symbol for one in others}
    return Book(
        equity=equity,
        peak_equity=max(equity, peak or equity),
        buying_power=float(account.buying_power),
        positions=(*open_plans, *others),
        correlations=_correlations(context, sorted(symbols), plans[0].as_of) if plans else {},
    )


def claim(tactic: Tactic, decision: SizeDecision) -> OpenPosition:
    """Return what a sized plan may come to hold."""
    if tactic.scenario is None:
        raise InsufficientDataError(f"{tactic.tactic_id} has no plan")
    return OpenPosition(
        symbol=tactic.symbol,
        side=tactic.scenario.side,
        notional=decision.notional_usd,
        risk=decision.risk_usd,
    )


def size_input(
    context: StepContext, tactic: Tactic, snapshot: MarketSnapshot, book: Book, placed: int
) -> SizeInput:
    """Return all that sizing looks at; what nobody knows is None."""
    states, _ = context.services.board.states([tactic.symbol], context.session_date, snapshot.as_of)
    state = states.get(tactic.symbol)
    return SizeInput(
        symbol=tactic.symbol,
        book=book,
        atr=snapshot.indicators.atr14,
        atr_mean=snapshot.indicators.atr14_mean,
        volatility=ewma_volatility(state.close) if state else None,
        average_volume=state.mean_volume if state else None,
        record=_record(context, tactic.scenario),
        trades_today=context.services.storage.tactics.trades_on(context.session_date) + placed,
        session_is_over=session_is_over(context),
    )


def _open_plans(context: StepContext, besides: set[str]) -> list[OpenPosition]:
    """Return what the other plans that reached the broker hold, or may come to hold.

    An order that was sent may have filled already, before it is told as armed.
    """
    storage, ledger = context.services.storage, context.services.ledger
    armed = storage.tactics.armed()
    others = [
        plan
        for plan in storage.tactics.unresolved(context.session_date)
        if plan.tactic_id not in besides
    ]
    open_plans = [
        plan for plan in others if plan.tactic_id in armed or is_sent(ledger, entry_key(plan))
    ]
    sizes = [storage.tactics.latest_size(plan.tactic_id) for plan in open_plans]
    return [
        claim(plan, decision)
        for plan, decision in zip(open_plans, sizes, strict=True)
        if decision and plan.scenario
    ]


def _record(context: StepContext, scenario: Scenario | None) -> Summary | None:
    """Return the results of plans of the same setup and grade."""
    if scenario is None:
        return None
    wanted = (scenario.setup, scenario.grade)
    storage = context.services.storage
    plans = TrackRecordViews(storage.store, storage.bars).plan_records()
    rows = credibility(plans, RECORD_OF)
    return next((row for row in rows if (row.setup, row.grade) == wanted), summarize([]))


def _correlations(
    context: StepContext, symbols: Sequence[str], as_of: datetime
) -> dict[tuple[str, str], float]:
    states, _ = context.services.board.states(symbols, context.session_date, as_of)
    return correlations(dict(_closes(states.items())))


def _closes(states: Iterable[tuple[str, DailyReading]]) -> Iterator[tuple[str, pd.Series]]:
    """Return the newest closes by session, of symbols whose bars have no gap."""
    for symbol, state in states:
        days = calendars.sessions(CALENDAR, state.first_date, state.last_date)
        if len(days) == state.count:
            yield symbol, pd.Series(state.close, index=days).tail(CORRELATED_BARS)
