"""What Alpaca takes as an order, and in which words it refuses.

The codes and texts are those that Alpaca's users have met; see core/adapters/brokers/alpaca.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

from core.domain.orders import OrderKind, TimeInForce
from core.domain.trading import CENT, OrderSide
from tests.contract.stubs.exchange import Exchange, ExchangeOrder, Group, Holding, Refusal

ZERO = Decimal(0)
OPTION = re.compile(r"([A-Z]{1,6})\d{6}[CP]\d{8}")
BAD, BUSINESS, NOT_FOUND, DUPLICATE = 42210000, 40310000, 40410000, 40010001
PRICES = ("limit_price", "stop_price", "trail_price")
REFUSALS = {
    Refusal.UNKNOWN_SYMBOL: (422, BAD, "asset not found"),
    Refusal.HALTED: (403, BUSINESS, "trading of the asset is halted"),
    Refusal.SUSPENDED: (403, BUSINESS, "new orders are rejected by user request"),
    Refusal.NOT_SHORTABLE: (422, BAD, "asset cannot be sold short"),
    Refusal.BUYING_POWER: (403, BUSINESS, "insufficient buying power"),
    Refusal.NOT_OPEN: (422, BAD, "order is not cancelable"),
}


class NoError(Exception):
    """Alpaca says no."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def bad(message: str) -> NoError:
    return NoError(422, BAD, message)


def take(exchange: Exchange, body: dict[str, Any]) -> ExchangeOrder:
    """Take an order with its legs, or raise NoError; RefusedError comes from the exchange."""
    key = body.get("client_order_id") or str(uuid4())
    if any(order.client_order_id == key for order in exchange.orders):
        raise NoError(422, DUPLICATE, "client_order_id must be unique")
    order_class = body.get("order_class") or "simple"
    _check_fractions(body, order_class)
    for name in PRICES:
        check_tick(name, body.get(name))
    if order_class == "mleg":
        return _take_several(exchange, body, key)
    symbol, side = body["symbol"], OrderSide(body["side"])
    option = OPTION.fullmatch(symbol)
    if option and option[1] in exchange.last:
        exchange.last.setdefault(symbol, _decimal(body["limit_price"]) or ZERO)
    _check_intent(exchange, body, symbol, side)
    return GROUPS[order_class](exchange, body, key)


def check_tick(name: str, price: Any) -> None:
    amount = abs(_decimal(price) or ZERO)
    if amount % (CENT if amount >= 1 else CENT / 100):
        text = f"invalid {name} {price}. sub-penny increment does not fulfill minimum pricing"
        raise bad(f"{text} criteria")


def check_stop(exchange: Exchange, order: ExchangeOrder, stop: Decimal, base: Decimal) -> None:
    """Refuse a stop that is not beyond the base price and the market, seen from the position."""
    sign = order.side.opposite.sign
    for price in (base, exchange.last[order.symbol]):
        if sign * (price - stop) < CENT:
            raise bad(f"stop_loss.stop_price must be {'<' if sign > 0 else '>'}= base_price - 0.01")


def _simple(exchange: Exchange, body: dict[str, Any], key: str) -> ExchangeOrder:
    order = _order(body, key, role="")
    _check_available(exchange, order)
    return exchange.submit(order)


def _bracket(exchange: Exchange, body: dict[str, Any], key: str) -> ExchangeOrder:
    held = exchange.held().get(body["symbol"], Holding()).quantity
    entry = _order(body, key, role="entry")
    if held * entry.side.sign < 0:
        raise bad("bracket orders must be entry orders")
    entry.group = Group(entry=entry)
    target, stop = _exits(exchange, body, entry.side.opposite, entry.group)
    base = entry.limit_price or exchange.last[entry.symbol]
    if entry.side.sign * (target.limit_price - base) < CENT:
        raise bad("take_profit.limit_price must be >= base_price + 0.01")
    check_stop(exchange, stop, stop.stop_price, base)
    exchange.submit(entry)
    for leg in (target, stop):
        exchange.submit(leg)
    return entry


def _oco(exchange: Exchange, body: dict[str, Any], key: str) -> ExchangeOrder:
    side = OrderSide(body["side"])
    group = Group(quantity=_decimal(body["qty"]))
    target, stop = _exits(exchange, body, side, group)
    target.client_order_id = key
    if exchange.held().get(target.symbol, Holding()).quantity * side.sign >= 0:
        raise bad("oco orders must be exit orders")
    _check_available(exchange, target)
    check_stop(exchange, stop, stop.stop_price, target.limit_price)
    for leg in (target, stop):
        exchange.submit(leg)
    return target


