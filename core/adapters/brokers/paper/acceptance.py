"""What the paper venue refuses before it takes an order, and why."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from pydantic import ValidationError

from core.adapters.brokers.paper.matching import ZERO
from core.adapters.brokers.paper.ticket import Ticket
from core.domain.orders import OrderKind, OrderRequest, Purpose
from core.domain.trading import CENT, Asset, OrderSide, Position
from core.errors import RejectedError


def refuse_malformed(request: OrderRequest, submitted_at: datetime) -> None:
    """A venue trusts nobody: it checks again what the request's own type promises."""
    if submitted_at.tzinfo is None:
        raise rejected(f"the time {submitted_at} has no zone")
    try:
        OrderRequest.model_validate(request.model_dump())
    except ValidationError as error:
        raise rejected(error.errors()[0]["msg"]) from error
    if request.legs:
        raise rejected("options are not traded here")
    if request.is_oco and request.kind is not OrderKind.LIMIT:
        raise rejected("an exit with a bracket is a limit order")
    if any(price % CENT for price in prices(request)):
        raise rejected("prices are whole cents")
    targets = request.bracket.take_profits if request.bracket else ()
    if any(each % 1 for each in (request.quantity, *(target.quantity for target in targets))):
        raise rejected("quantities are whole shares")


def refuse_untradable(request: OrderRequest, asset: Asset) -> None:
    if not asset.is_tradable:
        raise rejected(f"{request.symbol} is not traded: {asset.reason}")
    is_short = request.purpose is Purpose.ENTRY and request.side is OrderSide.SELL
    if is_short and not asset.is_shortable:
        raise rejected(f"{request.symbol} is not sold short: {asset.reason}")


def refuse_excess(request: OrderRequest, held: Iterable[Position], working: list[Ticket]) -> None:
    """An exit never opens a position: it may close what no other exit is waiting to close."""
    sign = request.position_sign
    quantity = sum((p.quantity for p in held if p.symbol == request.symbol), ZERO)
    waiting = sum((_exits(ticket, request) for ticket in working), ZERO)
    free = max(ZERO, sign * quantity - waiting)
    if request.quantity > free:
        reason = f"the exit is for {request.quantity} shares of {request.symbol}, {free} are free"
        raise rejected(reason)


def refuse_unaffordable(cost: Decimal, allowed: Decimal) -> None:
    if cost > allowed:
        reason = f"the order needs {cost:,.2f} USD, buying power is {allowed:,.2f} USD"
        raise rejected(reason)


def needed(request: OrderRequest, quantity: Decimal, price: Decimal | None) -> Decimal:
    """Return what an entry may cost in USD; without any price, at the farthest that it names."""
    named = request.limit_price or request.stop_price or price
    return quantity * (named or max(prices(request)))


def rejected(reason: str, operation: str = "submit") -> RejectedError:
    return RejectedError("paper", operation, reason)


def prices(request: OrderRequest) -> list[Decimal]:
    bracket = request.bracket
    exits = [bracket.stop_price, *(t.price for t in bracket.take_profits)] if bracket else []
    own = (request.limit_price, request.stop_price, request.trail_usd)
    return [price for price in (*own, *exits) if price is not None]


def _exits(ticket: Ticket, request: OrderRequest) -> Decimal:
    """Return the shares that an order in the book is waiting to close of the same position."""
    asked, working = ticket.asked, ticket.working
    if (asked.symbol, asked.position_sign) != (request.symbol, request.position_sign):
        return ZERO
    return working.held + (working.opening if asked.purpose is Purpose.EXIT else ZERO)
