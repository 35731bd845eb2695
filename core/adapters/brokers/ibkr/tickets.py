"""A request as the orders that IBKR takes for it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from ib_async import Order
from pydantic import ValidationError

from core.adapters.brokers.ibkr.address import NAME
from core.adapters.brokers.ibkr.refs import MARK, Part, to_ref
from core.domain.orders import Bracket, OrderKind, OrderRequest
from core.domain.trading import OrderSide
from core.errors import RejectedError

TYPES = {
    OrderKind.MARKET: "MKT", OrderKind.LIMIT: "LMT", OrderKind.STOP: "STP",
    OrderKind.STOP_LIMIT: "STP LMT", OrderKind.TRAILING_STOP: "TRAIL",
}  # fmt: skip
REDUCE_WITH_BLOCK = 2  # a part of one order reduces the other, and one at a time is at the exchange
GTC = "GTC"

Numbers = Callable[[], int]


def refuse_unsupported(request: OrderRequest) -> None:
    """Refuse what this broker does not take, or what no broker should. Raises: RejectedError."""
    try:
        OrderRequest.model_validate(request.model_dump())
    except ValidationError as error:
        raise RejectedError(NAME, "submit", error.errors()[0]["msg"]) from error
    bracket = request.bracket
    reasons = {
        "options are not traded through IBKR here": bool(request.legs),
        "IBKR's bracket has one take-profit": bracket and len(bracket.take_profits) > 1,
        "quantities are whole shares": request.quantity % 1 != 0,
        f"a client order id must not hold {MARK!r}": MARK in request.client_order_id,
    }
    for reason, applies in reasons.items():
        if applies:
            raise RejectedError(NAME, "submit", reason)


def to_orders(request: OrderRequest, account: str, number: Numbers) -> list[Order]:
    """Return the orders in the order in which they are sent; the main one has no suffix.

    IBKR holds a bracket back until its last part is there. The exits outlive the day: a position
    that is held over night is protected on the next day too.
    """
    main = _main(request, account, number)
    if request.bracket is None:
        return [main]
    side, shares = request.side.opposite, request.quantity
    if request.is_oco:
        stop = _stop(request.client_order_id, request.side, shares, request.bracket)
        return _tied(request.client_order_id, [_numbered(stop, account, number), main])
    target = _target(request.client_order_id, side, shares, request.bracket)
    stop = _stop(request.client_order_id, side, shares, request.bracket)
    for exit_ in (target, stop):
        _numbered(exit_, account, number).parentId = main.orderId
    main.transmit = target.transmit = False
    return [main, target, stop]


def protection(
    name: str, side: OrderSide, shares: Decimal, bracket: Bracket, account: str, number: Numbers
) -> list[Order]:
    """Return exits for a position whose entry has ended, the stop first."""
    exits = [_stop(name, side, shares, bracket), _target(name, side, shares, bracket)]
    return _tied(name, [_numbered(exit_, account, number) for exit_ in exits])


def market_exit(
    name: str, side: OrderSide, shares: Decimal, account: str, number: Numbers
) -> Order:
    order = _order(to_ref(name, Part.CLOSE), side, shares, "MKT")
    order.tif = "DAY"
    return _numbered(order, account, number)


def _main(request: OrderRequest, account: str, number: Numbers) -> Order:
    kind = TYPES[request.kind]
    order = _order(request.client_order_id, request.side, request.quantity, kind)
    order.tif = request.time_in_force.upper()
    if request.limit_price is not None:
        order.lmtPrice = float(request.limit_price)
    if request.stop_price is not None:
        order.auxPrice = float(request.stop_price)
    if request.trail_usd is not None:
        order.auxPrice = float(request.trail_usd)
    if request.trail_fraction is not None:
        order.trailingPercent = float(100 * request.trail_fraction)
    return _numbered(order, account, number)


def _stop(name: str, side: OrderSide, shares: Decimal, bracket: Bracket) -> Order:
    order = _order(to_ref(name, Part.STOP), side, shares, "STP")
    order.auxPrice = float(bracket.stop_price)
    return order


def _target(name: str, side: OrderSide, shares: Decimal, bracket: Bracket) -> Order:
    order = _order(to_ref(name, Part.TARGET), side, shares, "LMT")
    order.lmtPrice = float(bracket.take_profits[0].price)
    return order


def _order(ref: str, side: OrderSide, shares: Decimal, kind: str) -> Order:
    return Order(
        action=side.upper(), totalQuantity=float(shares), orderType=kind, orderRef=ref, tif=GTC
    )


def _numbered(order: Order, account: str, number: Numbers) -> Order:
    order.account, order.orderId = account, number()
    return order


def _tied(name: str, orders: list[Order]) -> list[Order]:
    """Let one order end the other. The group is used once: IBKR keeps a used name closed."""
    for order in orders:
        order.ocaGroup = f"{name}{MARK}{orders[0].orderId}"
        order.ocaType = REDUCE_WITH_BLOCK
    return orders
