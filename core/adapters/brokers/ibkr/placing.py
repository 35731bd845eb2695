"""Orders, changes and cancels on the wire, and what becomes of them."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from ib_async import IB, Contract, Order, Trade
from ib_async import OrderStatus as Said

from core.adapters.brokers.ibkr import codes
from core.adapters.brokers.ibkr.address import NAME
from core.adapters.brokers.ibkr.connection import Complaint
from core.adapters.brokers.ibkr.gateway import Gateway
from core.adapters.brokers.ibkr.record import Record
from core.adapters.brokers.ibkr.sightings import Sighting
from core.errors import RejectedError

REASON_S = 0.5  # how long after its end an order's reason may come


class Placing:
    """Sends once and waits; nothing is ever sent again here."""

    def __init__(self, gateway: Gateway, record: Record) -> None:
        self._gateway = gateway
        self._record = record

    async def place(self, ib: IB, contract: Contract, orders: Sequence[Order]) -> Complaint | None:
        """Send new orders; return None once IBKR took all of them, else what it says against one.

        Inside `Gateway.sent`: without an answer nobody knows.
        """
        highest = max(order.orderId for order in orders)
        self._record.note_used(self._gateway.client_id, highest)
        for order in orders:
            self._gateway.forget_complaint(order.orderId)
        trades = [ib.placeOrder(contract, order) for order in orders]
        await self._gateway.until(
            lambda: any(map(self._is_refused, trades)) or all(map(_is_taken, trades))
        )
        complaint = await self._refusal(trades)
        if complaint is None:
            self._record.note_confirmed(self._gateway.client_id, highest)
        return complaint

    async def change(self, ib: IB, one: Sighting, **fields: Any) -> None:
        """Change an order in place. Raises: RejectedError, and nothing has changed."""
        self._refuse_foreign("replace", one)
        order = copy.copy(one.trade.order)
        for name, value in fields.items():
            setattr(order, name, value)
        # IBKR looks for the parent of an exit, and does not find one that has ended (135)
        order.parentId, order.transmit = _open_parent(ib, order), True
        self._gateway.forget_complaint(order.orderId)
        trade = ib.placeOrder(one.trade.contract, order)
        await self._gateway.until(
            lambda: (
                self._is_complained_of(trade)
                or all(getattr(trade.order, name) == value for name, value in fields.items())
            )
        )
        complaint = self._gateway.complaint(order.orderId)
        if complaint is not None:
            raise codes.to_error("replace", complaint.code, complaint.message)

    async def cancel(self, ib: IB, shown: Sequence[Sighting]) -> None:
        """Cancel these, and wait until none is open: canceled, or filled before."""
        for one in shown:
            self._refuse_foreign("cancel", one)
        trades = [one.trade for one in shown]
        for trade in trades:
            self._gateway.forget_complaint(trade.order.orderId)
            ib.cancelOrder(trade.order)
        await self._gateway.until(
            lambda: all(trade.isDone() or self._is_complained_of(trade) for trade in trades)
        )

    def _refuse_foreign(self, operation: str, one: Sighting) -> None:
        """An order id means another order for each client: never use another client's."""
        order = one.trade.order
        if order.clientId != self._gateway.client_id or order.orderId <= 0:
            reason = f"order {one.name} was placed elsewhere; change it there, for instance in TWS"
            raise RejectedError(NAME, operation, reason)

    def _is_complained_of(self, trade: Trade) -> bool:
        return self._gateway.complaint(trade.order.orderId) is not None

    def _is_refused(self, trade: Trade) -> bool:
        ended = trade.isDone() and trade.orderStatus.status != Said.Filled
        return ended or self._is_complained_of(trade)

    async def _refusal(self, trades: Sequence[Trade]) -> Complaint | None:
        refused = [trade for trade in trades if self._is_refused(trade)]
        if not refused:
            return None
        await self._gateway.pause_until(lambda: any(map(self._is_complained_of, refused)), REASON_S)
        found = [self._gateway.complaint(trade.order.orderId) for trade in refused]
        reason = Complaint(0, f"IBKR ended the order: {refused[0].orderStatus.status}")
        return next((one for one in found if one is not None), reason)


def _is_taken(trade: Trade) -> bool:
    """IBKR's servers give what they take a permanent id."""
    return bool(trade.order.permId or trade.orderStatus.permId)


def _open_parent(ib: IB, order: Order) -> int:
    parents = (trade.order for trade in ib.openTrades())
    of_ours = {one.orderId for one in parents if one.clientId == order.clientId}
    return order.parentId if order.parentId in of_ours else 0
