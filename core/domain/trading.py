"""Orders, fills, positions and accounts. Money and quantities are Decimal; currency is USD."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from core.domain.base import Frozen, Symbol, UtcDatetime, content_sha256

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


class TimeInForce(StrEnum):
    DAY = "day"
    GTC = "gtc"


class OrderStatus(StrEnum):
    ACCEPTED = "accepted"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"

    @property
    def is_open(self) -> bool:
        return self in {OrderStatus.ACCEPTED, OrderStatus.PARTIALLY_FILLED}


class FillLeg(StrEnum):
    ENTRY = "entry"
    STOP = "stop"
    TARGET = "target"
    TIME_STOP = "time_stop"


class TakeProfit(Frozen):
    price: OrderPrice
    quantity: Quantity


class Bracket(Frozen):
    """The protection that lives at the broker from the moment of the entry fill."""

    stop_price: OrderPrice
    take_profits: tuple[TakeProfit, ...] = Field(min_length=1, max_length=3)


class OrderRequest(Frozen):
    """A limit entry with its bracket; `client_order_id` is the effect's business key."""

    client_order_id: Annotated[str, Field(min_length=1, max_length=128)]
    symbol: Symbol
    side: OrderSide
    quantity: Quantity
    limit_price: OrderPrice
    time_in_force: TimeInForce = TimeInForce.DAY
    bracket: Bracket

    @model_validator(mode="after")
    def _protected(self) -> OrderRequest:
        sign = self.side.sign
        if sign * (self.limit_price - self.bracket.stop_price) <= 0:
            raise ValueError("the stop is on the wrong side of the limit")
        if any(sign * (t.price - self.limit_price) <= 0 for t in self.bracket.take_profits):
            raise ValueError("a take-profit is on the wrong side of the limit")
        if sum(t.quantity for t in self.bracket.take_profits) != self.quantity:
            raise ValueError("the take-profits do not cover the quantity")
        return self

    @property
    def content_sha256(self) -> str:
        return content_sha256(self)


class Order(Frozen):
    """What the broker says of an order."""

    client_order_id: str
    venue_order_id: str
    symbol: Symbol
    side: OrderSide
    quantity: Quantity
    limit_price: OrderPrice
    bracket: Bracket | None
    status: OrderStatus
    filled_quantity: Annotated[Decimal, Field(ge=0)]
    average_fill_price: Decimal | None
    submitted_at: UtcDatetime
    updated_at: UtcDatetime


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
    """Money at the broker, in USD."""

    account_id: str
    equity: Money
    cash: Money
    buying_power: Money
    as_of: UtcDatetime


class BrokerCapabilities(Frozen):
    bracket: bool
    several_take_profits: bool
    short: bool
    fractional: bool
    is_live: bool


def allocate(quantity: Decimal, fractions: tuple[float, ...]) -> tuple[Decimal, ...]:
    """Split whole shares by `fractions`; rounding goes to the last leg, a leg may get none."""
    parts = [Decimal(int(float(quantity) * fraction + 1e-9)) for fraction in fractions[:-1]]
    return (*parts, quantity - sum(parts, Decimal(0)))
