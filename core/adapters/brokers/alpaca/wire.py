"""What an order looks like on Alpaca's wire."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from core.adapters.alpaca_wire import parse_moment
from core.domain.orders import OrderKind, OrderStatus
from core.domain.trading import OrderSide

ZERO = Decimal(0)
OPTION = re.compile(r"^([A-Z]{1,6})\d{6}[CP]\d{8}$")
MADE_UP = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
ENDED = {
    "filled": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELED,
    "expired": OrderStatus.EXPIRED,
    "rejected": OrderStatus.REJECTED,
    "replaced": OrderStatus.REPLACED,
}


@dataclass(frozen=True)
class WireOrder:
    """One order as Alpaca tells it; quantity is None for an order of so many USD."""

    id: str
    client_order_id: str
    order_class: str
    symbol: str
    side: str
    kind: str
    time_in_force: str
    status: str
    quantity: Decimal | None
    filled: Decimal
    average_price: Decimal | None
    limit_price: Decimal | None
    stop_price: Decimal | None
    trail_price: Decimal | None
    trail_percent: Decimal | None
    ratio: Decimal | None
    intent: str
    group_id: str
    group_role: str
    replaces: str
    replaced_by: str
    created_at: datetime
    submitted_at: datetime
    updated_at: datetime
    legs: tuple[WireOrder, ...] = ()

    @property
    def is_open(self) -> bool:
        """Tell whether it may still trade; what we do not know may."""
        return self.status not in ENDED

    @property
    def left(self) -> Decimal:
        return (self.quantity or ZERO) - self.filled

    @property
    def is_grouped(self) -> bool:
        """Tell whether it is an entry with exits, one of these, or one of two exits."""
        return self.order_class in {"bracket", "oto", "oco"}

    @property
    def is_several(self) -> bool:
        """Tell whether it is of several options, or one of them."""
        return self.order_class == "mleg"

    @property
    def is_stop(self) -> bool:
        return self.group_role == "stop_loss" or "stop" in self.kind

    @property
    def is_made_up(self) -> bool:
        """Tell whether Alpaca named it itself: a leg, or what was ordered past the desk."""
        return MADE_UP.match(self.client_order_id) is not None

    @property
    def underlying(self) -> str:
        """Return the symbol that the desk knows; an option's is that of its shares."""
        symbol = self.symbol or (self.legs[0].symbol if self.legs else "")
        option = OPTION.match(symbol)
        return option[1] if option else symbol.replace("/", "")

    @property
    def order_side(self) -> OrderSide:
        """Return the side; several options are bought for a debit and sold for a credit."""
        if self.side:
            return OrderSide(self.side)
        return OrderSide.SELL if (self.limit_price or ZERO) < 0 else OrderSide.BUY

    @property
    def order_kind(self) -> OrderKind:
        return OrderKind(self.kind)

    @property
    def order_status(self) -> OrderStatus:
        if not self.is_open:
            return ENDED[self.status]
        if self.status == "pending_cancel":
            return OrderStatus.PENDING_CANCEL
        return OrderStatus.PARTIALLY_FILLED if self.filled else OrderStatus.ACCEPTED

    def with_legs(self, legs: tuple[WireOrder, ...]) -> WireOrder:
        return replace(self, legs=legs)


def parse_order(answer: Mapping[str, Any]) -> WireOrder:
    """Read one order with its legs.

    Raises: LookupError, TypeError, ValueError, AttributeError, ArithmeticError.
    """
    return WireOrder(
        id=_text(answer["id"]),
        client_order_id=_text(answer["client_order_id"]),
        order_class=answer.get("order_class") or "",
        symbol=answer.get("symbol") or "",
        side=answer.get("side") or "",
        kind=answer.get("type") or "market",
        time_in_force=answer.get("time_in_force") or "",
        status=_text(answer["status"]),
        quantity=optional_decimal(answer, "qty"),
        filled=optional_decimal(answer, "filled_qty") or ZERO,
        average_price=optional_decimal(answer, "filled_avg_price"),
        limit_price=optional_decimal(answer, "limit_price"),
        stop_price=optional_decimal(answer, "stop_price"),
        trail_price=optional_decimal(answer, "trail_price"),
        trail_percent=optional_decimal(answer, "trail_percent"),
        ratio=optional_decimal(answer, "ratio_qty"),
        intent=answer.get("position_intent") or "",
        group_id=answer.get("group_id") or "",
        group_role=answer.get("group_role") or "",
        replaces=answer.get("replaces") or "",
        replaced_by=answer.get("replaced_by") or "",
        created_at=parse_moment(answer["created_at"]),
        submitted_at=parse_moment(answer["submitted_at"]),
        updated_at=parse_moment(answer["updated_at"]),
        legs=tuple(parse_order(leg) for leg in answer.get("legs") or ()),
    )


def parse_decimal(value: Any) -> Decimal:
    """Read an amount; Alpaca writes them as text.

    Raises: TypeError, ArithmeticError, ValueError.
    """
    if not isinstance(value, str | int):
        raise TypeError(f"{value!r} is not an amount")
    amount = Decimal(value)
    if not amount.is_finite():
        raise ValueError(f"{value!r} is not an amount")
    return amount


def optional_decimal(answer: Mapping[str, Any], field: str) -> Decimal | None:
    value = answer.get(field)
    return None if value is None or value == "" else parse_decimal(value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"{value!r} is not a name")
    return value
