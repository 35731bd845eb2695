"""Fills, positions and accounts. Money and quantities are Decimal; currency is USD."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from core.domain.base import Frozen, Symbol, UtcDatetime

Quantity = Annotated[Decimal, Field(gt=0, allow_inf_nan=False)]
Money = Annotated[Decimal, Field(allow_inf_nan=False)]
OrderPrice = Annotated[Decimal, Field(gt=0, allow_inf_nan=False)]

CENT = Decimal("0.01")


class OrderSide(StrEnum):
    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        return 1 if self is OrderSide.BUY else -1

    @property
    def opposite(self) -> OrderSide:
        return OrderSide.SELL if self is OrderSide.BUY else OrderSide.BUY


class FillLeg(StrEnum):
    ENTRY = "entry"
    STOP = "stop"
    TARGET = "target"
    TIME_STOP = "time_stop"
    EXIT = "exit"
    EXTERNAL = "external"


class Fill(Frozen):
    fill_id: str
    client_order_id: str
    symbol: Symbol
    side: OrderSide
    leg: FillLeg
    quantity: Quantity
    price: OrderPrice
    fees: Annotated[Decimal, Field(ge=0)]
    filled_at: UtcDatetime
    label: str


class Position(Frozen):
    """Open shares of one symbol; negative quantity is short."""

    symbol: Symbol
    quantity: Money
    average_entry_price: OrderPrice
    last_price: OrderPrice

    @property
    def market_value(self) -> Decimal:
        return self.quantity * self.last_price

    @property
    def unrealized_pnl(self) -> Decimal:
        return self.quantity * (self.last_price - self.average_entry_price)


class Account(Frozen):
    """Money at the broker, in USD; buying power may be negative. blocked: why nothing may trade."""

    account_id: str
    equity: Money
    cash: Money
    buying_power: Money
    as_of: UtcDatetime
    multiplier: Annotated[Decimal, Field(gt=0)] = Decimal(1)
    shorting_enabled: bool = True
    blocked: str = ""


class BrokerCapabilities(Frozen):
    """What a broker can do; what it cannot is never asked of it."""

    bracket: bool
    several_take_profits: bool
    short: bool
    fractional: bool
    is_live: bool
    oco: bool = False
    trailing: bool = False
    options: bool = False
    replace: bool = False
    stream: bool = False
    suspend: bool = False


class MarketClock(Frozen):
    """What the broker's clock says; the times are of the market's next session."""

    at: UtcDatetime
    is_open: bool
    next_open: UtcDatetime
    next_close: UtcDatetime


class Asset(Frozen):
    """What the broker says of a symbol."""

    symbol: Symbol
    is_tradable: bool
    is_shortable: bool
    is_fractionable: bool
    reason: str = ""


class TradeUpdate(Frozen):
    """Something changed at the broker: what it is must be read there.

    client_order_id: of the order, "" after a gap in which anything may have happened.
    """

    client_order_id: str
    event: str
    at: UtcDatetime


def allocate(quantity: Decimal, fractions: tuple[float, ...]) -> tuple[Decimal, ...]:
    """Split whole shares by `fractions`; rounding goes to the last leg, a leg may get none."""
    parts = [Decimal(int(float(quantity) * fraction + 1e-9)) for fraction in fractions[:-1]]
    return (*parts, quantity - sum(parts, Decimal(0)))
