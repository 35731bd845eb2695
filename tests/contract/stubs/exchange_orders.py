"""The orders, groups, fills and holdings of the exchange in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import uuid4

from core.domain.orders import OrderKind, TimeInForce
from core.domain.trading import OrderSide

ZERO = Decimal(0)


def made_up() -> str:
    return str(uuid4())


def now() -> datetime:
    return datetime.now(UTC)


class Status(StrEnum):
    """`held` waits for its entry; `pending_cancel` may still trade until it is canceled."""

    HELD = "held"
    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    PENDING_CANCEL = "pending_cancel"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REPLACED = "replaced"

    @property
    def works(self) -> bool:
        return self in {Status.NEW, Status.PARTIALLY_FILLED, Status.PENDING_CANCEL}

    @property
    def is_open(self) -> bool:
        return self.works or self is Status.HELD


class Refusal(StrEnum):
    UNKNOWN_SYMBOL = "unknown symbol"
    HALTED = "trading is halted"
    SUSPENDED = "the account is suspended"
    NOT_SHORTABLE = "nobody lends it"
    BUYING_POWER = "not enough buying power"
    NOT_OPEN = "the order is not open"


class RefusedError(Exception):
    """The exchange says no; `refusal` tells why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


@dataclass(eq=False)
class Group:
    """Orders that belong together. quantity: what an OCO pair is to exit, as it has no entry."""

    quantity: Decimal = ZERO
    entry: ExchangeOrder | None = None
    exits: list[ExchangeOrder] = field(default_factory=list)
    exited: Decimal = ZERO
    id: str = field(default_factory=made_up)

    @property
    def rest(self) -> Decimal:
        """Return the shares that the exits may still trade."""
        return (self.quantity if self.entry is None else self.entry.filled) - self.exited


@dataclass(eq=False, kw_only=True)
class ExchangeOrder:
    """One order. group: with itself as the entry, or to be one of its exits.

    client_order_id: made up if none is given. best: the best price since it came, for a trailing
    stop. note: whatever the stub wants to remember.
    """

    symbol: str
    side: OrderSide
    quantity: Decimal
    kind: OrderKind = OrderKind.MARKET
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_usd: Decimal | None = None
    trail_fraction: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.DAY
    client_order_id: str = field(default_factory=made_up)
    account: str = ""
    group: Group | None = None
    note: Any = None
    status: Status = Status.NEW
    asked: Decimal = ZERO
    filled: Decimal = ZERO
    cost: Decimal = ZERO
    triggered: bool = False
    best: Decimal = ZERO
    replaces: str = ""
    replaced_by: str = ""
    id: str = field(default_factory=made_up)
    submitted_at: datetime = field(default_factory=now)
    updated_at: datetime = field(default_factory=now)

    @property
    def left(self) -> Decimal:
        return self.quantity - self.filled

    @property
    def is_exit(self) -> bool:
        return self.group is not None and self.group.entry is not self

    @property
    def average_price(self) -> Decimal | None:
        return self.cost / self.filled if self.filled else None

    def is_reached(self, price: Decimal) -> bool:
        """Tell whether a trade reaches it; a stop that it touches stays triggered."""
        if self.kind is OrderKind.TRAILING_STOP:
            self._follow(price)
        sign = self.side.sign
        if self.stop_price is not None and not self.triggered:
            self.triggered = sign * (price - self.stop_price) >= 0
            if not self.triggered:
                return False
        return self.limit_price is None or sign * (price - self.limit_price) <= 0

    def _follow(self, price: Decimal) -> None:
        """Keep the stop at its distance from the best price."""
        self.best = min(self.best, price) if self.side is OrderSide.BUY else max(self.best, price)
        away = self.trail_usd or self.best * (self.trail_fraction or ZERO)
        self.stop_price = self.best + self.side.sign * away


@dataclass(frozen=True)
class ExchangeFill:
    order: ExchangeOrder
    quantity: Decimal
    price: Decimal
    filled_at: datetime = field(default_factory=now)
    id: str = field(default_factory=made_up)


@dataclass(frozen=True)
class Holding:
    """Signed shares and what they cost in USD, taken off at the average price."""

    quantity: Decimal = ZERO
    cost: Decimal = ZERO

    def plus(self, change: Decimal, price: Decimal) -> Holding:
        after = self.quantity + change
        if self.quantity * change >= 0:
            return Holding(after, self.cost + change * price)
        if self.quantity * after >= 0:
            return Holding(after, self.cost * after / self.quantity)
        return Holding(after, after * price)


Listener = Callable[[str, ExchangeOrder, ExchangeFill | None], None]
