"""Writes to the broker about the orders that protect a position."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.domain.orders import Order, OrderChange, Purpose
from core.domain.protection import position_sign
from core.domain.trading import FillLeg
from core.errors import NotFoundError
from core.steps.order_effects import BrokerEffect


@dataclass(frozen=True)
class MoveStop(BrokerEffect):
    """The effect of moving the stop of one order; it only tightens."""

    def send(self, key: str, request: dict[str, Any]) -> dict[str, Any]:
        change = OrderChange(stop_price=Decimal(request["stop_price"]))
        return _answer(self.broker.replace(request["client_order_id"], change))

    def find(self, key: str, request: dict[str, Any]) -> dict[str, Any] | None:
        order = self.broker.order_by_client_id(request["client_order_id"])
        if order is None:
            raise NotFoundError(f"there is no order {request['client_order_id']} to move a stop of")
        is_moved = is_as_tight(order, Decimal(request["stop_price"]))
        return _answer(order) if is_moved else None


@dataclass(frozen=True)
class CancelOrder(BrokerEffect):
    """The effect of cancelling one order; doing it twice does nothing."""

    def send(self, key: str, request: dict[str, Any]) -> dict[str, Any]:
        self.broker.cancel(request["client_order_id"])
        return {"external_id": request["client_order_id"]}

    def find(self, key: str, request: dict[str, Any]) -> dict[str, Any] | None:
        return None  # cancelling a closed order does nothing, so it may be asked again


def stop_prices(order: Order) -> list[Decimal]:
    """Return where the open stops of an order stand."""
    stops = [leg.price for leg in order.open_legs if leg.leg is FillLeg.STOP and leg.price]
    if order.status.is_open and order.purpose is Purpose.EXIT and order.stop_price:
        stops.append(order.stop_price)
    return stops


def is_as_tight(order: Order, price: Decimal) -> bool:
    """Tell whether every open stop of an order is at a price or closer to the market."""
    sign = position_sign(order)
    stops = stop_prices(order)
    return bool(stops) and all(sign * (stop - price) >= 0 for stop in stops)


def _answer(order: Order) -> dict[str, Any]:
    return {"external_id": order.venue_order_id, "order": order.model_dump(mode="json")}
