"""Let the market move: bars are shown to the paper venue's book."""

from __future__ import annotations

from collections.abc import Iterable

from core.adapters.brokers.paper.bars import SymbolBars, exact, moment
from core.adapters.brokers.paper.book import Book, Mark
from core.adapters.brokers.paper.playing import play_all
from core.adapters.brokers.paper.rules import VenueRules
from core.adapters.brokers.paper.ticket import Ticket
from core.domain.trading import CENT


def show(book: Book, shown: Iterable[SymbolBars], rules: VenueRules) -> None:
    """Play the bars that are new to the orders of their symbols."""
    seen = {symbol: mark.seen_until for symbol, mark in book.marks().items()}
    fresh = [news for bars in shown if len(news := bars.unseen(seen.get(bars.symbol)))]
    tickets = _by_symbol(book.working([bars.symbol for bars in fresh]))
    halted = {symbol for symbol, asset in book.assets().items() if not asset.is_tradable}
    pairs: list[tuple[Ticket, Ticket]] = []
    for bars in fresh:
        waiting = tickets.get(bars.symbol, [])
        told = bars.quiet() if bars.symbol in halted else bars
        pairs.extend(zip(waiting, play_all(waiting, told, rules), strict=True))
    book.keep(pairs)
    book.mark({bars.symbol: _last(bars) for bars in fresh})


def _by_symbol(tickets: Iterable[Ticket]) -> dict[str, list[Ticket]]:
    found: dict[str, list[Ticket]] = {}
    for ticket in tickets:
        found.setdefault(ticket.asked.symbol, []).append(ticket)
    return found


def _last(bars: SymbolBars) -> Mark:
    """Return the mark after the last bar; what did not trade keeps the close that it came with."""
    price = max(CENT, exact(bars.close[-1]).quantize(CENT))
    return Mark(price, str(bars.labels[-1]), moment(bars.ends[-1]))
