"""Compare the desk's books with the broker's, and keep from trading what does not agree."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from core.domain.order_events import OrderEventKind
from core.domain.reconciliation import (
    PATIENCE,
    DeskSide,
    Difference,
    ReconciliationRun,
    Unanswered,
    blocking,
    next_anchor,
    reconcile,
)
from core.flow import calendars
from core.flow.catalog import StepContext, step
from core.steps.account_reading import Reading, read_account
from core.steps.broker_reads import BrokerReads
from core.steps.desk_side import desk_side, known
from core.steps.moment import CALENDAR, session_of
from core.steps.order_events import Teller
from core.steps.services import Services
from core.steps.telling import tell_once
from core.steps.unclear_effects import look_up


@step("reconcile.look_up")
def look_up_effects(context: StepContext) -> dict[str, Any]:
    """Look up what was sent to the broker and never answered."""
    return {"settled": look_up(context.services, _teller(context))}


@step("reconcile.run")
def run(context: StepContext) -> dict[str, Any]:
    """Compare orders, fills, positions and cash with the broker's."""
    done = compare(context.services, _teller(context))
    blocked = [one.difference_id for one in blocking(done.differences)]
    return {
        "state": done.state,
        "differences": len(done.differences),
        "blocked": blocked,
        "is_telling": bool(blocked or done.no_answer),
        "is_heard": not done.no_answer,
        "no_answer": done.no_answer,
    }


@step("reconcile.tell")
def tell(context: StepContext) -> dict[str, Any]:
    """Escalate what keeps the desk from trading."""
    return {"told": tell_of_blocks(context.services, context.as_of)}


def reconcile_now(services: Services, actor: str, at: datetime) -> ReconciliationRun:
    """Do at once what the workflow does: at the start, after a lost connection, by hand."""
    teller = Teller(services.storage, actor, at)
    look_up(services, teller)
    done = compare(services, teller)
    tell_of_blocks(services, at)
    return done


def trading_block(services: Services, symbol: str, actor: str) -> str:
    """Say why desk and broker keep a symbol from being traded, "" where they do not.

    Where nothing was compared since the start, or not lately in a session, it is done now.
    """
    now = services.clock.now()
    oldest = now - PATIENCE if calendars.is_open(CALENDAR, now) else None
    standing = services.storage.reconciliations.standing()
    heard = standing.answered_at
    if heard is None or (oldest is not None and heard < oldest):
        reconcile_now(services, actor, now)
        standing = services.storage.reconciliations.standing()
    return standing.refusal(symbol, oldest)


def compare(services: Services, teller: Teller) -> ReconciliationRun:
    """Catch up with the broker and keep what still differs; a second look confirms it."""
    first = _look(services, teller)
    if isinstance(first, Unanswered) or not first.differences:
        return _keep(services, teller, first)
    second = _look(services, teller)
    if isinstance(second, ReconciliationRun):
        stood = {one.difference_id for one in first.differences}
        both = tuple(one for one in second.differences if one.difference_id in stood)
        second = second.model_copy(
            update={"differences": both, "fills": first.fills + second.fills}
        )
    return _keep(services, teller, second)


def _look(services: Services, teller: Teller) -> ReconciliationRun | Unanswered:
    desk = desk_side(services, teller.at)
    reading = read_account(BrokerReads(services.adapters.broker), known(services, desk))
    if isinstance(reading, Unanswered):
        return reading
    desk = _catch_up(services, teller, desk, reading)
    differences = reconcile(desk, reading.side)
    return ReconciliationRun(
        run_id=teller.actor,
        broker=services.adapters.broker.name,
        reconciled_at=teller.at,
        differences=differences,
        orders=len(reading.side.orders),
        fills=len(reading.fills),
        positions=len(reading.side.positions),
        anchor=next_anchor(desk.cash, reading.side.account, differences, teller.at),
    )


def _catch_up(services: Services, teller: Teller, desk: DeskSide, reading: Reading) -> DeskSide:
    """Keep what the broker tells of the desk's own orders; others' are adopted by hand alone."""
    trading, told = services.storage.trading, reading.side.orders
    trading.append_fills(reading.fills)
    trading.save_fill_cursor(reading.cursor, teller.at)
    trading.append_positions(teller.at, reading.side.positions)
    own = [order for key, order in told.items() if desk.is_known(key)]
    news = {order.client_order_id: order for order in teller.keep(own, desk.orders)}
    for key, order in told.items():
        if not desk.is_known(key):
            seen = Teller(services.storage, teller.actor, order.submitted_at)
            seen.tell(order, OrderEventKind.EXTERNAL)
    traded = services.storage.reconciliations.traded() if reading.fills else desk.traded
    return replace(desk, orders={**desk.orders, **news}, traded=traded)


def _keep(
    services: Services, teller: Teller, done: ReconciliationRun | Unanswered
) -> ReconciliationRun:
    """Keep a comparison, with the moments since which its differences have stood."""
    kept = services.storage.reconciliations
    if isinstance(done, Unanswered):
        done = ReconciliationRun(
            run_id=teller.actor,
            broker=services.adapters.broker.name,
            reconciled_at=teller.at,
            no_answer=done.reason,
        )
    before = kept.newest_answered()
    stood = before.since if before else {}
    ids = [one.difference_id for one in done.differences]
    done = done.model_copy(update={"since": {key: stood.get(key, teller.at) for key in ids}})
    kept.append(done)
    return done


def tell_of_blocks(services: Services, at: datetime) -> int:
    """Tell the operator of each difference that blocks, and of a broker that does not answer."""
    standing = services.storage.reconciliations.standing()
    if standing.newest is not None and standing.newest.no_answer:
        key = f"alert:reconcile:no-answer:{session_of(at)}"
        tell_once(services, key, "The broker does not answer", _silence(standing.newest))
    told = 0
    for one in standing.open:
        if blocking([one.difference]):
            key = f"alert:reconcile:{one.difference_id[:16]}:{one.since:%Y%m%dT%H%M%SZ}"
            tell_once(services, key, _title(one.difference), _body(one.difference))
            told += 1
    return told


def _silence(done: ReconciliationRun) -> str:
    return (
        f"{done.no_answer}. What it holds is unknown, not nothing: no new order goes out until "
        "a comparison succeeds."
    )


def _title(difference: Difference) -> str:
    what = ", ".join(difference.symbols) or "Everything"
    kind = difference.kind.replace("_", " ")
    return f"{what} is blocked: desk and broker differ ({kind})"


def _body(difference: Difference) -> str:
    return (
        f"{difference.subject}. The desk: {difference.desk}. The broker: {difference.broker}. "
        "Adopt or ignore it on the page Positions."
    )


def _teller(context: StepContext) -> Teller:
    return Teller(context.services.storage, context.run_id, context.as_of)
