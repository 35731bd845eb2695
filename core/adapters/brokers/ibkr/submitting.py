"""A new order: looked up first, sent once, and looked up again where IBKR complains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ib_async import IB, Contract
from ib_async import Order as Ticket

from core.adapters.brokers.ibkr import codes, tickets
from core.adapters.brokers.ibkr.address import NAME
from core.adapters.brokers.ibkr.connection import Complaint, number_from
from core.adapters.brokers.ibkr.contracts import Contracts
from core.adapters.brokers.ibkr.gateway import Gateway
from core.adapters.brokers.ibkr.known import Known
from core.adapters.brokers.ibkr.lookup import Lookup
from core.adapters.brokers.ibkr.orders import to_order
from core.adapters.brokers.ibkr.placing import Placing
from core.adapters.brokers.ibkr.protecting import Protecting
from core.adapters.brokers.ibkr.record import Record
from core.domain.orders import Order, OrderRequest, OrderStatus
from core.errors import AdapterError, RejectedError, UnavailableError, UnexpectedResponseError

NUMBERS_AHEAD = 1000  # where one order id was used before, those that follow were too


@dataclass(frozen=True)
class Submitting:
    gateway: Gateway
    record: Record
    lookup: Lookup
    placing: Placing
    contracts: Contracts
    protecting: Protecting

    async def submit(self, request: OrderRequest, submitted_at: datetime) -> Order:
        """Return the order of this id: the one that is there, or the one that is sent now."""
        tickets.refuse_unsupported(request)
        name = request.client_order_id
        async with self.gateway.turn("submit") as ib:
            known = await self._cleared(ib, name)
            order = to_order(known)
            if order is not None:
                return _same(order, request, known)
            contract = await self.contracts.contract(ib, request.symbol)
            parts = tickets.to_orders(request, self.gateway.account, ib.client.getReqId)
            self.record.add(request, submitted_at, known.at)
            async with self.gateway.sent("submit"):
                complaint = await self._send(ib, contract, parts, name)
                sent = to_order(await self.lookup.known(ib, name))
            if complaint is not None:
                self.record.remove(name)
                raise self._refusal(ib, complaint)
            if sent is None:
                raise UnexpectedResponseError(NAME, "submit", f"IBKR took {name} and hides it")
            return sent

    async def _cleared(self, ib: IB, name: str) -> Known:
        """Look it up, after ending what an earlier attempt has left at the gateway."""
        known = await self.lookup.known(ib, name)
        if not known.leftovers:
            return known
        async with self.gateway.sent("submit"):
            await self.placing.cancel(ib, known.leftovers)
            return await self.lookup.known(ib, name)

    async def _send(
        self, ib: IB, contract: Contract, parts: Sequence[Ticket], name: str
    ) -> Complaint | None:
        """Send it; return a complaint where it surely is not there, wholly or in part."""
        complaint = await self.placing.place(ib, contract, parts)
        if complaint is None:
            return None
        known = await self.lookup.known(ib, name)
        is_held = complaint.code == codes.HELD_FOR_LOCATE
        if _stands(known, len(parts)) and not is_held:
            return None
        return None if await self._took_part(ib, known) else complaint

    async def _took_part(self, ib: IB, known: Known) -> bool:
        """End what stands of an order; what it has traded by then is kept and protected."""
        main = known.main
        is_alive = main is not None and (main.status.is_open or main.can_wake)
        await self.placing.cancel(ib, [*known.unsent, *([main] if main and is_alive else [])])
        known = await self.lookup.known(ib, known.name)
        if known.has_traded:
            await self.protecting.protect(ib, known)
            return True
        await self.placing.cancel(ib, known.open_exits)
        return False

    def _refusal(self, ib: IB, complaint: Complaint) -> AdapterError:
        if complaint.code != codes.DUPLICATE_ORDER_ID:
            return codes.to_error("submit", complaint.code, complaint.message)
        client_id = self.gateway.client_id
        number = self.record.used_number(client_id) + NUMBERS_AHEAD
        self.record.note_used(client_id, number)
        number_from(ib, number + 1)
        reason = f"{complaint.message} (103): the numbers go on at {number + 1}"
        return UnavailableError(NAME, "submit", reason)


def _same(order: Order, request: OrderRequest, known: Known) -> Order:
    """Return the order that is there. Raises: RejectedError if it is another one's, or refused."""
    asked = known.entry.request if known.entry else None
    shape = (request.symbol, request.side, request.quantity)
    is_other = asked != request if asked else shape != (order.symbol, order.side, order.quantity)
    if is_other:
        reason = f"client_order_id must be unique: {order.client_order_id} is another order"
        raise RejectedError(NAME, "submit", reason)
    if order.status is OrderStatus.REJECTED:
        raise RejectedError(NAME, "submit", order.reason or "IBKR refused it before")
    return order


def _stands(known: Known, parts: int) -> bool:
    """Tell whether all parts of an order work, or have traded."""
    alive = [one for one in known.shown if one.status.is_open or one.filled]
    return len(alive) >= parts
