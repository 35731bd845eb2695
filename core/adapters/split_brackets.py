"""Several take-profits at a broker that holds one an order: one order for each, told as one.

The parts of an order "x" are "x", "x-2" and "x-3", each a bracket of its own over its share of the
quantity. A submission that was cut goes on where it stopped: each part is sent once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from threading import Event

from core.domain.orders import Bracket, Order, OrderChange, OrderRequest, OrderStatus, Purpose
from core.domain.trading import (
    Account,
    Asset,
    BrokerCapabilities,
    Fill,
    MarketClock,
    Position,
    TradeUpdate,
)
from core.errors import OutcomeUnknownError, RejectedError, UnavailableError
from core.ports import Broker

MOST_PARTS = 3
PART = re.compile(r"(?P<whole>order:.+:entry)-(?P<number>[23])")


class SplitBrackets:
    """A broker that takes brackets of several take-profits, over one that takes one."""

    def __init__(self, broker: Broker) -> None:
        self.name, self.timeout_s = broker.name, MOST_PARTS * broker.timeout_s
        self._broker = broker

    def capabilities(self) -> BrokerCapabilities:
        return self._broker.capabilities().model_copy(update={"several_take_profits": True})

    def connect(self) -> None:
        self._broker.connect()

    def close(self) -> None:
        self._broker.close()

    def clock(self) -> MarketClock:
        return self._broker.clock()

    def account(self) -> Account:
        return self._broker.account()

    def positions(self) -> list[Position]:
        return self._broker.positions()

    def asset(self, symbol: str) -> Asset:
        return self._broker.asset(symbol)

    def open_orders(self) -> list[Order]:
        """Return the open orders, the parts of one order as one, closed parts included."""
        found = self._broker.open_orders()
        whole_ids = dict.fromkeys(_whole(order.client_order_id) for order in found)
        known = {order.client_order_id: order for order in found}
        return [_merged(self._parts(whole_id, known)) for whole_id in whole_ids]

    def order_by_client_id(self, client_order_id: str) -> Order | None:
        parts = self._parts(client_order_id, {})
        return _merged(parts) if parts else None

    def fills_since(self, cursor: str) -> tuple[list[Fill], str]:
        fills, after = self._broker.fills_since(cursor)
        return [_of_whole(fill) for fill in fills], after

    def submit(self, request: OrderRequest, submitted_at: datetime) -> Order:
        """Submit each part; once one is accepted, a part that is refused only makes it smaller."""
        first, *rest = split(request)
        orders = [self._broker.submit(first, submitted_at)]
        for part in rest:
            try:
                orders.append(self._broker.submit(part, submitted_at))
            except RejectedError as error:
                return _merged(orders).model_copy(update={"reason": str(error)[:500]})
            except UnavailableError as error:  # of the whole order it was done, in part
                reason = f"{len(orders)} of {len(rest) + 1} parts are there: {error}"
                raise OutcomeUnknownError(self.name, "submit", reason) from error
        return _merged(orders)

    def replace(self, client_order_id: str, change: OrderChange) -> Order:
        parts = self._parts(client_order_id, {})
        working = [part.client_order_id for part in parts if part.is_working] or [client_order_id]
        for part_id in working:
            self._broker.replace(part_id, change)
        return _merged(self._parts(client_order_id, {}))

    def cancel(self, client_order_id: str) -> None:
        for part in self._parts(client_order_id, {}):
            self._broker.cancel(part.client_order_id)

    def close_position(self, client_order_id: str, reason: str) -> None:
        for part in self._parts(client_order_id, {}):
            self._broker.close_position(part.client_order_id, reason)

    def suspend(self) -> None:
        self._broker.suspend()

    def resume(self) -> None:
        self._broker.resume()

    def listen(self, on_update: Callable[[TradeUpdate], None], stop: Event) -> None:
        def tell(update: TradeUpdate) -> None:
            whole_id = _whole(update.client_order_id)
            on_update(update.model_copy(update={"client_order_id": whole_id}))

        self._broker.listen(tell, stop)

    def _parts(self, client_order_id: str, known: dict[str, Order]) -> list[Order]:
        """Return the parts of an order that are there; a part never is without those before."""
        parts = []
        for part_id in _part_ids(client_order_id):
            part = known.get(part_id) or self._broker.order_by_client_id(part_id)
            if part is None:
                break
            parts.append(part)
        return parts


def split(request: OrderRequest) -> tuple[OrderRequest, ...]:
    """Return an entry as one order for each of its take-profits; any other order as it is."""
    bracket = request.bracket
    if bracket is None or request.purpose is Purpose.EXIT or len(bracket.take_profits) == 1:
        return (request,)
    names = _part_ids(request.client_order_id)
    return tuple(
        request.model_copy(
            update={
                "client_order_id": name,
                "quantity": target.quantity,
                "bracket": Bracket(stop_price=bracket.stop_price, take_profits=(target,)),
            }
        )
        for name, target in zip(names, bracket.take_profits, strict=False)
    )


def _part_ids(client_order_id: str) -> tuple[str, ...]:
    """Return the names that the parts of an order may have; only an entry has several."""
    is_entry = client_order_id.endswith(":entry")
    more = range(2, MOST_PARTS + 1) if is_entry else ()
    return (client_order_id, *(f"{client_order_id}-{number}" for number in more))


def _whole(client_order_id: str) -> str:
    found = PART.fullmatch(client_order_id)
    return found["whole"] if found else client_order_id


def _of_whole(fill: Fill) -> Fill:
    return fill.model_copy(update={"client_order_id": _whole(fill.client_order_id)})


def _merged(parts: Sequence[Order]) -> Order:
    """Return the parts as one order; its average price is weighed by what each has filled."""
    first = parts[0]
    if len(parts) == 1:
        return first
    filled = sum((part.filled_quantity for part in parts), Decimal(0))
    return first.model_copy(
        update={
            "quantity": sum((part.quantity for part in parts), Decimal(0)),
            "bracket": _merged_bracket(parts),
            "legs": tuple(leg for part in parts for leg in part.legs),
            "status": _merged_status(parts, filled),
            "filled_quantity": filled,
            "average_fill_price": _average(parts, filled),
            "updated_at": max(part.updated_at for part in parts),
        }
    )


def _merged_bracket(parts: Sequence[Order]) -> Bracket | None:
    brackets = [part.bracket for part in parts if part.bracket]
    if len(brackets) < len(parts):
        return None
    targets = tuple(target for bracket in brackets for target in bracket.take_profits)
    return Bracket(stop_price=brackets[0].stop_price, take_profits=targets)


def _merged_status(parts: Sequence[Order], filled: Decimal) -> OrderStatus:
    """Return the one that all share; open while one is, filled in part where one has filled."""
    states = {part.status for part in parts}
    if len(states) == 1:
        return states.pop()
    if any(state.is_open for state in states):
        return OrderStatus.PARTIALLY_FILLED if filled else OrderStatus.ACCEPTED
    ends = (OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.FILLED, OrderStatus.REJECTED)
    return next(state for state in ends if state in states)


def _average(parts: Sequence[Order], filled: Decimal) -> Decimal | None:
    if not filled:
        return None
    paid = sum(((p.average_fill_price or 0) * p.filled_quantity for p in parts), Decimal(0))
    return (paid / filled).quantize(Decimal("0.000001"))
