"""Positions and the orders around them at one moment, and whose they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from core.domain.flow import EffectRecord
from core.domain.order_keys import entry_of, protection_key
from core.domain.orders import Order
from core.domain.protection import Held
from core.domain.trading import Fill, FillLeg, Position
from core.steps.broker_reads import BrokerReads
from core.steps.services import Services


@dataclass(frozen=True)
class Look:
    """What is open at the broker. held: what is left of the desk's entries, by the fills."""

    positions: Mapping[str, Position]
    orders: Sequence[Order]
    held: Sequence[Held]

    @property
    def quantities(self) -> dict[str, Decimal]:
        return {symbol: position.quantity for symbol, position in self.positions.items()}


def look(services: Services) -> Look | None:
    """Return what is open at one moment, None while it changes: the next tick looks again.

    An order that is not listed is asked for by its name before anything is said of it.
    """
    broker, held = BrokerReads(services.adapters.broker), entries_held(services)
    before, orders = broker.positions(), broker.open_orders()
    asked = _unlisted(services, broker, orders, held)
    positions = broker.positions()
    if _sizes(before) != _sizes(positions) or broker.open_orders() != orders:
        return None
    open_ = {position.symbol: position for position in positions if position.quantity}
    return Look(open_, [*orders, *asked], held)


def _unlisted(
    services: Services, broker: BrokerReads, orders: Sequence[Order], held: Sequence[Held]
) -> list[Order]:
    listed = {order.client_order_id for order in orders}
    names = {own.entry_id for own in held}
    names |= {sent.key for own in held for sent in protections(services, own.entry_id)}
    asked = [broker.order_by_client_id(name) for name in sorted(names - listed)]
    return [order for order in asked if order is not None]


def _sizes(positions: Sequence[Position]) -> dict[str, Decimal]:
    return {position.symbol: position.quantity for position in positions}


def entries_held(services: Services) -> list[Held]:
    """Return what is left of each entry of the desk."""
    kept, left = services.storage.reconciliations, defaultdict[tuple[str, str], Decimal](Decimal)
    owners = kept.owners()
    for order in kept.traded():
        entry = entry_of(order.client_order_id)
        if entry in owners:
            left[entry, order.symbol] += order.net
    return [Held(*key, quantity) for key, quantity in left.items() if quantity]


def protections(services: Services, entry_id: str) -> Iterator[EffectRecord]:
    """Yield the orders that were ever to protect what an entry has brought, the first one first."""
    number = 1
    while (record := services.ledger.get(protection_key(entry_id, number))) is not None:
        yield record
        number += 1


def fills_of(services: Services, entry_id: str) -> list[Fill]:
    """Return the fills of an entry and of what protected it, oldest first."""
    names = [entry_id, *(record.key for record in protections(services, entry_id))]
    fills = (fill for name in names for fill in services.storage.trading.fills(name))
    return sorted(fills, key=lambda fill: fill.filled_at)


def sold_at_targets(services: Services, entry_id: str) -> Decimal:
    """Return how many shares of an entry have left at its targets."""
    fills = fills_of(services, entry_id)
    return sum((f.quantity for f in fills if f.leg is FillLeg.TARGET), Decimal(0))
