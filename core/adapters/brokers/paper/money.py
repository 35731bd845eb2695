"""What the paper account holds: all of it follows from fills, marks and open orders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core.adapters.brokers.paper.matching import ZERO
from core.adapters.brokers.paper.rules import VenueRules
from core.domain.trading import Account, Fill, Position

MICRO = Decimal("0.000001")


@dataclass(frozen=True)
class Holding:
    """Signed shares of one symbol and what they cost, in USD."""

    quantity: Decimal = ZERO
    cost: Decimal = ZERO

    def plus(self, fill: Fill) -> Holding:
        """Add at the fill's price; take away at the average cost; start anew beyond flat."""
        change = fill.side.sign * fill.quantity
        after = self.quantity + change
        if self.quantity * change >= 0:
            return Holding(after, self.cost + change * fill.price)
        if self.quantity * after >= 0:
            return Holding(after, self.cost * after / self.quantity)
        return Holding(after, after * fill.price)


def positions(fills: Iterable[Fill], prices: Mapping[str, Decimal]) -> list[Position]:
    """Return what is not flat, by symbol; `prices` are the last closes seen."""
    holdings: dict[str, Holding] = {}
    for fill in fills:
        holdings[fill.symbol] = holdings.get(fill.symbol, Holding()).plus(fill)
    return [
        Position(
            symbol=symbol,
            quantity=holding.quantity,
            average_entry_price=(holding.cost / holding.quantity).quantize(MICRO),
            last_price=prices[symbol],
        )
        for symbol, holding in sorted(holdings.items())
        if holding.quantity
    ]


def account(
    fills: Iterable[Fill],
    held: Iterable[Position],
    reserved: Decimal,
    at: datetime,
    rules: VenueRules,
) -> Account:
    """Return the account; buying power is what margin leaves beside positions and open entries.

    It is below zero where the positions have become larger than what margin allows.
    """
    paid = sum((f.side.sign * f.quantity * f.price + f.fees for f in fills), ZERO)
    values = [position.market_value for position in held]
    cash = rules.start_cash_usd - paid
    equity = cash + sum(values, ZERO)
    exposure = sum(map(abs, values), ZERO) + reserved
    return Account(
        account_id="paper-1",
        equity=equity,
        cash=cash,
        buying_power=rules.margin * equity - exposure,
        as_of=at,
        multiplier=rules.margin,
    )
