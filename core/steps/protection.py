"""Watch that every open position has its stop at the broker."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from core.domain.flow import EffectRecord, EffectState
from core.domain.order_events import OrderEventKind
from core.domain.order_keys import cancel_key, close_key, entry_of, protection_key
from core.domain.orders import Order, OrderRequest
from core.domain.protection import Naked, Protection, naked, superfluous, targets_left
from core.domain.reconciliation import plain
from core.errors import AuthenticationError, EffectBusyError, EffectError, NotFoundError
from core.flow.catalog import StepContext, step
from core.steps.coverage import Look, look, protections, sold_at_targets
from core.steps.order_effects import SubmitOrder
from core.steps.order_events import Teller
from core.steps.services import Services
from core.steps.stops import CancelOrder
from core.steps.telling import tell_once

CLOSING_TAKES = timedelta(minutes=2)
UNTOLD = frozenset({EffectState.UNKNOWN, EffectState.SENDING})


@step("protection.check")
def check(context: StepContext) -> dict[str, Any]:
    """Find positions without a stop, escalate them and put a stop where the plan knows one."""
    services = context.services
    teller = Teller(services.storage, context.run_id, context.as_of)
    seen = look(services)
    if seen is None:
        return {"is_steady": False, "naked": 0, "repaired": 0, "cancelled": 0}
    found = naked(seen.quantities, seen.held, seen.orders)
    gaps = [gap for gap in found if not _is_closing(services, gap)]
    repaired = [_escalate(services, teller, seen, gap) for gap in gaps]
    too_many = superfluous(seen.quantities, seen.orders)
    for order in too_many:
        _cancel(services, order)
    return {
        "is_steady": True,
        "naked": len(gaps),
        "repaired": sum(repaired),
        "cancelled": len(too_many),
    }


def _is_closing(services: Services, gap: Naked) -> bool:
    """Tell whether a position is just being closed: a stop would sell its shares once more."""
    record = services.ledger.get(close_key(gap.entry_id))
    return record is not None and datetime.now(UTC) - record.updated_at < CLOSING_TAKES


def _escalate(services: Services, teller: Teller, seen: Look, gap: Naked) -> bool:
    """Tell the operator of a gap; close it where a stop is known, and tell whether that worked."""
    what = f"{plain(gap.quantity)} {gap.symbol} are without a stop at the broker"
    entry = _filling(services, seen, gap)
    if entry is not None:
        why = (
            f"{entry.client_order_id} has filled in part, and its stop waits: the rest is canceled."
        )
        tell_once(services, f"alert:naked:{entry.client_order_id}", what, why)
        _cancel(services, entry)
        return True
    request = _request(services, seen, gap) if gap.entry_id else None
    if request is None:
        whose = gap.entry_id or "EXTERNAL"
        key = f"alert:naked:{gap.symbol}:{whose}:{plain(gap.quantity)}"
        tell_once(services, key, what, f"No stop is known for {whose}; protect them by hand.")
        return False
    key = f"alert:naked:{request.client_order_id}"
    tell_once(services, key, what, f"They are of {gap.entry_id}. {_remedy(request)}")
    return _send(services, teller, request)


def _filling(services: Services, seen: Look, gap: Naked) -> Order | None:
    """Return the entry of a gap where it is still filling and was not cancelled for it before.

    Some brokers let the exits wait for its last share. Once it is cancelled they must protect what
    it holds; an order to the other side would be refused as long as it works.
    """
    found = (o for o in seen.orders if o.client_order_id == gap.entry_id and o.status.is_open)
    order = next(found, None)
    record = services.ledger.get(cancel_key(order.client_order_id)) if order else None
    return None if record is not None and record.state is EffectState.DONE else order


def _remedy(request: OrderRequest) -> str:
    stop = request.bracket.stop_price if request.bracket else request.stop_price
    if stop is None:
        return "The market is beyond the stop, so they are closed at the market."
    return f"A stop at {stop} is sent."


def _request(services: Services, seen: Look, gap: Naked) -> OrderRequest | None:
    """Return the order that closes a gap; one that may be on its way is looked up first."""
    number = 1
    for record in protections(services, gap.entry_id):
        if record.state in UNTOLD or _is_the_same(record, gap):
            return OrderRequest.model_validate(record.request)
        number += 1
    plan = _protection(services, seen, gap)
    return plan.request(protection_key(gap.entry_id, number), gap) if plan else None


def _is_the_same(record: EffectRecord, gap: Naked) -> bool:
    """Tell whether an order that surely was not sent is the one that is needed now."""
    is_waiting = record.state is EffectState.INTENDED
    return is_waiting and Decimal(str(record.request["quantity"])) == gap.quantity


def _protection(services: Services, seen: Look, gap: Naked) -> Protection | None:
    """Return what the plan says of the rest, None where it names no stop."""
    try:
        bracket = services.storage.trading.request(gap.entry_id).bracket
    except NotFoundError:
        return None
    if bracket is None:
        return None
    can = services.adapters.broker.capabilities()
    left = targets_left(bracket, sold_at_targets(services, gap.entry_id), sign=gap.sign)
    targets = left if can.several_take_profits else left[:1]
    return Protection(
        stop=_stop(services, gap, bracket.stop_price),
        last=seen.positions[gap.symbol].last_price,
        targets=targets if can.oco else (),
    )


def _stop(services: Services, gap: Naked, planned: Decimal) -> Decimal:
    """Return the tightest stop that the plan or a move of it has named."""
    moves = [
        event.price
        for name in (gap.entry_id, *(r.key for r in protections(services, gap.entry_id)))
        for event in services.storage.order_events.of_order(name)
        if event.kind is OrderEventKind.STOP_MOVED and event.price is not None
    ]
    return max([planned, *moves], key=lambda price: gap.sign * price)


def _send(services: Services, teller: Teller, request: OrderRequest) -> bool:
    """Send a protecting order once; a failure is told, and tried again at the next tick."""
    broker, ledger = services.adapters.broker, services.ledger
    key, effect = request.client_order_id, SubmitOrder(broker, ledger, teller.at)
    if services.ledger.get(key) is None:
        teller.tell(request, OrderEventKind.INTENDED, f"protects {entry_of(key)}")
    teller.tell(request, OrderEventKind.SENDING)
    try:
        done = services.ledger.apply(key, effect, request.model_dump(mode="json"))
    except EffectBusyError:
        return False  # another run is sending the very same order
    except (EffectError, AuthenticationError) as error:
        teller.tell_failure(request, error)
        title = f"{plain(request.quantity)} {request.symbol} could not be protected"
        tell_once(services, f"alert:unprotected:{key}", title, str(error))
        return False
    teller.keep([Order.model_validate((done.response or {})["order"])])
    return True


def _cancel(services: Services, order: Order) -> None:
    """Cancel what of an order has not filled."""
    request = {"client_order_id": order.client_order_id}
    effect = CancelOrder(services.adapters.broker)
    services.ledger.apply(cancel_key(order.client_order_id), effect, request)
