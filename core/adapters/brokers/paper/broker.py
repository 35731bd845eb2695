"""A simulated venue with its own book: it trades against the bars that it is shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from threading import Event

import pandas as pd

from core.adapters.brokers.paper import holdings, market, orders
from core.adapters.brokers.paper.acceptance import rejected
from core.adapters.brokers.paper.bars import parse_bars
from core.adapters.brokers.paper.book_file import BookFile
from core.adapters.brokers.paper.rules import VenueRules
from core.adapters.brokers.paper.sessions import market_clock
from core.adapters.brokers.paper.statement import to_order
from core.clock import WallClock
from core.domain.orders import Order, OrderChange, OrderRequest
from core.domain.trading import (
    Account,
    Asset,
    BrokerCapabilities,
    Fill,
    MarketClock,
    Position,
    TradeUpdate,
)
from core.settings import Mode, Settings

RULES = VenueRules()


def create(settings: Settings) -> PaperBroker:
    """Outside the demo the venue lives in the time of the wall; in it, in that of its bars."""
    now = None if settings.mode is Mode.DEMO else WallClock().now
    return PaperBroker(settings.data_dir / "paper.sqlite", now=now)


class PaperBroker:
    """Fills whole shares at prices in cents; money in USD. Rules: `matching`, `rules`."""

    name = "paper"
    timeout_s = 5.0

    def __init__(
        self,
        path: Path,
        rules: VenueRules = RULES,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        """now: tells the time; without it, it is the end of the newest bar that was shown."""
        self._file, self._rules, self._now = BookFile(path), rules, now

    def capabilities(self) -> BrokerCapabilities:
        return BrokerCapabilities(
            bracket=True,
            several_take_profits=True,
            short=True,
            fractional=False,
            is_live=False,
            oco=True,
            trailing=True,
            replace=True,
            suspend=True,
        )

    def connect(self) -> None:
        """The book is a file: there is nothing to connect to."""

    def close(self) -> None:
        """Each call closes the file behind itself."""

    def clock(self) -> MarketClock:
        with self._file.read("clock") as book:
            newest = book.newest_at()
        return market_clock(self._now() if self._now else newest or datetime.now(UTC))

    def account(self) -> Account:
        with self._file.read("account") as book:
            return holdings.account_of(book, self._rules)

    def positions(self) -> list[Position]:
        with self._file.read("positions") as book:
            return holdings.positions_of(book)

    def asset(self, symbol: str) -> Asset:
        """Return what was listed of a symbol; any other may be traded and sold short."""
        with self._file.read("asset") as book:
            return holdings.asset_of(book, symbol.upper())

    def open_orders(self) -> list[Order]:
        with self._file.read("open_orders") as book:
            return [to_order(ticket) for ticket in book.working()]

    def order_by_client_id(self, client_order_id: str) -> Order | None:
        with self._file.read("order_by_client_id") as book:
            ticket = book.ticket(client_order_id)
            return to_order(ticket) if ticket else None

    def fills_since(self, cursor: str) -> tuple[list[Fill], str]:
        """Return the fills after the row number `cursor`.

        Raises: RejectedError if this venue never gave that cursor.
        """
        if cursor and not (cursor.isascii() and cursor.isdigit()):
            raise rejected(f"unknown cursor {cursor!r}", "fills_since")
        with self._file.read("fills_since") as book:
            rows = book.fills(after=int(cursor or 0))
        return [fill for _, fill in rows], str(rows[-1][0]) if rows else cursor

    def submit(self, request: OrderRequest, submitted_at: datetime) -> Order:
        """Accept an order once per client order id.

        Raises: RejectedError if the id was used for another order, or the order cannot be held.
        """
        with self._file.change("submit") as book:
            known = book.ticket(request.client_order_id)
            if known is None:
                return to_order(orders.accept(book, request, submitted_at, self._rules))
            if known.asked != request:
                raise rejected("client_order_id must be unique")
            return to_order(known)

    def replace(self, client_order_id: str, change: OrderChange) -> Order:
        with self._file.change("replace") as book:
            return to_order(orders.change(book, client_order_id, change, self._rules))

    def cancel(self, client_order_id: str) -> None:
        with self._file.change("cancel") as book:
            orders.cancel(book, client_order_id)

    def close_position(self, client_order_id: str, reason: str) -> None:
        """Flatten at the last close seen; what is flat or has not entered stays as it is."""
        with self._file.change("close_position") as book:
            orders.flatten(book, client_order_id, reason, self._rules)

    def suspend(self) -> None:
        with self._file.change("suspend") as book:
            book.suspend()

    def resume(self) -> None:
        with self._file.change("resume") as book:
            book.resume()

    def listen(self, on_update: Callable[[TradeUpdate], None], stop: Event) -> None:
        """Wait for `stop`: here nothing changes but by a call of the desk's own."""
        stop.wait()

    def process(self, bars: pd.DataFrame) -> None:
        """Match the orders against the bars, oldest first, all in one transaction.

        A bar that started before the last one of its symbol had ended was seen: it does nothing.
        """
        shown = parse_bars(bars)
        with self._file.change("process") as book:
            market.show(book, shown, self._rules)

    def list_asset(self, asset: Asset) -> None:
        """Learn what may be done with a symbol: one that is not tradable is halted."""
        with self._file.change("list_asset") as book:
            book.list_asset(asset)

    def trade_by_hand(self, symbol: str, quantity: Decimal, price: Decimal) -> Order:
        """Let somebody trade past the desk; a negative quantity sells."""
        with self._file.change("trade_by_hand") as book:
            return to_order(orders.trade_by_hand(book, symbol, quantity, price, self._rules))
