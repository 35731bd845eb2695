"""What is asked of a broker, and what a broker says of it. Prices in USD per share."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from core.domain.base import Frozen, Symbol, UtcDatetime, content_sha256
from core.domain.trading import FillLeg, OrderPrice, OrderSide, Quantity

ClientOrderId = Annotated[str, Field(min_length=1, max_length=128)]
Trail = Annotated[Decimal, Field(gt=0, allow_inf_nan=False)]
TrailFraction = Annotated[Decimal, Field(gt=0, lt=1)]
FilledQuantity = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]


class TimeInForce(StrEnum):
    DAY = "day"
    GTC = "gtc"


class OrderKind(StrEnum):
    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TRAILING_STOP = "trailing_stop"

    @property
    def has_limit(self) -> bool:
        return self in {OrderKind.LIMIT, OrderKind.STOP_LIMIT}

    @property
    def has_stop(self) -> bool:
        return self in {OrderKind.STOP, OrderKind.STOP_LIMIT}


class Purpose(StrEnum):
    """An entry takes on risk and brings its protection; an exit gives risk back."""

    ENTRY = "entry"
    EXIT = "exit"


class OrderStatus(StrEnum):
    """`replaced` is the end of an order whose place another one took."""

    ACCEPTED = "accepted"
    PARTIALLY_FILLED = "partially_filled"
    PENDING_CANCEL = "pending_cancel"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    REPLACED = "replaced"

    @property
    def is_open(self) -> bool:
        return self in {
            OrderStatus.ACCEPTED, OrderStatus.PARTIALLY_FILLED, OrderStatus.PENDING_CANCEL,
        }  # fmt: skip


class TakeProfit(Frozen):
    price: OrderPrice
    quantity: Quantity


class Bracket(Frozen):
    """The protection that lives at the broker from the moment of the entry fill."""

    stop_price: OrderPrice
    take_profits: tuple[TakeProfit, ...] = Field(min_length=1, max_length=3)

    def refusal(self, position_sign: int, entry: Decimal | None) -> str:
        """Say why this does not protect a position of that sign, "" where it does.

        entry: its price, None where it is not known: then stop and take-profits are compared.
        """
        if entry is not None and position_sign * (entry - self.stop_price) <= 0:
            return "the stop is on the wrong side of the entry"
        start = self.stop_price if entry is None else entry
        if any(position_sign * (target.price - start) <= 0 for target in self.take_profits):
            return "a take-profit is on the wrong side of the entry"
        return ""


class OptionLeg(Frozen):
    """One contract of an options order. symbol: the OCC symbol; ratio: contracts per order unit."""

    symbol: Annotated[str, Field(pattern=r"^[A-Z]{1,6}\d{6}[CP]\d{8}$")]
    side: OrderSide
    ratio: int = Field(default=1, ge=1)
    opens: bool = True


class OrderRequest(Frozen):
    """One order with all that belongs to it; `client_order_id` is the effect's business key.

    An entry carries its bracket. An exit with a bracket is an OCO pair: its limit is the nearest
    take-profit, its bracket holds the stop and all take-profits of the position that it protects.
    Options have legs instead of a bracket: they are bought for a debit, which is the largest loss.
    """

    client_order_id: ClientOrderId
    symbol: Symbol
    side: OrderSide
    quantity: Quantity
    purpose: Purpose = Purpose.ENTRY
    kind: OrderKind = OrderKind.LIMIT
    limit_price: OrderPrice | None = None
    stop_price: OrderPrice | None = None
    trail_usd: Trail | None = None
    trail_fraction: TrailFraction | None = None
    time_in_force: TimeInForce = TimeInForce.DAY
    bracket: Bracket | None = None
    legs: tuple[OptionLeg, ...] = Field(default=(), max_length=4)

    @model_validator(mode="after")
    def _priced(self) -> OrderRequest:
        """Each kind has the prices that it needs, and no other."""
        if self.kind.has_limit is not (self.limit_price is not None):
            raise ValueError(f"a {self.kind} order has {_a(self.kind.has_limit)} limit price")
        if self.kind.has_stop is not (self.stop_price is not None):
            raise ValueError(f"a {self.kind} order has {_a(self.kind.has_stop)} stop price")
        trails = (self.trail_usd is not None) + (self.trail_fraction is not None)
        if trails != (self.kind is OrderKind.TRAILING_STOP):
            raise ValueError("a trailing stop, and nothing else, has one trail")
        return self

    @model_validator(mode="after")
    def _protected(self) -> OrderRequest:
        if self.legs:
            return self._debit()
        if self.bracket is None:
            if self.purpose is Purpose.ENTRY:
                raise ValueError("an entry brings its protection: stop and take-profit")
            return self
        entry = None if self.is_oco else self.limit_price or self.stop_price
        refusal = self.bracket.refusal(self.position_sign, entry)
        if refusal:
            raise ValueError(refusal)
        if sum(t.quantity for t in self.bracket.take_profits) != self.quantity:
            raise ValueError("the take-profits do not cover the quantity")
        return self

    def _debit(self) -> OrderRequest:
        """Options are entered for a limited debit; what is sold to open needs a bought leg."""
        if self.bracket is not None or self.kind is not OrderKind.LIMIT:
            raise ValueError("an options order is a limit order without a bracket")
        if self.purpose is Purpose.ENTRY and self.side is not OrderSide.BUY:
            raise ValueError("options are entered for a debit: the largest loss is known")
        return self

    @property
    def position_sign(self) -> int:
        """Return 1 where the order builds or protects a long position, -1 for a short one."""
        return self.side.sign if self.purpose is Purpose.ENTRY else -self.side.sign

    @property
    def is_oco(self) -> bool:
        return self.purpose is Purpose.EXIT and self.bracket is not None

    @property
    def content_sha256(self) -> str:
        return content_sha256(self)


class OrderChange(Frozen):
    """What of an open order is to become different; None stays as it is.

    stop_price: of the protecting stop. limit_price: of an entry that has not filled.
    """

    stop_price: OrderPrice | None = None
    limit_price: OrderPrice | None = None

    @model_validator(mode="after")
    def _changes(self) -> OrderChange:
        if self.stop_price is None and self.limit_price is None:
            raise ValueError("a change names what it changes")
        return self


class OrderLeg(Frozen):
    """One exit that stands at the broker for an order."""

    leg: FillLeg
    venue_order_id: str
    price: OrderPrice | None
    quantity: Quantity
    filled_quantity: FilledQuantity = Decimal(0)
    status: OrderStatus


class Order(Frozen):
    """What the broker says of an order. legs: its exits, as far as the broker shows them.

    An order that is not ours comes with the identifier that its maker gave it.
    """

    client_order_id: str
    venue_order_id: str
    symbol: Symbol
    side: OrderSide
    quantity: Quantity
    purpose: Purpose = Purpose.ENTRY
    kind: OrderKind = OrderKind.LIMIT
    limit_price: OrderPrice | None
    stop_price: OrderPrice | None = None
    bracket: Bracket | None
    legs: tuple[OrderLeg, ...] = ()
    status: OrderStatus
    filled_quantity: FilledQuantity
    average_fill_price: Decimal | None
    submitted_at: UtcDatetime
    updated_at: UtcDatetime
    reason: str = Field(default="", max_length=500)

    @property
    def open_legs(self) -> tuple[OrderLeg, ...]:
        return tuple(leg for leg in self.legs if leg.status.is_open)

    @property
    def protected_quantity(self) -> Decimal:
        """Return the shares that an open stop at the broker would close."""
        stops = (leg for leg in self.open_legs if leg.leg is FillLeg.STOP)
        return sum((leg.quantity - leg.filled_quantity for leg in stops), Decimal(0))

    @property
    def is_working(self) -> bool:
        """Tell whether something of it may still trade."""
        return self.status.is_open or bool(self.open_legs)


def _a(has: bool) -> str:
    return "a" if has else "no"
