"""Changes and ends of orders that are there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.adapters.brokers.ibkr.address import NAME
from core.adapters.brokers.ibkr.gateway import Gateway
from core.adapters.brokers.ibkr.known import Known
from core.adapters.brokers.ibkr.lookup import Lookup
from core.adapters.brokers.ibkr.orders import to_order
from core.adapters.brokers.ibkr.placing import Placing
from core.adapters.brokers.ibkr.protecting import Protecting
from core.adapters.brokers.ibkr.record import Record
from core.adapters.brokers.ibkr.refs import Part
from core.adapters.brokers.ibkr.sightings import Sighting
from core.domain.orders import Order, OrderChange, Purpose
from core.errors import RejectedError


@dataclass(frozen=True)
class Changing:
    gateway: Gateway
    record: Record
    lookup: Lookup
    placing: Placing
    protecting: Protecting

    async def replace(self, name: str, change: OrderChange) -> Order:
        """Move the protecting stop, or the limit of an entry that has not filled, in place."""
        async with self.gateway.turn("replace") as ib:
            known = await self.lookup.known(ib, name)
            order = _existing(known)
            _refuse_contradiction(order, change)
            changes = _changes(known, change)
            if not changes:
                return order
            async with self.gateway.sent("replace"):
                for one, fields in changes:
                    await self.placing.change(ib, one, **fields)
                return _existing(await self.lookup.known(ib, name))

    async def cancel(self, name: str) -> None:
        """Cancel what has not filled of an order; the exits of what has filled stay."""
        async with self.gateway.turn("cancel") as ib:
            known = await self.lookup.known(ib, name)
            working = known.open_parts
            own = [one for one in working if one.part is Part.MAIN] if known.is_entry else working
            ending = known.leftovers or own
            if not ending:
                return
            self.record.note_cancel(name, known.at)
            async with self.gateway.sent("cancel"):
                await self.placing.cancel(ib, ending)
                known = await self.lookup.known(ib, name)
                if known.held and await self.protecting.protect(ib, known):
                    await self.lookup.known(ib, name)


def _existing(known: Known) -> Order:
    order = to_order(known)
    if order is None:
        raise RejectedError(NAME, "replace", f"there is no order {known.name!r}")
    return order


def _refuse_contradiction(order: Order, change: OrderChange) -> None:
    """Refuse prices that would not protect. Raises: RejectedError."""
    if order.bracket is None:
        return
    sign = order.side.sign if order.purpose is Purpose.ENTRY else -order.side.sign
    stop = change.stop_price or order.bracket.stop_price
    has_entered = order.filled_quantity > 0 or order.purpose is Purpose.EXIT
    entry = None if has_entered else change.limit_price or order.limit_price
    refusal = order.bracket.model_copy(update={"stop_price": stop}).refusal(sign, entry)
    if refusal:
        raise RejectedError(NAME, "replace", refusal)


def _changes(known: Known, change: OrderChange) -> list[tuple[Sighting, dict[str, Any]]]:
    """Return what is to be changed and is not so already. Raises: RejectedError."""
    changes: list[tuple[Sighting, dict[str, Any]]] = []
    if change.stop_price is not None:
        stop = _open_stop(known)
        if stop.stop_price != change.stop_price:
            changes.append((stop, {"auxPrice": float(change.stop_price)}))
    if change.limit_price is not None:
        main = known.main
        if main is None or not main.status.is_open or not main.kind.has_limit or main.filled:
            reason = f"{known.name} has no limit that could still be moved"
            raise RejectedError(NAME, "replace", reason)
        if main.limit_price != change.limit_price:
            changes.append((main, {"lmtPrice": float(change.limit_price)}))
    return changes


def _open_stop(known: Known) -> Sighting:
    """Return the stop that protects; a stop that is an exit of its own is that itself."""
    stops = [one for one in known.open_exits if one.part is Part.STOP]
    main = known.main
    if not stops and not known.is_entry and main and main.status.is_open and main.kind.has_stop:
        return main
    if not stops:
        raise RejectedError(NAME, "replace", f"{known.name} has no open stop that could be moved")
    return stops[0]