GROUPS: dict[str, Callable[[Exchange, dict[str, Any], str], ExchangeOrder]] = {
    "simple": _simple,
    "bracket": _bracket,
    "oco": _oco,
}


def _exits(
    exchange: Exchange, body: dict[str, Any], side: OrderSide, group: Group
) -> tuple[ExchangeOrder, ExchangeOrder]:
    limit, stop = body["take_profit"]["limit_price"], body["stop_loss"]["stop_price"]
    check_tick("take_profit.limit_price", limit)
    check_tick("stop_loss.stop_price", stop)
    common = {name: body[name] for name in ("symbol", "qty", "time_in_force", "order_class")}
    common |= {"side": side.value, "position_intent": f"{side}_to_close"}
    target = _order(common | {"type": "limit", "limit_price": limit}, str(uuid4()), "take_profit")
    below = _order(common | {"type": "stop", "stop_price": stop}, str(uuid4()), "stop_loss")
    target.group = below.group = group
    if body["symbol"] not in exchange.last:
        raise bad(f'asset "{body["symbol"]}" not found')
    return target, below


def _order(body: dict[str, Any], key: str, role: str) -> ExchangeOrder:
    side, percent = OrderSide(body["side"]), _decimal(body.get("trail_percent"))
    is_option = OPTION.fullmatch(body["symbol"]) is not None
    return ExchangeOrder(
        client_order_id=key,
        symbol=body["symbol"],
        side=side,
        quantity=_decimal(body["qty"]),
        kind=OrderKind(body["type"]),
        limit_price=_decimal(body.get("limit_price")),
        stop_price=_decimal(body.get("stop_price")),
        trail_usd=_decimal(body.get("trail_price")),
        trail_fraction=percent / 100 if percent else None,
        time_in_force=TimeInForce(body["time_in_force"]),
        note={
            "order_class": body.get("order_class") or "simple",
            "role": role,
            "intent": body.get("position_intent") or f"{side}_to_open",
            "asset_class": "us_option" if is_option else "us_equity",
        },
    )


def _take_several(exchange: Exchange, body: dict[str, Any], key: str) -> ExchangeOrder:
    """Take options as one thing, which nobody trades here."""
    name = "+".join(leg["symbol"] for leg in body["legs"])
    limit = _decimal(body.get("limit_price"))
    exchange.last.setdefault(name, abs(limit or CENT))
    side = "sell" if limit is not None and limit < 0 else "buy"
    order = _order({"symbol": name, "side": side} | body, key, "")
    order.note["legs"] = [{"id": str(uuid4())} | leg for leg in body["legs"]]
    return exchange.submit(order)


def _check_fractions(body: dict[str, Any], order_class: str) -> None:
    if not _decimal(body["qty"]) % 1:
        return
    if body["time_in_force"] != "day":
        raise bad("fractional orders must be DAY orders")
    if order_class != "simple":
        raise bad("fractional orders must be simple orders")


def _check_intent(exchange: Exchange, body: dict[str, Any], symbol: str, side: OrderSide) -> None:
    held = exchange.held().get(symbol, Holding()).quantity
    inferred = f"{side}_to_close" if held * side.sign < 0 else f"{side}_to_open"
    intent = body.get("position_intent") or inferred
    if intent != inferred:
        text = f"inferred: {inferred}, specified: {intent}"
        raise bad(f"position intent mismatch, {text}")


def _check_available(exchange: Exchange, order: ExchangeOrder) -> None:
    """Refuse to sell shares that are not there, or that open orders hold already."""
    held = exchange.held().get(order.symbol, Holding()).quantity
    if held * order.side.sign >= 0:
        return
    waiting: dict[object, Decimal] = {}
    for each in exchange.open_orders():
        if (each.symbol, each.side) == (order.symbol, order.side) and each.status.works:
            waiting[each.group or each] = max(each.left, waiting.get(each.group or each, ZERO))
    available = abs(held) - sum(waiting.values(), ZERO)
    if order.quantity > available:
        text = f"(requested: {order.quantity}, available: {available})"
        raise NoError(403, BUSINESS, f"insufficient qty available for order {text}")


def _decimal(value: Any) -> Any:
    return None if value is None else Decimal(str(value))
