"""A broker in memory that closes positions: at once, or when the market lets it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from core.domain.orders import (
    Order,
    OrderChange,
    OrderKind,
    OrderRequest,
    OrderStatus,
    Purpose,
)
from core.domain.trading import Fill, FillLeg
from core.errors import OutcomeUnknownError, RejectedError, UnavailableError
from tests.flow.fake_broker import NOON, FakeBroker


@dataclass
class HandBroker(FakeBroker):
    """is_slow: what closes waits for `let_out`. drops: a write is not done, and nobody hears so.

    is_out: a write is surely not done. keeps_open: a cancel is noted, and not done. loses: writes
    that are done, and of which nobody hears.
    """

    is_slow: bool = False
    drops: bool = False
    is_out: bool = False
    keeps_open: bool = False
    loses: frozenset[str] = frozenset()
    closing: list[str] = field(default_factory=list)

    def close_position(self, client_order_id: str, reason: str) -> None:
        self._writes("close_position")
        self.asked.append("close_position")
        if client_order_id not in self.closing:
            self.closing.append(client_order_id)
        if not self.is_slow:
            self.let_out()
        self._told_of("close_position")

    def submit(self, request: OrderRequest, submitted_at: datetime) -> Order:
        self._writes("submit")
        is_new = request.client_order_id not in self.orders
        super().submit(request, submitted_at)
        is_market = request.purpose is Purpose.EXIT and request.kind is OrderKind.MARKET
        if is_new and is_market:
            self.closing.append(request.client_order_id)
        if not self.is_slow:
            self.let_out()
        self._told_of("submit")
        return self.orders[request.client_order_id]

    def replace(self, client_order_id: str, change: OrderChange) -> Order:
        self._writes("replace")
        order = super().replace(client_order_id, change)
        self._told_of("replace")
        return order

    def cancel(self, client_order_id: str) -> None:
        self._writes("cancel")
        self.asked.append("cancel")
        if self.keeps_open:
            self.change(client_order_id, status=OrderStatus.PENDING_CANCEL)
        elif client_order_id in self.orders and self.orders[client_order_id].status.is_open:
            kept = (
                self.orders[client_order_id].legs
                if self._left_of(self.orders[client_order_id])
                else ()
            )
            self.change(client_order_id, status=OrderStatus.CANCELED, legs=kept)
        self._told_of("cancel")

    def let_out(self, price: str = "102") -> None:
        """Let the market take what is being closed."""
        for name in self.closing:
            order = self.orders[name]
            legs = tuple(
                leg.model_copy(update={"status": OrderStatus.CANCELED}) for leg in order.legs
            )
            left = self._left_of(order)
            if not left:
                continue
            side = order.side if order.purpose is Purpose.EXIT else order.side.opposite
            if order.purpose is Purpose.EXIT:
                self.change(name, status=OrderStatus.FILLED, filled_quantity=left,
                            average_fill_price=Decimal(price))  # fmt: skip
            else:
                self.change(name, legs=legs)
            self.told.append(
                Fill(fill_id=f"out-{len(self.told)}", client_order_id=name, symbol=order.symbol,
                     side=side, leg=FillLeg.EXIT, quantity=left, price=Decimal(price),
                     fees=Decimal("0.01"), filled_at=NOON, label="real")
            )  # fmt: skip
        self.closing.clear()

    def sold(self, symbol: str) -> Decimal:
        """Return how many shares have left."""
        fills = (fill for fill in self.told if fill.symbol == symbol and fill.side.sign < 0)
        return sum((fill.quantity for fill in fills), Decimal(0))

    def _left_of(self, order: Order) -> Decimal:
        if order.purpose is Purpose.EXIT:
            return order.quantity - order.filled_quantity
        own = (fill for fill in self.told if fill.client_order_id == order.client_order_id)
        return sum((fill.side.sign * fill.quantity for fill in own), Decimal(0)) * order.side.sign

    def _told_of(self, operation: str) -> None:
        if operation in self.loses:
            raise OutcomeUnknownError(self.name, operation, "504")

    def _writes(self, operation: str) -> None:
        if self.refuses:
            raise RejectedError(self.name, operation, self.refuses)
        if self.is_out:
            raise UnavailableError(self.name, operation, "refused connection")
        if self.drops:
            raise OutcomeUnknownError(self.name, operation, "no answer")
