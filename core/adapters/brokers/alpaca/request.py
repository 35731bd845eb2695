"""What an order of ours looks like to Alpaca, or why it cannot be one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from core.adapters.alpaca_rest import NAME
from core.adapters.brokers.alpaca.client import sdk
from core.adapters.brokers.alpaca.wire import WireOrder
from core.domain.orders import Bracket, OptionLeg, OrderKind, OrderRequest, Purpose
from core.domain.trading import CENT, OrderSide
from core.errors import RejectedError

# Of the 128 characters of an identifier the ones of what is sent in its name: see families.py.
LONGEST_ID = 118
SMALLEST_TICK, SMALLEST_QUANTITY = Decimal("0.0001"), Decimal("1e-9")
KINDS: dict[OrderKind, type[sdk.OrderRequest]] = {
    OrderKind.MARKET: sdk.MarketOrderRequest,
    OrderKind.LIMIT: sdk.LimitOrderRequest,
    OrderKind.STOP: sdk.StopOrderRequest,
    OrderKind.STOP_LIMIT: sdk.StopLimitOrderRequest,
    OrderKind.TRAILING_STOP: sdk.TrailingStopOrderRequest,
}


def to_alpaca(request: OrderRequest) -> sdk.OrderRequest:
    """Return the request in alpaca-py's form.

    Raises: RejectedError for what Alpaca surely refuses.
    """
    try:
        OrderRequest.model_validate(request.model_dump())  # a copy may have been changed unchecked
        return KINDS[request.kind](
            client_order_id=_checked_id(request.client_order_id),
            qty=_quantity(request.quantity),
            time_in_force=sdk.TimeInForce(request.time_in_force),
            **_prices(request),
            **_content(request),
        )
    except ValidationError as error:
        first = error.errors(include_input=False)[0]["msg"]
        raise RejectedError(NAME, "submit", f"{request.client_order_id}: {first}") from None


def exit_pair(
    client_order_id: str, order: WireOrder, quantity: Decimal, bracket: Bracket
) -> sdk.OrderRequest:
    """Return the stop and the take-profit of what an entry holds; one of them fills."""
    side = order.order_side.opposite
    return sdk.LimitOrderRequest(
        client_order_id=client_order_id,
        symbol=order.symbol,
        side=sdk.OrderSide(side),
        qty=float(quantity),
        time_in_force=sdk.TimeInForce.GTC,
        position_intent=_intent(side, "close"),
        order_class=sdk.OrderClass.OCO,
        **_protection(bracket),
    )


def market_exit(client_order_id: str, order: WireOrder, quantity: Decimal) -> sdk.OrderRequest:
    """Return what flattens an entry; that it closes is said, so that it never opens anything."""
    content: dict[str, Any]
    if order.order_class == "mleg":
        legs = [_reversed(leg) for leg in order.legs]
        content = {"order_class": sdk.OrderClass.MLEG, "legs": legs}
    else:
        side = order.order_side.opposite
        content = {"symbol": order.symbol, "side": sdk.OrderSide(side)}
        content["position_intent"] = _intent(side, "close")
    return sdk.MarketOrderRequest(
        client_order_id=client_order_id,
        qty=float(quantity),
        time_in_force=sdk.TimeInForce.DAY,
        **content,
    )


def tick(price: Decimal) -> float:
    """Return the price as it is sent: whole cents, four decimals below one dollar.

    Raises: RejectedError for a finer price, which Alpaca refuses.
    """
    if price % (CENT if price >= 1 else SMALLEST_TICK):
        raise RejectedError(NAME, "submit", f"the price {price} is finer than Alpaca's ticks")
    return float(price)


def _checked_id(client_order_id: str) -> str:
    if len(client_order_id) > LONGEST_ID:
        reason = f"{client_order_id!r} has more than {LONGEST_ID} characters"
        raise RejectedError(NAME, "submit", reason)
    return client_order_id


def _quantity(quantity: Decimal) -> float:
    if quantity % SMALLEST_QUANTITY:
        raise RejectedError(NAME, "submit", f"the quantity {quantity} has more than 9 decimals")
    return float(quantity)


def _prices(request: OrderRequest) -> dict[str, float]:
    prices: dict[str, float] = {}
    if request.limit_price is not None and not request.is_oco:
        several = len(request.legs) > 1 and request.side is OrderSide.SELL
        prices["limit_price"] = tick(request.limit_price) * (-1 if several else 1)  # a credit
    if request.stop_price is not None:
        prices["stop_price"] = tick(request.stop_price)
    if request.trail_usd is not None:
        prices["trail_price"] = tick(request.trail_usd)
    if request.trail_fraction is not None:
        prices["trail_percent"] = float(request.trail_fraction * 100)
    return prices


def _content(request: OrderRequest) -> dict[str, Any]:
    """Return what is traded, and what protects it."""
    if len(request.legs) > 1:
        legs = [_leg(leg) for leg in request.legs]
        return {"order_class": sdk.OrderClass.MLEG, "legs": legs}
    if request.legs:
        return _one_option(request, request.legs[0])
    content: dict[str, Any] = {"symbol": request.symbol, "side": sdk.OrderSide(request.side)}
    if request.purpose is Purpose.EXIT:
        content["position_intent"] = _intent(request.side, "close")
    if request.bracket is not None:
        order_class = sdk.OrderClass.OCO if request.is_oco else sdk.OrderClass.BRACKET
        content |= {"order_class": order_class, **_protection(request.bracket)}
    return content


def _one_option(request: OrderRequest, leg: OptionLeg) -> dict[str, Any]:
    """Return a single option as the simple order that Alpaca wants it to be."""
    if leg.ratio != 1 or leg.side is not request.side:
        reason = f"{leg.symbol}: a single option is traded on the order's side, one for one"
        raise RejectedError(NAME, "submit", reason)
    return {
        "symbol": leg.symbol,
        "side": sdk.OrderSide(leg.side),
        "position_intent": _intent(leg.side, "open" if leg.opens else "close"),
    }


def _leg(leg: OptionLeg) -> sdk.OptionLegRequest:
    return sdk.OptionLegRequest(
        symbol=leg.symbol,
        ratio_qty=float(leg.ratio),
        side=sdk.OrderSide(leg.side),
        position_intent=_intent(leg.side, "open" if leg.opens else "close"),
    )


def _protection(bracket: Bracket) -> dict[str, Any]:
    if len(bracket.take_profits) > 1:
        raise RejectedError(NAME, "submit", "Alpaca takes one take-profit an order")
    return {
        "take_profit": sdk.TakeProfitRequest(limit_price=tick(bracket.take_profits[0].price)),
        "stop_loss": sdk.StopLossRequest(stop_price=tick(bracket.stop_price)),
    }


def _reversed(leg: WireOrder) -> sdk.OptionLegRequest:
    side = leg.order_side.opposite
    return sdk.OptionLegRequest(
        symbol=leg.symbol,
        ratio_qty=float(leg.ratio or 1),
        side=sdk.OrderSide(side),
        position_intent=_intent(side, "close"),
    )


def _intent(side: OrderSide, ends: str) -> sdk.PositionIntent:
    return sdk.PositionIntent(f"{side}_to_{ends}")
