"""Symbols as IBKR's contracts: US stocks, routed by IBKR."""

from __future__ import annotations

import math

from ib_async import IB, Contract
from ib_async.wrapper import RequestError

from core.adapters.brokers.ibkr import codes
from core.adapters.brokers.ibkr.address import NAME
from core.adapters.brokers.ibkr.gateway import Gateway
from core.adapters.brokers.ibkr.sightings import to_ibkr
from core.domain.trading import Asset
from core.errors import RejectedError

SHORTABLE_TICK = "236"
LENDABLE = 1.5  # above it IBKR lends, or looks for somebody who does
SHORTABLE_S = 1.0


class Contracts:
    """Looks contracts up once."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._found: dict[str, Contract] = {}

    async def contract(self, ib: IB, symbol: str) -> Contract:
        """Return the contract. Raises: RejectedError if IBKR knows none, or several."""
        if symbol not in self._found:
            self._found[symbol] = await self._ask(ib, symbol)
        return self._found[symbol]

    async def asset(self, ib: IB, symbol: str) -> Asset:
        try:
            contract = await self.contract(ib, symbol)
        except RejectedError as error:
            return _asset(symbol, is_tradable=False, reason=error.reason)
        lendable = await self._lendable(ib, contract)
        if lendable is None:
            reason = "IBKR does not tell whether its shares can be borrowed: it needs market data"
            return _asset(symbol, is_tradable=True, reason=reason)
        reason = "" if lendable else "its shares cannot be borrowed now"
        return _asset(symbol, is_tradable=True, reason=reason, is_shortable=lendable)

    async def _ask(self, ib: IB, symbol: str) -> Contract:
        wanted = Contract(secType="STK", symbol=to_ibkr(symbol), exchange="SMART", currency="USD")
        try:
            details = await self._gateway.ask(ib.reqContractDetailsAsync(wanted))
        except RequestError as error:
            if error.code != codes.NO_SUCH_CONTRACT:
                raise
            details = []
        found = {one.contract.conId: one.contract for one in details if one.contract}
        if len(found) != 1:
            reason = f"IBKR knows {len(found)} US stocks by the symbol {symbol!r}, not one"
            raise RejectedError(NAME, "contract", reason)
        return next(iter(found.values()))

    async def _lendable(self, ib: IB, contract: Contract) -> bool | None:
        """Tell whether shares can be borrowed, None where IBKR does not say."""
        ticker = ib.reqMktData(contract, SHORTABLE_TICK)
        try:
            is_told = await self._gateway.pause_until(
                lambda: not math.isnan(ticker.shortable), SHORTABLE_S
            )
            return ticker.shortable > LENDABLE if is_told else None
        finally:
            ib.cancelMktData(contract)


def _asset(symbol: str, *, is_tradable: bool, reason: str, is_shortable: bool = False) -> Asset:
    return Asset(
        symbol=symbol,
        is_tradable=is_tradable,
        is_shortable=is_shortable,
        is_fractionable=False,
        reason=reason,
    )
