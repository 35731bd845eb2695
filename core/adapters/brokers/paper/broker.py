"""A simulated venue with its own book: it trades against the bars that it is shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from pydantic import ValidationError

from core.adapters.brokers.paper.bars import parse_bars, session_close
from core.adapters.brokers.paper.book import Book, BookFile, Ticket
from core.adapters.brokers.paper.matching import (
    Bar,
    Execution,
    booked_price,
    fee,
    match,
    traded_side,
)
from core.adapters.brokers.paper.money import account, notional, positions
from core.domain.trading import (
    CENT,
    Account,
    BrokerCapabilities,
    Fill,
    FillLeg,
    Order,
    OrderRequest,
    OrderStatus,
    Position,
    TimeInForce,
)
from core.errors import RejectedError
from core.settings import Settings


def create(settings: Settings) -> PaperBroker:
    return PaperBroker(settings.data_dir / "paper.sqlite")


class PaperBroker:
    """Fills whole shares at prices in cents; money in USD. Rules: `_matching`."""

    name = "paper"
    timeout_s = 5.0

    def __init__(self, path: Path) -> None:
        self._file = BookFile(path)

    def capabilities(self) -> BrokerCapabilities:
        return BrokerCapabilities(
            bracket=True, several_take_profits=True, short=True, fractional=False, is_live=False
        )

    def account(self) -> Account:
        with self._file.read("account") as book:
            return _account(book)

    def positions(self) -> list[Position]:
        with self._file.read("positions") as book:
            return _positions(book)

    def open_orders(self) -> list[Order]:
        with self._file.read("open_orders") as book:
            return [ticket.to_order() for ticket in book.unfilled()]

    def order_by_client_id(self, client_order_id: str) -> Order | None:
        with self._file.read("order_by_client_id") as book:
            ticket = book.ticket(client_order_id)
            return ticket.to_order() if ticket else None

    def submit(self, request: OrderRequest, submitted_at: datetime) -> Order:
        """Accept an order once per client order id.

        Raises: RejectedError if the id was used for another order, or the order cannot be held.
        """
        with self._file.change("submit") as book:
            known = book.ticket(request.client_order_id)
            if known is None:
                return _accept(book, request, submitted_at).to_order()
            if known.request != request:
                raise RejectedError(self.name, "submit", "client_order_id must be unique")
            return known.to_order()

    def cancel(self, client_order_id: str) -> None:
        with self._file.change("cancel") as book:
            ticket = book.ticket(client_order_id)
            if ticket and ticket.status.is_open:
                at = max(ticket.updated_at, book.newest_at() or ticket.updated_at)
                book.save(ticket.ended(OrderStatus.CANCELED, at))

    def close_position(self, client_order_id: str, reason: str) -> None:
        """Flatten at the last close seen; what is flat or has not entered stays as it is."""
        with self._file.change("close_position") as book:
            ticket = book.ticket(client_order_id)
            if ticket and ticket.working.rest > 0:
                mark = book.marks()[ticket.request.symbol]
                execution = Execution(FillLeg.TIME_STOP, ticket.working.rest, mark.price)
                book.save(_booked(ticket, [execution], mark.seen_until, mark.label))
                book.note_close(ticket, reason)

    def fills_since(self, cursor: str) -> tuple[list[Fill], str]:
        """Return the fills after the row number `cursor`.

        Raises: RejectedError if this venue never gave that cursor.
        """
        if cursor and not (cursor.isascii() and cursor.isdigit()):
            raise RejectedError(self.name, "fills_since", f"unknown cursor {cursor!r}")
        with self._file.read("fills_since") as book:
            rows = book.fills(after=int(cursor or 0))
        return [fill for _, fill in rows], str(rows[-1][0]) if rows else cursor

    def process(self, bars: pd.DataFrame) -> None:
        """Match the orders against the bars, oldest first, all in one transaction.

        A bar that started before the last one of its symbol had ended was seen: it does nothing.
        """
        shown = parse_bars(bars)
        with self._file.change("process") as book:
            seen = {symbol: mark.seen_until for symbol, mark in book.marks().items()}
            for bar in shown:
                if bar.symbol not in seen or bar.started_at >= seen[bar.symbol]:
                    _show(book, bar)
                    seen[bar.symbol] = bar.ended_at


def _accept(book: Book, request: OrderRequest, submitted_at: datetime) -> Ticket:
    if submitted_at.tzinfo is None:
        raise RejectedError("paper", "submit", f"the time {submitted_at} has no zone")
    _refuse_malformed(request)
    needed, allowed = notional(request), _account(book).buying_power
    if needed > allowed:
        reason = f"the order needs {needed:,.2f} USD, buying power is {allowed:,.2f} USD"
        raise RejectedError("paper", "submit", reason)
    is_day = request.time_in_force is TimeInForce.DAY
    at = submitted_at.astimezone(UTC)
    return book.add(request, at, session_close(at) if is_day else None)


def _refuse_malformed(request: OrderRequest) -> None:
    """A venue trusts nobody: it checks again what the request's own type promises."""
    try:
        OrderRequest.model_validate(request.model_dump())
    except ValidationError as error:
        raise RejectedError("paper", "submit", error.errors()[0]["msg"]) from error
    exits = request.bracket.take_profits
    prices = [request.limit_price, request.bracket.stop_price, *(exit_.price for exit_ in exits)]
    if any(price % CENT for price in prices):
        raise RejectedError("paper", "submit", "prices are whole cents")
    if any(quantity % 1 for quantity in (request.quantity, *(exit_.quantity for exit_ in exits))):
        raise RejectedError("paper", "submit", "quantities are whole shares")


