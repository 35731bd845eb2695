"""Finds orders at Alpaca with all that belongs to them, over replacements and restarts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from core.adapters.brokers.alpaca.families import (
    CLOSES,
    DERIVED,
    Family,
    Owner,
    by_id,
    close_id,
    exits_id,
    leg_of,
)
from core.adapters.brokers.alpaca.mapping import owners
from core.adapters.brokers.alpaca.reading import OrderReader
from core.adapters.brokers.alpaca.wire import WireOrder
from core.domain.trading import FillLeg

MAX_REPLACEMENTS = 50
MAX_KNOWN = 100_000
MARGIN = timedelta(days=7)  # an order may be handed in long after it was made, as over a weekend


class Orders:
    """Reads orders; remembers whose they are, which never changes."""

    def __init__(self, reader: OrderReader) -> None:
        self._reader = reader
        self._owners: dict[str, Owner] = {}
        self._keys: dict[str, str] = {}

    def family(self, key: str) -> Family | None:
        """Return the order of that client order id, None where Alpaca is sure that it has none."""
        original = self._reader.by_client_id(key)
        if original is None:
            return None
        return self._completed(Family(key, original, self._current(original)))

    def open_families(self) -> list[Family]:
        """Return what may still trade, oldest first.

        Alpaca's list of open orders leaves out entries that have filled and stops that wait beside
        a take-profit: what belongs to an order in a group is read from the list of all orders.
        """
        listed = [order for order in self._reader.open_orders() if not _is_option_leg(order)]
        grouped = [order for order in listed if order.is_grouped]
        roots = [order for order in listed if not order.is_grouped] + self._roots(grouped)
        families = [self._of_root(root) for root in roots]
        found = {family.key: family for family in families if family.is_working}
        return sorted(found.values(), key=lambda family: family.original.created_at)

    def owner(self, order_id: str) -> Owner:
        """Return whose fills this order's are."""
        if order_id not in self._owners:
            order = self._reader.by_id(order_id)
            if order is None:
                return Owner(order_id, FillLeg.EXTERNAL)
            self._resolve(order)
        return self._owners[order_id]

    def prepare(self, order_ids: Iterable[str], symbols: set[str], since: datetime) -> None:
        """Learn the owners of many orders at once, as after a restart."""
        unknown = set(order_ids) - set(self._owners)
        if len(unknown) > 2:
            for root in self._reader.heads(symbols, since - MARGIN):
                self._of_root(root)

    def known(self, order_id: str, group_id: str) -> str:
        """Return the key of an order without asking, "" where it is not known."""
        owner = self._owners.get(order_id) or self._owners.get(group_id)
        return owner.key if owner else ""

    def learn(self, family: Family) -> Family:
        if len(self._owners) > MAX_KNOWN:
            self._owners.clear()
        self._owners |= owners(family)
        if family.order.group_id:
            self._owners[family.order.group_id] = Owner(family.key, FillLeg.EXTERNAL)
        return family

    def _current(self, order: WireOrder) -> WireOrder:
        """Return what has the order's place now, with its legs as they are now."""
        if (order.is_grouped or order.is_several) and not order.legs:
            order = self._reader.must(order.id)
        legs = order.legs
        for _ in range(MAX_REPLACEMENTS):
            if order.status != "replaced" or not order.replaced_by:
                break
            order = self._reader.must(order.replaced_by)
        return order.with_legs(tuple(self._current_legs(order.legs or legs)))

    def _current_legs(self, legs: tuple[WireOrder, ...]) -> Iterator[WireOrder]:
        """Yield the legs, and what took their places if it is not among them."""
        present = {leg.id for leg in legs}
        for leg in legs:
            yield leg
            for _ in range(MAX_REPLACEMENTS):
                if leg.status != "replaced" or leg.replaced_by in present | {""}:
                    break
                leg = self._reader.must(leg.replaced_by)  # noqa: PLW2901
                yield leg

    def _completed(self, family: Family) -> Family:
        """Add what was sent in the name of an entry whose own exits are gone."""
        is_alone = family.is_foreign or family.held <= 0
        if is_alone or family.working_exits or family.order.is_open:
            return self.learn(family)
        rescue = self._reader.by_client_id(exits_id(family.key))
        if rescue is not None:
            family = replace(family, rescue=self._current(rescue))
        return self.learn(replace(family, closes=tuple(self._closes(family.key))))

    def _closes(self, key: str) -> Iterator[WireOrder]:
        for number in range(1, CLOSES + 1):
            order = self._reader.by_client_id(close_id(key, number))
            if order is None:
                return
            yield order

    def _of_root(self, root: WireOrder) -> Family:
        """Return the family of the order that heads it."""
        key = self._key(root)
        if key != root.client_order_id or root.status == "replaced":
            family = self.family(key)
            if family is not None:
                return family
        return self._completed(Family(key, root, self._current(root)))

    def _key(self, root: WireOrder) -> str:
        """Return the client order id under which an order was first sent."""
        if root.replaces:
            if root.id not in self._keys:
                self._keys[root.id] = self._key(self._reader.must(root.replaces))
            return self._keys[root.id]
        sent_for = DERIVED.match(root.client_order_id)
        if sent_for is None:
            return root.client_order_id
        if root.id not in self._keys:
            is_there = self._reader.by_client_id(sent_for["key"]) is not None
            self._keys[root.id] = sent_for["key"] if is_there else root.client_order_id
        return self._keys[root.id]

    def _roots(self, orders: list[WireOrder]) -> list[WireOrder]:
        """Return the heads of the groups that these orders are in."""
        if not orders:
            return []
        symbols = {order.symbol for order in orders if not order.is_several}
        since = min(order.created_at for order in orders) - MARGIN
        found = by_id(self._reader.heads(symbols, since))
        if any(self._root(order, found) is None for order in orders):
            found = by_id(self._reader.heads(symbols, None))
        heads = (self._root(order, found) or order for order in orders)
        return list({head.id: head for head in heads}.values())

    def _root(self, order: WireOrder, found: dict[str, WireOrder]) -> WireOrder | None:
        return found.get(order.id) or found.get(order.group_id or order.id)

    def _resolve(self, order: WireOrder) -> None:
        """Learn whose fills an order's are."""
        belongs = order.is_grouped or _is_option_leg(order)
        (root,) = self._roots([order]) if belongs else [order]
        family = self._of_root(root)
        if order.id not in self._owners:
            self._owners[order.id] = Owner(family.key, _leg(order, family))


def _leg(order: WireOrder, family: Family) -> FillLeg:
    """Return what an order was for its family, whose place another one has taken by now."""
    if family.is_foreign:
        return FillLeg.EXTERNAL
    if order.is_grouped and order.group_role != "entry":
        return leg_of(order)
    return FillLeg.ENTRY if family.is_entry else FillLeg.EXIT


def _is_option_leg(order: WireOrder) -> bool:
    return order.is_several and bool(order.symbol)
