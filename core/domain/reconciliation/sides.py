"""The two sides that are compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from core.domain.order_keys import entry_of
from core.domain.orders import Order
from core.domain.reconciliation.books import EXTERNAL, Books, Traded, books
from core.domain.reconciliation.cash import CashAnchor, CashBook
from core.domain.reconciliation.differences import Adoption
from core.domain.trading import Account, Position


@dataclass(frozen=True)
class Unclear:
    """An effect that was sent and of which nobody knows whether it arrived; symbol may be ""."""

    key: str
    symbol: str
    note: str


@dataclass(frozen=True)
class DeskSide:
    """What the desk has on record.

    orders: the last telling of each, by client order id. owners: the tactic of each entry, by its
    client order id. adopted: what was taken over before. anchor: when the money agreed, None
    before the first comparison. splits: new shares per old one, of the last days.
    """

    orders: Mapping[str, Order] = field(default_factory=dict)
    traded: Sequence[Traded] = ()
    owners: Mapping[str, str] = field(default_factory=dict)
    adopted: Sequence[Adoption] = ()
    unclear: Sequence[Unclear] = ()
    anchor: CashAnchor | None = None
    splits: Mapping[str, Decimal] = field(default_factory=dict)

    @cached_property
    def books(self) -> Books:
        entries = (entry for adoption in self.adopted for entry in adoption.entries)
        return books(self.traded, self.owners, entries)

    @cached_property
    def accepted(self) -> frozenset[str]:
        """The orders of others that the operator has adopted."""
        return frozenset(key for adoption in self.adopted for key in adoption.order_ids)

    @property
    def cash(self) -> CashBook:
        fills = sum((-order.paid - order.fees for order in self.traded), Decimal(0))
        return CashBook(
            flow=fills + sum((adoption.cash for adoption in self.adopted), Decimal(0)),
            fills=sum(order.fills for order in self.traded),
            turnover=sum((order.turnover for order in self.traded), Decimal(0)),
            anchor=self.anchor,
        )

    def owner(self, client_order_id: str) -> str:
        return self.owners.get(entry_of(client_order_id), EXTERNAL)

    def is_known(self, client_order_id: str) -> bool:
        """Tell whether an order is the desk's own, or was adopted."""
        is_own = self.owner(client_order_id) != EXTERNAL
        return is_own or client_order_id in self.accepted or client_order_id in self.orders


@dataclass(frozen=True)
class BrokerSide:
    """What the broker has answered.

    orders: the open ones and those that were asked for, by client order id. absent: those asked
    for of which it is sure that they are not there. retired: symbols that it no longer trades.
    """

    account: Account
    orders: Mapping[str, Order] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    positions: Sequence[Position] = ()
    retired: frozenset[str] = frozenset()

    @cached_property
    def held(self) -> dict[str, Decimal]:
        return quantities(self.positions)


@dataclass(frozen=True)
class Unanswered:
    """The broker did not answer, which says nothing of what it holds."""

    reason: str


def quantities(positions: Iterable[Position]) -> dict[str, Decimal]:
    """Return the signed quantity by symbol."""
    held: dict[str, Decimal] = {}
    for position in positions:
        held[position.symbol] = held.get(position.symbol, Decimal(0)) + position.quantity
    return {symbol: quantity for symbol, quantity in held.items() if quantity}
