"""How the market in memory looks in Alpaca's words."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from core.domain.orders import OrderKind
from tests.contract.stubs.exchange import MARGIN, Exchange, ExchangeFill, ExchangeOrder, Status

ENDS = {
    Status.FILLED: "filled_at",
    Status.CANCELED: "canceled_at",
    Status.EXPIRED: "expired_at",
    Status.REPLACED: "replaced_at",
}


def asset_id(symbol: str) -> str:
    return str(uuid5(NAMESPACE_DNS, symbol))


def text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount.normalize():f}"


def stamp(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def status(order: ExchangeOrder) -> str:
    """Return Alpaca's word: a stop beside a take-profit is held, though it works."""
    waits = order.status in {Status.NEW, Status.HELD} and not order.triggered
    if waits and order.is_exit and order.kind.has_stop:
        return "held"
    return order.status.value


def told(order: ExchangeOrder, legs: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """Return an order; `note` is what it was ordered with."""
    note = order.note
    ended = dict.fromkeys(("filled_at", "canceled_at", "expired_at", "failed_at", "replaced_at"))
    if order.status in ENDS:
        ended[ENDS[order.status]] = stamp(order.updated_at)
    trail = order.trail_fraction
    answer = {
        "id": order.id,
        "client_order_id": order.client_order_id,
        "created_at": stamp(order.submitted_at),
        "updated_at": stamp(order.updated_at),
        "submitted_at": stamp(order.submitted_at),
        **ended,
        "replaced_by": order.replaced_by or None,
        "replaces": order.replaces or None,
        "asset_id": asset_id(order.symbol),
        "symbol": order.symbol,
        "asset_class": note["asset_class"],
        "notional": None,
        "qty": text(order.quantity),
        "filled_qty": text(order.filled),
        "filled_avg_price": text(order.average_price),
        "order_class": note["order_class"],
        "order_type": order.kind.value,
        "type": order.kind.value,
        "side": order.side.value,
        "position_intent": note["intent"],
        "time_in_force": order.time_in_force.value,
        "limit_price": text(order.limit_price),
        "stop_price": text(order.stop_price),
        "status": status(order),
        "extended_hours": False,
        "legs": legs,
        "trail_percent": text(trail * 100) if trail else None,
        "trail_price": text(order.trail_usd),
        "hwm": text(order.best) if order.kind is OrderKind.TRAILING_STOP else None,
        "source": None,
        "subtag": None,
    }
    if order.group is not None:
        answer |= {"group_id": order.group.id, "group_role": note["role"]}
    if note["order_class"] == "mleg":
        for name in ("symbol", "asset_id", "asset_class", "side", "position_intent"):
            del answer[name]
        answer["legs"] = [_option(order, leg) for leg in note["legs"]]
    return answer


def _option(order: ExchangeOrder, leg: dict[str, Any]) -> dict[str, Any]:
    moments = ("created_at", "updated_at", "submitted_at")
    return {
        **dict.fromkeys(moments, stamp(order.submitted_at)),
        "id": leg["id"],
        "client_order_id": leg["id"],
        "symbol": leg["symbol"],
        "asset_id": asset_id(leg["symbol"]),
        "asset_class": "us_option",
        "side": leg["side"],
        "position_intent": leg["position_intent"],
        "ratio_qty": str(leg["ratio_qty"]),
        "qty": text(order.quantity),
        "filled_qty": text(order.filled),
        "notional": None,
        "order_class": "mleg",
        "type": order.kind.value,
        "time_in_force": order.time_in_force.value,
        "status": order.status.value,
        "extended_hours": False,
        "legs": None,
    }


def activity(fill: ExchangeFill) -> dict[str, Any]:
    order = fill.order
    is_last = order.status is Status.FILLED
    return {
        "id": activity_id(fill),
        "activity_type": "FILL",
        "transaction_time": stamp(fill.filled_at),
        "type": "fill" if is_last else "partial_fill",
        "price": text(fill.price),
        "qty": text(fill.quantity),
        "side": order.side.value,
        "symbol": order.symbol,
        "leaves_qty": text(order.left),
        "order_id": order.id,
        "cum_qty": text(order.filled),
        "order_status": "filled" if is_last else "partially_filled",
    }


def activity_id(fill: ExchangeFill) -> str:
    return f"{fill.filled_at:%Y%m%d%H%M%S}{fill.filled_at.microsecond // 1000:03d}::{fill.id}"


def account(exchange: Exchange, account_number: str) -> dict[str, Any]:
    values = [exchange.last[s] * h.quantity for s, h in exchange.held().items()]
    long, short = (
        sum((v for v in values if (v > 0) is side), Decimal(0)) for side in (True, False)
    )
    return {
        "id": asset_id(account_number),
        "account_number": account_number,
        "status": "ACTIVE",
        "currency": "USD",
        "cash": text(exchange.cash()),
        "equity": text(exchange.equity()),
        "portfolio_value": text(exchange.equity()),
        "buying_power": text(exchange.buying_power()),
        "long_market_value": text(long),
        "short_market_value": text(short),
        "multiplier": str(MARGIN),
        "shorting_enabled": True,
        "account_blocked": False,
        "trading_blocked": False,
        "transfers_blocked": False,
        "trade_suspended_by_user": "" in exchange.suspended,
        "options_approved_level": 3,
        "options_trading_level": 3,
    }


def positions(exchange: Exchange) -> list[dict[str, Any]]:
    return [_position(exchange, symbol) for symbol in sorted(exchange.held())]


def _position(exchange: Exchange, symbol: str) -> dict[str, Any]:
    held, price = exchange.held()[symbol], exchange.last[symbol]
    value = price * held.quantity
    gain = value - held.cost
    return {
        "asset_id": asset_id(symbol),
        "symbol": symbol,
        "exchange": "NASDAQ",
        "asset_class": "us_equity",
        "asset_marginable": True,
        "avg_entry_price": text(held.cost / held.quantity),
        "qty": text(held.quantity),
        "qty_available": text(held.quantity),
        "side": "long" if held.quantity > 0 else "short",
        "market_value": text(value),
        "cost_basis": text(held.cost),
        "unrealized_pl": text(gain),
        "unrealized_plpc": "0",
        "unrealized_intraday_pl": text(gain),
        "unrealized_intraday_plpc": "0",
        "current_price": text(price),
        "lastday_price": text(price),
        "change_today": "0",
    }


def asset(exchange: Exchange, symbol: str) -> dict[str, Any]:
    return {
        "id": asset_id(symbol),
        "class": "us_equity",
        "exchange": "NASDAQ",
        "symbol": symbol,
        "name": f"{symbol} Common Stock",
        "status": "active",
        "tradable": symbol not in exchange.halted,
        "marginable": True,
        "shortable": symbol not in exchange.unborrowable,
        "fractionable": True,
        "borrow_status": "hard_to_borrow" if symbol in exchange.unborrowable else "easy_to_borrow",
    }
