"""What a position that an entry took on must always have at the broker: a stop that covers it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ib_async import IB

from core.adapters.brokers.ibkr import codes, tickets
from core.adapters.brokers.ibkr.contracts import Contracts
from core.adapters.brokers.ibkr.gateway import Gateway
from core.adapters.brokers.ibkr.known import Known
from core.adapters.brokers.ibkr.orders import to_order
from core.adapters.brokers.ibkr.placing import Placing


@dataclass(frozen=True)
class Protecting:
    """Brings the exits of an entry that has ended in line with what it holds."""

    gateway: Gateway
    placing: Placing
    contracts: Contracts

    async def protect(self, ib: IB, known: Known) -> bool:
        """Make the open exits cover exactly what is held; tell whether that took something.

        Raises: RejectedError where IBKR does not take them: then the position is naked.
        """
        if known.main is not None and known.main.status.is_open:
            return False  # IBKR sizes the exits itself, as the entry fills
        shares = known.held - known.leaving
        if known.has_stop and all(one.rest == shares for one in known.open_exits):
            return False
        if shares > 0 and known.has_stop:
            await self._size(ib, known, shares)
        else:
            await self.placing.cancel(ib, known.open_exits)
            if shares > 0:
                await self._place(ib, known, shares)
        return True

    async def _size(self, ib: IB, known: Known, shares: Decimal) -> None:
        for exit_ in known.open_exits:
            if exit_.rest != shares:
                total = float(exit_.filled + shares)
                await self.placing.change(ib, exit_, totalQuantity=total)

    async def _place(self, ib: IB, known: Known, shares: Decimal) -> None:
        order, account = to_order(known), self.gateway.account
        if order is None or order.bracket is None:
            return
        exits = tickets.protection(
            known.name, known.side.opposite, shares, order.bracket, account, ib.client.getReqId
        )
        contract = await self.contracts.contract(ib, order.symbol)
        complaint = await self.placing.place(ib, contract, exits)
        if complaint is not None:
            raise codes.to_error("protect", complaint.code, complaint.message)
