"""The account and its positions; money in USD."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from ib_async import IB
from ib_async import Position as Held

from core.adapters.brokers.ibkr.address import NAME
from core.adapters.brokers.ibkr.gateway import Gateway
from core.adapters.brokers.ibkr.sightings import ZERO, from_ibkr, is_us_stock, number
from core.domain.trading import Account, Position
from core.errors import UnavailableError, UnexpectedResponseError

MICRO = Decimal("0.000001")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Money:
    gateway: Gateway

    async def account(self) -> Account:
        async with self.gateway.turn("account") as ib:
            at = await self.gateway.ask(ib.reqCurrentTimeAsync())
            await self._download(ib)
            values = {
                value.tag: value.value
                for value in ib.accountValues(self.gateway.account)
                if value.currency == "USD"
            }
            return _account(self.gateway.account, values, at.astimezone(UTC))

    async def positions(self) -> list[Position]:
        """Return the stocks that the account holds, at IBKR's last prices.

        Raises: UnavailableError if IBKR has no price for one of them.
        """
        async with self.gateway.turn("positions") as ib:
            held = await self.gateway.ask(ib.reqPositionsAsync())
            await self._download(ib)
            account = self.gateway.account
            prices = {item.contract.conId: item.marketPrice for item in ib.portfolio(account)}
            own = [one for one in held if one.account == account and one.position]
            return [_position(one, prices) for one in own if _is_stock(one)]

    async def _download(self, ib: IB) -> None:
        """Let IBKR send values and prices anew: left to itself it does so every three minutes."""
        account = self.gateway.account
        ib.client.reqAccountUpdates(False, account)  # type: ignore[no-untyped-call]
        await self.gateway.ask(ib.reqAccountUpdatesAsync(account))


def _account(account_id: str, values: Mapping[str, str], at: datetime) -> Account:
    missing = {"NetLiquidation", "TotalCashValue", "BuyingPower"} - values.keys()
    if missing:
        reason = f"account {account_id} has no {', '.join(sorted(missing))} in USD"
        raise UnexpectedResponseError(NAME, "account", reason)
    buying_power = Decimal(values["BuyingPower"])
    multiplier = _multiplier(buying_power, Decimal(values.get("AvailableFunds", "0")))
    return Account(
        account_id=account_id,
        equity=Decimal(values["NetLiquidation"]),
        cash=Decimal(values["TotalCashValue"]),
        buying_power=buying_power,
        as_of=at,
        multiplier=multiplier,
        shorting_enabled=multiplier > 1,
    )


def _multiplier(buying_power: Decimal, available: Decimal) -> Decimal:
    """Return how often free money may be spent; 1 is a cash account, which cannot sell short."""
    return max(Decimal(1), round(buying_power / available, 0)) if available > 0 else Decimal(1)


def _is_stock(one: Held) -> bool:
    is_stock = is_us_stock(one.contract)
    if not is_stock:
        log.warning("the position in %s is no US stock and not shown", one.contract.localSymbol)
    return is_stock


def _position(one: Held, prices: Mapping[int, float]) -> Position:
    symbol = from_ibkr(one.contract.symbol)
    last = number(prices.get(one.contract.conId))
    if last is None or last <= ZERO:
        raise UnavailableError(NAME, "positions", f"IBKR has no price for {symbol} now")
    return Position(
        symbol=symbol,
        quantity=number(one.position) or ZERO,
        average_entry_price=Decimal(str(one.avgCost)).quantize(MICRO).normalize(),
        last_price=last,
    )
