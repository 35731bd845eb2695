"""What is done to the orders of the paper venue's book, each in one transaction."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from core.adapters.brokers.paper.acceptance import (
    needed,
    refuse_excess,
    refuse_malformed,
    refuse_unaffordable,
    refuse_untradable,
    rejected,
)
from core.adapters.brokers.paper.bars import EPOCH
from core.adapters.brokers.paper.book import Book, Mark
from core.adapters.brokers.paper.changes import changed
from core.adapters.brokers.paper.holdings import (
    SUSPENDED,
    account_of,
    asset_of,
    positions_of,
    reserve,
)
from core.adapters.brokers.paper.matching import Execution
from core.adapters.brokers.paper.rules import VenueRules
from core.adapters.brokers.paper.sessions import session_close
from core.adapters.brokers.paper.ticket import Progress, Ticket
from core.domain.orders import (
    OrderChange,
    OrderKind,
    OrderRequest,
    OrderStatus,
    Purpose,
    TimeInForce,
)
from core.domain.trading import FillLeg, OrderSide

BY_HAND = "by hand"


def accept(book: Book, request: OrderRequest, submitted_at: datetime, rules: VenueRules) -> Ticket:
    """Take an order into the book.

    Raises: RejectedError with the reason.
    """
    if book.is_suspended():
        raise rejected(SUSPENDED)
    refuse_malformed(request, submitted_at)
    refuse_untradable(request, asset_of(book, request.symbol))
    mark = book.marks().get(request.symbol)
    price = mark.price if mark else None
    if request.purpose is Purpose.EXIT:
        refuse_excess(request, positions_of(book), book.working([request.symbol]))
    else:
        allowed = account_of(book, rules).buying_power
        refuse_unaffordable(needed(request, request.quantity, price), allowed)
    is_day, at = request.time_in_force is TimeInForce.DAY, submitted_at.astimezone(UTC)
    best = price if request.kind is OrderKind.TRAILING_STOP else None
    return book.add(request, at, session_close(at) if is_day else None, Progress(best_price=best))


def change(book: Book, client_order_id: str, wanted: OrderChange, rules: VenueRules) -> Ticket:
    """Change an order in place.

    Raises: RejectedError with the reason.
    """
    ticket = book.ticket(client_order_id)
    if ticket is None:
        raise rejected(f"there is no order {client_order_id!r}", "replace")
    after = changed(ticket, wanted)
    if after is not ticket:
        marks = book.marks()
        more = reserve(after, marks) - reserve(ticket, marks)
        if more > 0:
            refuse_unaffordable(more, account_of(book, rules).buying_power)
        after = after.ended(ticket.status, _now(book, ticket))
        book.keep([(ticket, after)])
    return after


def cancel(book: Book, client_order_id: str) -> None:
    ticket = book.ticket(client_order_id)
    if ticket and ticket.status.is_open:
        book.keep([(ticket, ticket.ended(OrderStatus.CANCELED, _now(book, ticket)))])


def flatten(book: Book, client_order_id: str, reason: str, rules: VenueRules) -> None:
    """Trade what an order holds at the last close seen.

    Raises: RejectedError while its symbol is halted, or orders are suspended.
    """
    ticket = book.ticket(client_order_id)
    if ticket is None or not ticket.working.held:
        return
    asset = asset_of(book, ticket.asked.symbol)
    if book.is_suspended() or not asset.is_tradable:
        raise rejected(SUSPENDED if asset.is_tradable else asset.reason, "close_position")
    mark = book.marks()[ticket.asked.symbol]
    execution = Execution(FillLeg.TIME_STOP, ticket.working.held, mark.price)
    at = max(mark.seen_until, ticket.updated_at)
    book.keep([(ticket, ticket.booked([execution], at, mark.label, rules))])
    book.note_close(ticket, reason)


def trade_by_hand(
    book: Book, symbol: str, quantity: Decimal, price: Decimal, rules: VenueRules
) -> Ticket:
    """Book what somebody traded past the desk, as an order that is done."""
    at = book.newest_at() or datetime.now(UTC)
    request = OrderRequest(
        client_order_id=f"by-hand-{book.next_number()}",
        symbol=symbol,
        side=OrderSide.BUY if quantity > 0 else OrderSide.SELL,
        quantity=abs(quantity),
        purpose=Purpose.EXIT,
        kind=OrderKind.MARKET,
    )
    ticket = book.add(request, at, None, Progress())
    execution = Execution(FillLeg.EXTERNAL, request.quantity, price)
    after = ticket.booked([execution], at, BY_HAND, rules)
    book.keep([(ticket, after)])
    mark = book.marks().get(symbol)
    book.mark({symbol: Mark(price, BY_HAND, mark.seen_until if mark else EPOCH)})
    return after


def _now(book: Book, ticket: Ticket) -> datetime:
    return max(ticket.updated_at, book.newest_at() or ticket.updated_at)
