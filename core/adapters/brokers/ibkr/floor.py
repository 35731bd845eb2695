"""Everything that lives on the broker's loop, put together."""

from __future__ import annotations

from datetime import UTC

from core.adapters.brokers.ibkr.address import Address
from core.adapters.brokers.ibkr.changing import Changing
from core.adapters.brokers.ibkr.closing import Closing
from core.adapters.brokers.ibkr.connection import Connection
from core.adapters.brokers.ibkr.contracts import Contracts
from core.adapters.brokers.ibkr.gateway import Gateway, Now
from core.adapters.brokers.ibkr.hours import market_clock
from core.adapters.brokers.ibkr.lookup import Lookup
from core.adapters.brokers.ibkr.money import Money
from core.adapters.brokers.ibkr.orders import to_order
from core.adapters.brokers.ibkr.placing import Placing
from core.adapters.brokers.ibkr.protecting import Protecting
from core.adapters.brokers.ibkr.record import Record
from core.adapters.brokers.ibkr.submitting import Submitting
from core.domain.orders import Order
from core.domain.trading import Asset, Fill, MarketClock


class Floor:
    """The operations of one connection."""

    def __init__(self, address: Address, record: Record, patience_s: float, now: Now) -> None:
        self.connection = Connection(address, patience_s, record)
        gateway = Gateway(self.connection, patience_s, now)
        lookup, placing = Lookup(gateway, record), Placing(gateway, record)
        contracts = Contracts(gateway)
        protecting = Protecting(gateway, placing, contracts)
        self.money = Money(gateway)
        self.submitting = Submitting(gateway, record, lookup, placing, contracts, protecting)
        self.changing = Changing(gateway, record, lookup, placing, protecting)
        self.closing = Closing(gateway, record, lookup, placing, contracts, protecting)
        self.connection.traded = lookup.keep_at_once
        self._gateway, self._record = gateway, record
        self._lookup, self._contracts = lookup, contracts

    async def connect(self) -> None:
        async with self._gateway.turn("connect"):
            return

    async def close(self) -> None:
        self.connection.close()

    async def clock(self) -> MarketClock:
        async with self._gateway.turn("clock") as ib:
            at = await self._gateway.ask(ib.reqCurrentTimeAsync())
            self._gateway.clock.set(at)
            return market_clock(at.astimezone(UTC))

    async def asset(self, symbol: str) -> Asset:
        async with self._gateway.turn("asset") as ib:
            return await self._contracts.asset(ib, symbol)

    async def open_orders(self) -> list[Order]:
        async with self._gateway.turn("open_orders") as ib:
            return await self._lookup.open_orders(ib)

    async def order(self, name: str) -> Order | None:
        async with self._gateway.turn("order_by_client_id") as ib:
            return to_order(await self._lookup.known(ib, name))

    async def fills_after(self, fill_id: str) -> list[Fill]:
        async with self._gateway.turn("fills_since") as ib:
            await self._lookup.executions(ib)
            return self._record.fills_after(fill_id)
