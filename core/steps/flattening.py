"""Close every position of the account, each share once, and tell what is still held."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import count, takewhile

from core.domain.flow import EffectRecord, EffectState
from core.domain.guards import HaltDepth
from core.domain.guards.halting import Closing, closings, flatten_key, on_its_way, to_cancel
from core.domain.order_events import OrderEventKind
from core.domain.order_keys import close_key, entry_of, is_protection, protection_key
from core.domain.orders import Order, OrderRequest
from core.domain.reconciliation import plain
from core.domain.reconciliation.orders import in_words
from core.steps.clearing import OVER, Clearing, cancel_order, steady_look
from core.steps.coverage import Look, fills_of
from core.steps.order_effects import MAY_BE_OUT, ClosePosition, SubmitOrder
from core.steps.unclear_effects import LookUpOnly, still_unclear

WHY = "the kill switch"


def close_positions(clearing: Clearing) -> list[str]:
    """Send what closes all positions that nothing is closing yet; return under which names."""
    if clearing.depth is not HaltDepth.FLATTEN:
        return []
    seen = steady_look(clearing)
    sent = [_close(clearing, seen, closing) for closing in _still_open(clearing, seen)]
    return [name for name in sent if name]


def remains(clearing: Clearing) -> list[str]:
    """Return what is still there against the depth, each in words for the operator.

    Raises: UnavailableError while positions change, or where the broker does not answer.
    """
    seen = steady_look(clearing)
    orders = to_cancel(seen.orders, clearing.own, clearing.depth)
    left = [f"{order.client_order_id} is open: {in_words(order)}" for order in orders]
    left += [f"{one.key} may have arrived: {one.note}" for one in still_unclear(clearing.services)]
    if clearing.depth is HaltDepth.FLATTEN:
        left += [_in_words(clearing, seen, one) for one in closings(seen.quantities, seen.held)]
    return left


def _still_open(clearing: Clearing, seen: Look) -> Iterator[Closing]:
    own = clearing.own
    for closing in closings(seen.quantities, seen.held):
        left = closing.quantity - on_its_way(closing, seen.orders, own)
        if left > 0:
            yield Closing(closing.symbol, closing.entry_id, left, closing.sign)


def _close(clearing: Clearing, seen: Look, closing: Closing) -> str:
    """Close shares in the way that is due next; return its name, "" where it must wait."""
    if closing.entry_id and not _has_sold_beside(clearing, closing.entry_id):
        return _close_entry(clearing, closing.entry_id)
    if _clear_the_way(clearing, seen, closing):
        return ""
    return _send(clearing, closing)


def _has_sold_beside(clearing: Clearing, entry_id: str) -> bool:
    """Tell whether orders of protection sold shares of an entry, which its broker counts apart."""
    return any(fill.client_order_id != entry_id for fill in fills_of(clearing.services, entry_id))


def _close_entry(clearing: Clearing, entry_id: str) -> str:
    """Let the broker end the entry's own exits and flatten it; what came to nothing is repeated."""
    key = clearing.unused(close_key(entry_id))
    request = {"client_order_id": entry_id, "reason": WHY}
    done = clearing.apply(key, ClosePosition(clearing.broker), request)
    return key if done else ""


def _clear_the_way(clearing: Clearing, seen: Look, closing: Closing) -> bool:
    """Cancel what holds the shares, and tell whether it did: they are free at a later look."""
    protecting = [o for o in seen.orders if o.is_working and is_protection(o.client_order_id)]
    own = [order for order in protecting if entry_of(order.client_order_id) == closing.entry_id]
    for order in own:
        cancel_order(clearing, order)
    foreign = to_cancel(seen.orders, clearing.own, clearing.depth)
    is_held = not closing.entry_id and any(o.symbol == closing.symbol for o in foreign)
    return bool(own) or is_held


def _send(clearing: Clearing, closing: Closing) -> str:
    """Send the market order once; of one that may be out already it is found out whether it is."""
    effect = SubmitOrder(clearing.broker, clearing.services.ledger, clearing.teller.at)
    number = 1
    for record in _sent_before(clearing, closing):
        if _may_be_out(clearing, record):
            clearing.apply(record.key, LookUpOnly(effect), record.request)
            return ""
        if record.state not in OVER and _is_of(record, closing):
            break
        number += 1
    request = closing.request(_names(clearing, closing)(number))
    clearing.teller.tell(request, OrderEventKind.SENDING, WHY)
    done = clearing.apply(request.client_order_id, effect, request.model_dump(mode="json"))
    if done is None:
        return ""
    clearing.teller.keep([Order.model_validate((done.response or {})["order"])])
    return request.client_order_id


def _names(clearing: Clearing, closing: Closing) -> Callable[[int], str]:
    """Return how the orders are named that close shares: each entry's after the entry."""
    if closing.entry_id:
        return partial(protection_key, closing.entry_id)
    return partial(flatten_key, closing.symbol, clearing.run_id)


def _sent_before(clearing: Clearing, closing: Closing) -> Iterator[EffectRecord]:
    name = _names(clearing, closing)
    records = (clearing.record(name(number)) for number in count(1))
    return (record for record in takewhile(lambda one: one is not None, records) if record)


def _may_be_out(clearing: Clearing, record: EffectRecord) -> bool:
    """Tell whether an order may still trade, whatever the list of open orders says of it."""
    if record.state is not EffectState.DONE:
        return record.state in MAY_BE_OUT
    order = clearing.broker.order_by_client_id(record.key)
    return order is not None and order.is_working


def _is_of(record: EffectRecord, closing: Closing) -> bool:
    """Tell whether an order that surely was not sent is the one that is needed now."""
    return OrderRequest.model_validate(record.request) == closing.request(record.key)


def _in_words(clearing: Clearing, seen: Look, closing: Closing) -> str:
    side, whose = ("long" if closing.sign > 0 else "short"), closing.entry_id or "EXTERNAL"
    what = f"{plain(closing.quantity)} {closing.symbol} {side} of {whose} are held"
    going = on_its_way(closing, seen.orders, clearing.own)
    if going:
        return f"{what}: an order at the market for {plain(going)} waits to be filled"
    return f"{what}: {_why(clearing, closing) or 'nothing is on its way that closes them'}"


def _why(clearing: Clearing, closing: Closing) -> str:
    """Return what the ledger notes of the last order that was to close them and has not."""
    closes = clearing.used(close_key(closing.entry_id)) if closing.entry_id else []
    sent = [*closes, *_sent_before(clearing, closing)]
    failed = [record for record in sent if record.state is not EffectState.DONE]
    return f"{failed[-1].key}: {failed[-1].note}" if failed else ""
