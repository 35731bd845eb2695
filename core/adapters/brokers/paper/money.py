"""What the paper account holds: all of it follows from fills, marks and open orders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core.domain.trading import Account, Fill, OrderRequest, Position

START_CASH_USD = Decimal("100000.00")
MARGIN = 2
MICRO = Decimal("0.000001")
ZERO = Decimal(0)


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
    fills: Sequence[Fill], held: Iterable[Position], entries: Iterable[OrderRequest], at: datetime
) -> Account:
    """Return the account; buying power is what margin leaves beside positions and open entries."""
    paid = sum((f.side.sign * f.quantity * f.price + f.fees for f in fills), ZERO)
    values = [position.market_value for position in held]
    cash = START_CASH_USD - paid
    equity = cash + sum(values, ZERO)
    exposure = sum(map(abs, values), ZERO) + sum(map(notional, entries), ZERO)
    return Account(
        account_id="paper-1",
        equity=equity,
        cash=cash,
        buying_power=max(ZERO, MARGIN * equity - exposure),
        as_of=at,
    )


def notional(request: OrderRequest) -> Decimal:
    return request.quantity * request.limit_price
