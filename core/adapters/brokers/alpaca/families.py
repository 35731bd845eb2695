"""One order of ours and all that belongs to it at Alpaca, as the desk knows it.

Alpaca's bracket protects nothing before its entry has filled to the last share, and a cancel of
the entry takes its exits along. What a cancelled entry holds is therefore protected by a pair of
exits under `<key>:exits`, and flattened by market orders under `<key>:close`, `<key>:close-2` and
so on: all of them are the entry's family, and their fills are told under its key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from core.adapters.brokers.alpaca.wire import ZERO, WireOrder
from core.domain.orders import Bracket, Purpose, TakeProfit
from core.domain.trading import FillLeg, OrderSide

DERIVED = re.compile(r"^(?P<key>.+):(?P<what>exits|close)(-\d+)?$", re.DOTALL)
CLOSES = 9


def entry_key(client_order_id: str) -> str:
    """Return the key of the entry in whose name an order was sent, maybe its own."""
    found = DERIVED.match(client_order_id)
    return found["key"] if found else client_order_id


def exits_id(key: str) -> str:
    return f"{key}:exits"


def close_id(key: str, number: int) -> str:
    return f"{key}:close" if number == 1 else f"{key}:close-{number}"


@dataclass(frozen=True)
class Owner:
    """Whose fills an order's are. key: the client order id under which they are told."""

    key: str
    leg: FillLeg


@dataclass(frozen=True)
class Family:
    """original: as it was submitted; order: what has its place now, with its legs."""

    key: str
    original: WireOrder
    order: WireOrder
    rescue: WireOrder | None = None
    closes: tuple[WireOrder, ...] = ()

    @property
    def purpose(self) -> Purpose:
        """Return what it is for; of others' orders the worse is assumed."""
        order = self.original
        if order.order_class in {"bracket", "oto"}:
            return Purpose.ENTRY
        intents = {order.intent} if order.intent else {leg.intent for leg in self.order.legs}
        closes = bool(intents) and all(intent.endswith("_to_close") for intent in intents)
        return Purpose.EXIT if closes or order.order_class == "oco" else Purpose.ENTRY

    @property
    def is_entry(self) -> bool:
        return self.purpose is Purpose.ENTRY

    @property
    def is_foreign(self) -> bool:
        return self.original.is_made_up

    @property
    def exit_side(self) -> OrderSide:
        return self.order.order_side.opposite if self.is_entry else self.order.order_side

    @property
    def bracket_legs(self) -> tuple[WireOrder, ...]:
        return () if self.order.is_several else self.order.legs

    @property
    def exits(self) -> tuple[WireOrder, ...]:
        """Return the orders that take it off again: legs, the pair that rescues it, closes."""
        pair = () if self.rescue is None else (self.rescue, *self.rescue.legs)
        return (*self.bracket_legs, *pair, *self.closes)

    @property
    def held(self) -> Decimal:
        """Return what an entry has filled and its exits have not."""
        if not self.is_entry:
            return ZERO
        return self.order.filled - sum((each.filled for each in self.exits), ZERO)

    @property
    def working_exits(self) -> tuple[WireOrder, ...]:
        return tuple(each for each in self.exits if each.is_open and not self.waits(each))

    @property
    def is_working(self) -> bool:
        """Tell whether something of it may still trade."""
        return self.order.is_open or bool(self.working_exits)

    @property
    def to_cancel(self) -> tuple[WireOrder, ...]:
        """Return what must end before it can be flattened: an open entry, or its exits."""
        if self.order.is_open:
            return (self.order,)
        return tuple(each for each in self.exits if each.is_open and each not in self.closes)

    @property
    def needs_rescue(self) -> bool:
        """Tell whether a cancelled entry holds what nothing protects, and nothing ever did."""
        had = self.working_exits or self.rescue or self.closes
        return self.order.status in {"canceled", "expired"} and self.held > 0 and not had

    @property
    def stop(self) -> WireOrder | None:
        """Return the open stop that protects it, or will once it has filled."""
        found = [each for each in self.exits if each.is_stop and each.is_open]
        return found[-1] if found else None

    @property
    def bracket(self) -> Bracket | None:
        """Return its newest stop and take-profit, None where it does not have both."""
        head = (self.order,) if self.order.order_class == "oco" else ()
        rescue = () if self.rescue is None else (self.rescue, *self.rescue.legs)
        pair = (*head, *self.bracket_legs, *rescue)
        stops = [each.stop_price for each in pair if each.is_stop and each.stop_price]
        targets = [each.limit_price for each in pair if not each.is_stop and each.limit_price]
        if not stops or not targets or not self.order.quantity:
            return None
        target = TakeProfit(price=targets[-1], quantity=self.order.quantity)
        return Bracket(stop_price=stops[-1], take_profits=(target,))

    def waits(self, leg: WireOrder) -> bool:
        """Tell whether a leg only comes to life when the entry has filled whole."""
        return leg in self.bracket_legs and leg.status == "held" and self._entry_is_not_done

    @property
    def _entry_is_not_done(self) -> bool:
        return self.order.order_class in {"bracket", "oto"} and self.order.status != "filled"


def leg_of(order: WireOrder) -> FillLeg:
    """Return what an exit is; a stop that was reached may come back as a market order."""
    return FillLeg.STOP if order.is_stop or order.kind == "market" else FillLeg.TARGET


def by_id(orders: Iterable[WireOrder]) -> dict[str, WireOrder]:
    """Return orders by their id and by those of their legs, before and after a replacement."""
    found: dict[str, WireOrder] = {}
    for order in orders:
        for each in (order, *order.legs):
            names = {each.id, each.group_id, each.replaces, each.replaced_by} - {""}
            found |= dict.fromkeys(names, order)
    return found
