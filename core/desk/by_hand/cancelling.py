"""Cancel what of an order has not filled."""

from __future__ import annotations

from core.desk.by_hand.effects import HandEffect
from core.desk.by_hand.hand import Hand, report, silence
from core.domain.holdings import can_be_cancelled
from core.domain.order_keys import cancel_key, is_protection
from core.domain.orders import Order, OrderStatus, Purpose
from core.domain.reconciliation import plain
from core.domain.views.positions import HandReport, Outcome, Word
from core.errors import DomainError, InvalidTransitionError
from core.steps.stops import CancelOrder


def cancelable(hand: Hand, client_order_id: str) -> Order:
    """Return the order as the broker tells it now.

    Raises: InvalidTransitionError if nothing of it is open, DomainError if it may not be.
    """
    if hand.views.last_told(client_order_id) is None:
        raise DomainError(f"{client_order_id} is not on record here: adopt it first")
    order = hand.broker.order_by_client_id(client_order_id)
    if order is None:
        raise InvalidTransitionError(f"the broker has no order {client_order_id}")
    if not can_be_cancelled(order):
        state = order.status.replace("_", " ")
        raise InvalidTransitionError(f"the broker tells of {client_order_id}: {state}")
    if is_protection(client_order_id):
        raise DomainError(f"{client_order_id} protects a position: flatten that instead")
    return order


def cancel(hand: Hand, order: Order, word: Word) -> HandReport:
    """Ask the broker to cancel it, and tell what has become of it."""
    name = order.client_order_id
    one = HandEffect(
        key=hand.effects.next_key(cancel_key(name)),
        effect=CancelOrder(hand.broker),
        request={"client_order_id": name},
        order_id=name,
        symbol=order.symbol,
        what="cancel",
        quantity=order.quantity - order.filled_quantity,
    )
    done = hand.effects.do(one, word)
    failed = done if isinstance(done, HandReport) else None
    heard = hand.look(word)
    if heard.no_answer:
        return report(failed, silence(heard))
    return _told(failed, hand.views.last_told(name) or order)


def _told(failed: HandReport | None, after: Order) -> HandReport:
    filled, whole = plain(after.filled_quantity), plain(after.quantity)
    if after.status is OrderStatus.FILLED:
        told = f"It filled before its cancel: {whole} {after.symbol}."
        return HandReport(Outcome.REFUSED, told)
    if after.status.is_open:
        state = after.status.replace("_", " ")
        return report(failed, f"The broker tells of the order: {state}.")
    kept = ", what has filled stays protected" if filled and _is_entry(after) else ""
    told = f"{after.symbol}: {after.status}, {filled} of {whole} had filled{kept}."
    return report(failed, told, is_done=True)


def _is_entry(order: Order) -> bool:
    return order.purpose is Purpose.ENTRY