def _positions(book: Book) -> list[Position]:
    prices = {symbol: mark.price for symbol, mark in book.marks().items()}
    return positions((fill for _, fill in book.fills()), prices)


def _account(book: Book) -> Account:
    fills = [fill for _, fill in book.fills()]
    entries = [ticket.request for ticket in book.unfilled()]
    return account(fills, _positions(book), entries, book.newest_at() or datetime.now(UTC))


def _show(book: Book, bar: Bar) -> None:
    for ticket in book.working(bar.symbol):
        after = _after(ticket, bar)
        if after != ticket:
            book.save(after)
    book.mark(bar)


def _after(ticket: Ticket, bar: Bar) -> Ticket:
    """Return the ticket after the bar. Before its end a DAY entry may fill, then it expires."""
    if ticket.status is OrderStatus.FILLED:
        return _booked(ticket, match(ticket.working, bar), bar.started_at, bar.label)
    expires_at = ticket.expires_at
    in_time = expires_at is None or bar.started_at < expires_at
    if in_time and bar.started_at >= ticket.submitted_at:
        executions = match(ticket.working, bar)
        if executions:
            entered = ticket.ended(OrderStatus.FILLED, bar.started_at)
            return _booked(entered, executions, bar.started_at, bar.label)
    if expires_at is not None and bar.ended_at >= expires_at:
        return ticket.ended(OrderStatus.EXPIRED, expires_at)
    return ticket


def _booked(ticket: Ticket, executions: Iterable[Execution], at: datetime, label: str) -> Ticket:
    fills = list(ticket.fills)
    for execution in executions:
        place = 1 + sum(1 for fill in fills if fill.leg is execution.leg)
        fills.append(_to_fill(ticket.request, execution, place, at, label))
    return replace(ticket, fills=tuple(fills))


def _to_fill(
    request: OrderRequest, execution: Execution, place: int, at: datetime, label: str
) -> Fill:
    side = traded_side(request, execution.leg)
    price = booked_price(side, execution.leg, execution.price)
    return Fill(
        fill_id=f"{request.client_order_id}#{execution.leg.value}-{place}",
        client_order_id=request.client_order_id,
        symbol=request.symbol,
        side=side,
        leg=execution.leg,
        quantity=execution.quantity,
        price=price,
        fees=fee(execution.quantity, price),
        filled_at=at,
        label=label,
    )
