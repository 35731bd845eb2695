"""The end of a position: its exits are cancelled, then what is left is sold or bought back."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ib_async import IB, Position

from core.adapters.brokers.ibkr import codes, tickets
from core.adapters.brokers.ibkr.contracts import Contracts
from core.adapters.brokers.ibkr.gateway import Gateway
from core.adapters.brokers.ibkr.known import Known
from core.adapters.brokers.ibkr.lookup import Lookup
from core.adapters.brokers.ibkr.placing import Placing
from core.adapters.brokers.ibkr.protecting import Protecting
from core.adapters.brokers.ibkr.record import Record
from core.adapters.brokers.ibkr.sightings import ZERO, from_ibkr, is_us_stock


@dataclass(frozen=True)
class Closing:
    gateway: Gateway
    record: Record
    lookup: Lookup
    placing: Placing
    contracts: Contracts
    protecting: Protecting

    async def close_position(self, name: str) -> None:
        """Flatten what an order holds; what is on its way out by an open close counts as out."""
        async with self.gateway.turn("close_position") as ib:
            known = await self.lookup.known(ib, name)
            if known.held <= known.leaving:
                return
            async with self.gateway.sent("close_position"):
                await self.placing.cancel(ib, known.open_parts)
                known = await self.lookup.known(ib, name)
                left = min(known.held, await self._of_position(ib, known)) - known.leaving
                if left > 0:
                    await self._flatten(ib, known, left)

    async def _of_position(self, ib: IB, known: Known) -> Decimal:
        """Return how many shares may be closed: what was sold by hand is not there to be sold.

        IBKR nets positions: what other orders hold on the other side is part of this one's.
        """
        symbol, sign = _symbol(known), known.side.sign
        asked = await self.gateway.ask(ib.reqPositionsAsync())
        own = (one for one in asked if one.account == self.gateway.account)
        of_symbol = (one for one in own if from_ibkr(one.contract.symbol) == symbol)
        net = sum((sign * Decimal(str(o.position)) for o in of_symbol if _is_stock(o)), ZERO)
        others = (sign * shares for shares in self.record.holdings(symbol).values())
        return max(ZERO, net - sum((shares for shares in others if shares < 0), ZERO))

    async def _flatten(self, ib: IB, known: Known, left: Decimal) -> None:
        """Send the market order; where IBKR refuses it, the position gets its stop back."""
        contract = await self.contracts.contract(ib, _symbol(known))
        order = tickets.market_exit(
            known.name, known.side.opposite, left, self.gateway.account, ib.client.getReqId
        )
        complaint = await self.placing.place(ib, contract, [order])
        if complaint is None:
            return
        known = await self.lookup.known(ib, known.name)
        if known.leaving >= left:
            return
        await self.protecting.protect(ib, known)
        raise codes.to_error("close_position", complaint.code, complaint.message)


def _is_stock(one: Position) -> bool:
    return is_us_stock(one.contract)


def _symbol(known: Known) -> str:
    return known.entry.request.symbol if known.entry else known.shown[0].symbol
