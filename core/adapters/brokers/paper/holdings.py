"""What the paper venue's book says of the account and of a symbol."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from core.adapters.brokers.paper import money
from core.adapters.brokers.paper.acceptance import needed
from core.adapters.brokers.paper.book import Book, Mark
from core.adapters.brokers.paper.matching import ZERO
from core.adapters.brokers.paper.rules import VenueRules
from core.adapters.brokers.paper.ticket import Ticket
from core.domain.orders import Purpose
from core.domain.trading import Account, Asset, Fill, Position

SUSPENDED = "orders are suspended"


def positions_of(book: Book) -> list[Position]:
    return _positions([fill for _, fill in book.fills()], book.marks())


def account_of(book: Book, rules: VenueRules) -> Account:
    """Return the account, blocked while orders are suspended."""
    fills, marks = [fill for _, fill in book.fills()], book.marks()
    reserved = sum((reserve(ticket, marks) for ticket in book.working()), ZERO)
    at = book.newest_at() or datetime.now(UTC)
    blocked = SUSPENDED if book.is_suspended() else ""
    account = money.account(fills, _positions(fills, marks), reserved, at, rules)
    return account.model_copy(update={"blocked": blocked})


def reserve(ticket: Ticket, marks: dict[str, Mark]) -> Decimal:
    """Return what an order in the book may still cost, in USD."""
    if ticket.asked.purpose is Purpose.EXIT or not ticket.working.opening:
        return ZERO
    mark = marks.get(ticket.asked.symbol)
    return needed(ticket.request, ticket.working.opening, mark.price if mark else None)


def asset_of(book: Book, symbol: str) -> Asset:
    """Return what was listed of a symbol; any other may be traded and sold short."""
    listed = book.assets().get(symbol)
    return listed or Asset(
        symbol=symbol, is_tradable=True, is_shortable=True, is_fractionable=False
    )


def _positions(fills: list[Fill], marks: dict[str, Mark]) -> list[Position]:
    return money.positions(fills, {symbol: mark.price for symbol, mark in marks.items()})
