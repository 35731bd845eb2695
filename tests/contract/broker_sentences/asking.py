"""Short ways to ask a broker for something, and to read what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import pytest

from core.domain.orders import (
    Bracket,
    Order,
    OrderKind,
    OrderRequest,
    OrderStatus,
    Purpose,
    TakeProfit,
    TimeInForce,
)
from core.domain.trading import Fill, FillLeg, OrderSide
from core.errors import RejectedError
from core.ports import Broker

KEY = "order:TBOW-TSLA-20261124-A:entry"
EXIT = "order:TBOW-TSLA-20261124-A:exit"
NOBODY = "order:nobody:entry"
ENTRY, STOP, TARGET = FillLeg.ENTRY, FillLeg.STOP, FillLeg.TARGET
BUY, SELL = OrderSide.BUY, OrderSide.SELL


def usd(price: float) -> Decimal:
    return Decimal(str(price))


def bracket(stop: float, *targets: tuple[float, float]) -> Bracket:
    exits = tuple(TakeProfit(price=usd(price), quantity=usd(shares)) for price, shares in targets)
    return Bracket(stop_price=usd(stop), take_profits=exits)


def entry(side: OrderSide = OrderSide.BUY, **changes: Any) -> OrderRequest:
    """Ask for 10 shares at 99, stop 95, target 107; mirrored at 100 for a short."""
    away = side.sign
    content: dict[str, Any] = {
        "client_order_id": KEY,
        "symbol": "TSLA",
        "side": side,
        "quantity": Decimal(10),
        "limit_price": Decimal(100 - away),
        "time_in_force": TimeInForce.GTC,
        "bracket": bracket(100 - 5 * away, (100 + 7 * away, 10)),
    }
    return OrderRequest(**content | changes)


def many(quantity: int, **changes: Any) -> OrderRequest:
    """Ask for a number of shares as `entry` does."""
    exits = bracket(95, (107, quantity))
    return entry(**{"quantity": Decimal(quantity), "bracket": exits} | changes)


def at_market(**changes: Any) -> OrderRequest:
    return entry(**{"kind": OrderKind.MARKET, "limit_price": None} | changes)


def halves() -> OrderRequest:
    """Ask for 10 shares at 99, stop 95, half of it at 103 and half at 107."""
    return entry(bracket=bracket(95, (103, 5), (107, 5)))


def way_out(**changes: Any) -> OrderRequest:
    """Ask to sell 10 shares at market."""
    content: dict[str, Any] = {
        "client_order_id": EXIT,
        "symbol": "TSLA",
        "side": OrderSide.SELL,
        "quantity": Decimal(10),
        "purpose": Purpose.EXIT,
        "kind": OrderKind.MARKET,
        "time_in_force": TimeInForce.GTC,
    }
    return OrderRequest(**content | changes)


def either(stop: float = 95, target: float = 107) -> OrderRequest:
    """Ask to sell 10 shares at the target or at the stop, whichever comes first."""
    exits = bracket(stop, (target, 10))
    return way_out(kind=OrderKind.LIMIT, limit_price=usd(target), bracket=exits)


def submit(broker: Broker, request: OrderRequest) -> Order:
    return broker.submit(request, broker.clock().at)


def found(broker: Broker, key: str = KEY) -> Order:
    order = broker.order_by_client_id(key)
    assert order is not None
    return order


def status(broker: Broker, key: str = KEY) -> OrderStatus:
    return found(broker, key).status


def open_ids(broker: Broker) -> list[str]:
    return [order.client_order_id for order in broker.open_orders()]


def held(broker: Broker, symbol: str = "TSLA") -> Decimal:
    return sum((p.quantity for p in broker.positions() if p.symbol == symbol), Decimal(0))


def fills(broker: Broker, cursor: str = "") -> list[Fill]:
    return broker.fills_since(cursor)[0]


def traded(broker: Broker, key: str = KEY) -> list[tuple[FillLeg, Decimal, Decimal]]:
    """Return (leg, shares, price) of an order, shares that traded at one price together."""
    rows: list[tuple[FillLeg, Decimal, Decimal]] = []
    for fill in (fill for fill in fills(broker) if fill.client_order_id == key):
        if rows and (rows[-1][0], rows[-1][2]) == (fill.leg, fill.price):
            rows[-1] = (fill.leg, rows[-1][1] + fill.quantity, fill.price)
        else:
            rows.append((fill.leg, fill.quantity, fill.price))
    return rows


def change_of(told: Iterable[Fill]) -> Decimal:
    """Return the shares that fills add to a position."""
    return sum((fill.side.sign * fill.quantity for fill in told), Decimal(0))


def cost_of(told: Iterable[Fill]) -> Decimal:
    """Return the cash that fills take from an account, in USD."""
    return sum((f.side.sign * f.quantity * f.price + f.fees for f in told), Decimal(0))


def stop_price(broker: Broker, key: str = KEY) -> Decimal | None:
    """Return where the open stop of an order stands."""
    (stop,) = [leg for leg in found(broker, key).open_legs if leg.leg is FillLeg.STOP]
    return stop.price


def refused(action: Callable[..., object], *arguments: object) -> None:
    """Check that a broker refuses what it says that it cannot do."""
    with pytest.raises(RejectedError):
        action(*arguments)
