"""One look at everything that IBKR tells of orders and trades."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ib_async import IB, Trade
from ib_async import Fill as Traded

from core.adapters.brokers.ibkr import executions
from core.adapters.brokers.ibkr.gateway import Gateway
from core.adapters.brokers.ibkr.known import Known
from core.adapters.brokers.ibkr.orders import to_order
from core.adapters.brokers.ibkr.record import Record
from core.adapters.brokers.ibkr.refs import Part, parse_ref, to_ref
from core.adapters.brokers.ibkr.sightings import Sighting, sightings
from core.domain.orders import Order

COMMISSION_S = 1.0


@dataclass(frozen=True)
class Picture:
    """What IBKR showed at one moment, by its own clock."""

    shown: tuple[Sighting, ...]
    unsent: tuple[Sighting, ...]
    at: datetime

    @property
    def open_names(self) -> list[str]:
        """Return the orders of which a part is open, in the order in which IBKR shows them."""
        return list(dict.fromkeys(one.name for one in self.shown if one.status.is_open))

    @property
    def open_mains(self) -> set[str]:
        """Return the orders that are open themselves, not by their exits alone."""
        return {o.name for o in self.shown if o.status.is_open and o.part is Part.MAIN}

    def by_name(self) -> dict[str, list[Sighting]]:
        found: dict[str, list[Sighting]] = {}
        for one in self.shown:
            found.setdefault(one.name, []).append(one)
        return found


class Lookup:
    """Finds orders by account and orderRef, and keeps what IBKR will forget."""

    def __init__(self, gateway: Gateway, record: Record) -> None:
        self._gateway = gateway
        self._record = record
        self._kept: set[str] = set()

    async def known(self, ib: IB, name: str) -> Known:
        """Return all that is known of an order, and keep how it stands."""
        name = parse_ref(name)[0]
        known = self._known(await self._picture(ib, [name]), [name])[0]
        self._keep([known])
        return known

    async def open_orders(self, ib: IB) -> list[Order]:
        """Return what is open; exits of an order that never was one stand for themselves."""
        picture = await self._picture(ib, ())
        found = self._known(picture, picture.open_names)
        return self._keep(found) + [order for known in found for order in _strays(known)]

    def keep_at_once(self, traded: Traded) -> None:
        """Keep a trade as it happens: IBKR may have forgotten it when it is next asked."""
        self._keep_fills(executions.of_account([traded], self._gateway.account))

    async def executions(self, ib: IB) -> None:
        """Ask for the executions of the day, and keep them."""
        await self._gateway.ask(ib.reqExecutionsAsync())
        await self._keep_executions(ib)

    async def _picture(self, ib: IB, names: Sequence[str]) -> Picture:
        """Ask for open orders and executions, and for what has ended if that may matter.

        The number of questions in a second is limited.
        """
        opened, _ = await self._gateway.ask(
            asyncio.gather(ib.reqAllOpenOrdersAsync(), ib.reqExecutionsAsync())
        )
        await self._keep_executions(ib)
        picture = self._seen(opened)
        if {*names, *picture.open_names} <= picture.open_mains:
            return picture
        completed, at = await self._gateway.ask(
            asyncio.gather(ib.reqCompletedOrdersAsync(False), ib.reqCurrentTimeAsync())
        )
        self._gateway.clock.set(at)
        return self._seen([*opened, *completed])

    def _seen(self, trades: Iterable[Trade]) -> Picture:
        shown = sightings(_once(trades), self._gateway.account)
        sent = tuple(one for one in shown if one.is_sent)
        unsent = tuple(one for one in shown if not one.is_sent)
        return Picture(sent, unsent, self._gateway.clock.now())

    async def _keep_executions(self, ib: IB) -> None:
        """Keep what is new of them; a commission may come a moment after its execution."""
        at = self._gateway.clock.now()
        new = [one for one in ib.fills() if one.execution.execId not in self._kept]
        traded = executions.of_account(new, self._gateway.account)
        await self._gateway.pause_until(
            lambda: all(executions.is_complete(one, at) for one in traded), COMMISSION_S
        )
        self._keep_fills([one for one in traded if executions.is_complete(one, at)])

    def _keep_fills(self, traded: Sequence[Traded]) -> None:
        entries = self._record.entries({executions.name_of(one) for one in traded})
        client_id = self._gateway.client_id
        fills = [
            (executions.key(one), executions.to_fill(one, entries, client_id)) for one in traded
        ]
        self._record.add_fills(fills)
        self._kept.update(fill.fill_id for _, fill in fills)

    def _known(self, picture: Picture, names: Sequence[str]) -> list[Known]:
        entries, fills = self._record.entries(names), self._record.fills(names)
        shown = picture.by_name()
        return [
            Known(
                name=name,
                shown=tuple(shown.get(name, ())),
                unsent=tuple(one for one in picture.unsent if one.name == name),
                entry=entries.get(name),
                fills=fills.get(name, ()),
                at=picture.at,
                since=self._gateway.remembers_since,
            )
            for name in names
        ]

    def _keep(self, found: Iterable[Known]) -> list[Order]:
        orders = [order for known in found if (order := to_order(known)) is not None]
        self._record.note_seen(orders)
        return orders


def _once(trades: Iterable[Trade]) -> Iterable[Trade]:
    """Keep the last telling of each: what changes during an answer is told again in between."""
    told = {t.order.permId or (t.order.clientId, t.order.orderId): t for t in trades}
    return told.values()


def _strays(known: Known) -> Iterable[Order]:
    for one in known.open_parts if known.is_nothing else ():
        alone = replace(one, part=Part.MAIN)
        name = to_ref(one.name, one.part)
        order = to_order(replace(known, name=name, shown=(alone,), entry=None))
        if order is not None:
            yield order
