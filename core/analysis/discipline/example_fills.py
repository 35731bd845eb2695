"""What the operator of the made-up trades did, as a broker would tell it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from core.domain.feeds import Label
from core.domain.orders import Bracket, Order, OrderStatus, TakeProfit
from core.domain.trading import Fill, FillLeg, OrderSide


@dataclass(frozen=True)
class Deed:
    """A fill, so many minutes after the first bar began; by the plan's order, or by hand."""

    minute: int
    side: Literal["buy", "sell"]
    quantity: int
    price: float
    leg: str = "entry"
    by: Literal["order", "hand"] = "order"


def fills_of(
    deeds: Sequence[Deed], order_id: str, symbol: str, opens: datetime, number: int
) -> list[Fill]:
    """Return the fills; each deed by hand is an order of its own that the desk did not send."""
    return [
        Fill(
            fill_id=f"example-{number}-{place}",
            client_order_id=order_id if deed.by == "order" else f"by-hand-{number}-{place}",
            symbol=symbol,
            side=OrderSide(deed.side),
            leg=FillLeg(deed.leg),
            quantity=Decimal(deed.quantity),
            price=Decimal(str(deed.price)),
            fees=Decimal(0),
            filled_at=opens + timedelta(minutes=deed.minute),
            label=Label.SYNTHETIC.value,
        )
        for place, deed in enumerate(deeds, 1)
    ]


def orders_of(order_id: str, symbol: str, opens: datetime, moved: float) -> list[Order]:
    """Return two tellings of one order, between which its last target was moved."""
    return [
        _order(order_id, symbol, opens, opens, Decimal(107)),
        _order(order_id, symbol, opens, opens + timedelta(minutes=4), Decimal(str(moved))),
    ]


def _order(order_id: str, symbol: str, sent: datetime, at: datetime, target: Decimal) -> Order:
    half = Decimal(50)
    return Order(
        client_order_id=order_id,
        venue_order_id=order_id,
        symbol=symbol,
        side=OrderSide.BUY,
        quantity=Decimal(100),
        limit_price=Decimal(101),
        bracket=Bracket(
            stop_price=Decimal(98),
            take_profits=(
                TakeProfit(price=Decimal(104), quantity=half),
                TakeProfit(price=target, quantity=half),
            ),
        ),
        status=OrderStatus.FILLED,
        filled_quantity=Decimal(100),
        average_fill_price=Decimal(101),
        submitted_at=sent,
        updated_at=at,
    )
