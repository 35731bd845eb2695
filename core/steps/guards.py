"""Judge the account by its guards, and hold back the orders that one of them stops."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from core.domain.flow import EffectRecord, EffectState, TradingState
from core.domain.guards import (
    AccountFacts,
    EquityMarks,
    GuardAction,
    GuardReport,
    OrderFacts,
    account_guards,
    order_guards,
    report,
)
from core.domain.guards.facts import day_start
from core.domain.orders import OrderRequest
from core.domain.scenarios import Grade
from core.domain.tactics import Tactic
from core.errors import AdapterError
from core.flow.catalog import StepContext, step
from core.steps.moment import eastern, known_at, session_of
from core.steps.order_effects import MAY_BE_OUT
from core.steps.services import Services
from core.steps.telling import tell_once

POLICY = "policy:"
ONE_MINUTE = timedelta(minutes=1)


@step("guards.check")
def check(context: StepContext) -> dict[str, Any]:
    """Judge the account as it is now, whatever moment the run is for; tighten, never loosen.

    cancels: open entries are to be cancelled. halts: the strictest state is asked for.
    """
    services = context.services
    found = look(services)
    services.storage.guards.append(found)
    services.storage.guards.lock(found.locks)
    is_tightened = _tighten(services, found)
    _tell(services)
    return {
        "asks_for": found.asks_for,
        "breached": [one.name for one in found.breaches],
        "tightened": is_tightened,
        "cancels": _cancels(services, found),
        "halts": found.asks_for is TradingState.HALTED,
    }


def look(services: Services) -> GuardReport:
    """Return what the guards say of the account at this moment, under the limits in force."""
    facts = account_facts(services)
    return report(services.storage.policies.effective(facts.session_date), facts)


def account_facts(services: Services, grade: Grade | None = None) -> AccountFacts:
    """Ask the broker for the account; grade: of the plan that is to be entered."""
    now = services.clock.now()
    equity, silence = _read_equity(services, now)
    known = known_facts(services, equity, now)
    return known.model_copy(update={"silence": silence, "grade": grade})


def known_facts(services: Services, equity: EquityMarks | None, now: datetime) -> AccountFacts:
    """Return what the store knows of the account besides its equity; nobody is asked."""
    storage, session_date = services.storage, session_of(now)
    return AccountFacts(
        now=now,
        session_date=session_date,
        equity=equity,
        results=tuple(storage.guards.results(now)),
        trades_today=storage.tactics.trades_on(session_date),
        entries=tuple(storage.guards.entries_since(day_start(session_date))),
    )


def _read_equity(services: Services, now: datetime) -> tuple[EquityMarks | None, str]:
    """Read the account and return its marks; a broker that fails leaves them missing."""
    try:
        account = services.adapters.broker.account()
    except AdapterError as error:
        return None, str(error)
    storage = services.storage
    storage.trading.append_account(account.model_copy(update={"as_of": now}))
    return storage.guards.equity_marks(account.account_id, session_of(now), now), ""


def _tighten(services: Services, found: GuardReport) -> bool:
    """Change the state of the desk where the guards ask for a stricter one."""
    asking = [one for one in found.breaches if one.action.state is found.asks_for]
    if found.asks_for is TradingState.ACTIVE:
        return False
    first, reason = asking[0], "; ".join(one.detail for one in asking)
    actor = f"{POLICY}{first.name}"
    if not services.state.tighten(found.asks_for, reason, actor):
        return False
    payload = {"state": str(found.asks_for), "reason": reason}
    services.storage.audit.record(actor, "guard", "desk", payload, found.checked_at)
    return True


def _tell(services: Services) -> None:
    """Tell the operator once that a guard has changed the state, also if a crash came between."""
    switch = services.state.trading()
    if not switch.updated_by.startswith(POLICY) or switch.updated_at is None:
        return
    if switch.state is TradingState.ACTIVE:
        return
    key = f"alert:guard:{switch.updated_by.removeprefix(POLICY)}:{switch.updated_at:%Y%m%dT%H%M%SZ}"
    title = f"A guard has stopped entries: the desk is {switch.state.replace('_', ' ')}"
    body = (
        f"{switch.reason}. Open entries are cancelled, positions keep their stops. Trading goes on "
        "once you resume it; a raised limit counts from the next session."
    )
    tell_once(services, key, title, body)


def _cancels(services: Services, found: GuardReport) -> bool:
    """Tell whether no entry may be open: a guard asks for it, or the operator has."""
    if found.asks_for is not TradingState.ACTIVE:
        return True
    halt = services.storage.guards.newest_halt()
    is_halted = services.state.trading_state() is TradingState.HALTED
    return is_halted and halt is not None and halt.depth.cancels


def refusal(context: StepContext, request: OrderRequest, tactic: Tactic) -> str:
    """Say what holds an entry back at this very moment, "" where nothing does.

    One that has been sent, or may have been, is for the ledger to see to.
    """
    record = context.services.ledger.get(request.client_order_id)
    if record is not None and record.state in {*MAY_BE_OUT, EffectState.DONE}:
        return ""
    return (
        _of_state(context.services)
        or _of_account(context.services, tactic)
        or _of_order(context, request)
    )


def _of_state(services: Services) -> str:
    switch = services.state.trading()
    if switch.state is TradingState.ACTIVE:
        return ""
    return f"the desk is {switch.state.replace('_', ' ')}: {switch.reason}"


def _of_account(services: Services, tactic: Tactic) -> str:
    """Return the lock that holds, or what the account's guards say at this moment."""
    plan = tactic.scenario
    if plan is None:
        return ""
    facts = account_facts(services, plan.grade)
    for lock in services.storage.guards.locks_at(facts.now):
        if lock.holds(plan.side, facts.now):
            return f"no entry until {eastern(lock.until)}: {lock.reason}"
    limits = services.storage.policies.effective(facts.session_date).guards
    said = account_guards(limits, facts)
    return next((one.detail for one in said if one.action is not GuardAction.NONE), "")


def _of_order(context: StepContext, request: OrderRequest) -> str:
    """Judge the order by the market of now; a replay, or a session of the past, has none."""
    services = context.services
    if services.clock.is_replay or context.inputs.get("backfill"):
        return ""
    now = known_at(context)
    facts = OrderFacts(
        now=now,
        request=request,
        quote=services.storage.quotes.latest_of([request.symbol], now).get(request.symbol),
        sent_at=tuple(record.updated_at for record in _sent(services)),
    )
    limits = services.storage.policies.effective(session_of(services.clock.now())).guards
    return next((one.detail for one in order_guards(limits, facts) if one.breached), "")


def _sent(services: Services) -> list[EffectRecord]:
    """Return the orders that went to the broker, or may have, in the last minute."""
    recent = services.ledger.changed_since(datetime.now(UTC) - ONE_MINUTE)
    sent = {*MAY_BE_OUT, EffectState.DONE}
    target = services.adapters.broker.name
    return [r for r in recent if r.target == target and "side" in r.request and r.state in sent]
