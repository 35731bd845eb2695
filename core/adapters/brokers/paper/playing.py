"""Play the bars of a symbol to its orders, one bar after another or from one that matters on.

A bar matters to an order if it reaches a price of it, or ends its day. Reading those alone in exact
prices gives what reading every bar gives. The search compares floats: a float is never on the other
side of a price than the decimal number that it is printed as, so it misses none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.adapters.brokers.paper.bars import Floats, SymbolBars, exact, microseconds
from core.adapters.brokers.paper.matching import covered
from core.adapters.brokers.paper.prices import Bar
from core.adapters.brokers.paper.rules import VenueRules
from core.adapters.brokers.paper.ticket import Ticket
from core.domain.orders import OrderKind

Truths = npt.NDArray[np.bool_]
ROUNDING_USD = 1e-6


@dataclass
class Course:
    """How far an order has come, and which bar matters to it next."""

    ticket: Ticket
    place: int
    next: int


def play(tickets: Iterable[Ticket], bar: Bar, rules: VenueRules) -> list[Ticket]:
    """Show one bar to orders, oldest first: they share what it has for the account."""
    shares, played = rules.shares(bar.volume), []
    for ticket in tickets:
        after = ticket.after(bar, shares, rules)
        if after is not ticket:
            shares -= sum(fill.quantity for fill in after.fills[len(ticket.fills) :])
        played.append(after)
    return played


def play_all(tickets: Sequence[Ticket], bars: SymbolBars, rules: VenueRules) -> list[Ticket]:
    """Show all bars to the orders of their symbol, oldest first."""
    courses = [Course(ticket, 0, _next(ticket, bars, 0)) for ticket in tickets]
    while (place := min((course.next for course in courses), default=len(bars))) < len(bars):
        due = [course for course in courses if course.next == place]
        met = [_caught_up(course.ticket, bars, course.place, place) for course in due]
        for course, ticket in zip(due, play(met, bars.bar(place), rules), strict=True):
            course.ticket, course.place = ticket, place + 1
            course.next = _next(ticket, bars, place + 1)
    return [_caught_up(course.ticket, bars, course.place, len(bars)) for course in courses]


def _next(ticket: Ticket, bars: SymbolBars, start: int) -> int:
    """Return the first bar from `start` on that matters to an order, or how many there are."""
    end = len(bars)
    if ticket.status.is_open:
        end = _own_next(ticket, bars, start)
    if ticket.working.held and not ticket.asked.is_oco:
        end = min(end, _first(_exits(ticket, bars, slice(start, end)), start, end))
    return end


def _own_next(ticket: Ticket, bars: SymbolBars, start: int) -> int:
    """Return the bar that ends an order's day, or one before it that reaches the order."""
    end, (first, last) = len(bars), _due(ticket, bars, start)
    if ticket.expires_at is not None:
        end = max(start, int(bars.ends.searchsorted(microseconds(ticket.expires_at))))
    reach = _exits if ticket.asked.is_oco else _own
    return min(end, _first(reach(ticket, bars, slice(first, last)), first, len(bars)))


def _due(ticket: Ticket, bars: SymbolBars, start: int) -> tuple[int, int]:
    """Return the bars from `start` on that begin in the time of an order."""
    first = max(start, int(bars.starts.searchsorted(microseconds(ticket.submitted_at))))
    if ticket.expires_at is None:
        return first, len(bars)
    return first, max(first, int(bars.starts.searchsorted(microseconds(ticket.expires_at))))


def _first(truths: Truths, offset: int, otherwise: int) -> int:
    place = int(truths.argmax()) if len(truths) else 0
    return offset + place if len(truths) and truths[place] else otherwise


def _own(ticket: Ticket, bars: SymbolBars, part: slice) -> Truths:
    """Tell which bars reach the order itself."""
    request, sign = ticket.request, ticket.request.side.sign
    is_waiting = request.kind is OrderKind.TRAILING_STOP or request.stop_price is not None
    if is_waiting and not ticket.progress.is_triggered:
        if request.stop_price is not None:
            return _reach(bars, part, -sign, float(request.stop_price))
        return _trail(ticket, bars, part)
    if request.limit_price is not None:
        return _reach(bars, part, sign, float(request.limit_price))
    return bars.trades[part]


def _exits(ticket: Ticket, bars: SymbolBars, part: slice) -> Truths:
    """Tell which bars reach the stop or the nearest target that is left."""
    bracket, sign = ticket.request.bracket, ticket.request.position_sign
    if bracket is None or ticket.progress.is_stopped:
        return bars.trades[part]
    stop = _reach(bars, part, sign, float(bracket.stop_price))
    parts = covered(ticket.request, ticket.working.entered, ticket.working.taken)
    nearest = next(target.price for target, quantity, gone in parts if quantity > gone)
    return stop | _reach(bars, part, -sign, float(nearest))


def _reach(bars: SymbolBars, part: slice, sign: int, price: float) -> Truths:
    """Tell which bars come down to a price for a buyer, or up to it for a seller."""
    reached = bars.low[part] <= price if sign > 0 else bars.high[part] >= price
    found: Truths = reached & bars.trades[part]
    return found


def _trail(ticket: Ticket, bars: SymbolBars, part: slice) -> Truths:
    """Tell which bars come back to a trailing stop, which moves with those before them."""
    request, best = ticket.request, ticket.progress.best_price
    if best is None:
        return bars.trades[part]
    sign = request.side.sign
    seen = np.concatenate(([float(best)], _seen(bars, part, sign)[:-1]))
    bests = np.maximum.accumulate(seen) if sign < 0 else np.minimum.accumulate(seen)
    trail = float(request.trail_usd or 0) + bests * float(request.trail_fraction or 0)
    if sign < 0:
        return (bars.low[part] <= bests - trail + ROUNDING_USD) & bars.trades[part]
    return (bars.high[part] >= bests + trail - ROUNDING_USD) & bars.trades[part]


def _seen(bars: SymbolBars, part: slice, sign: int) -> Floats:
    """Return the prices that a trailing stop follows; a bar without trades has none."""
    prices = bars.high[part] if sign < 0 else bars.low[part]
    return np.where(bars.trades[part], prices, np.inf * sign)


def _caught_up(ticket: Ticket, bars: SymbolBars, start: int, end: int) -> Ticket:
    """Let a trailing stop follow the bars that did not reach it."""
    best, is_triggered = ticket.progress.best_price, ticket.progress.is_triggered
    if best is None or is_triggered or not ticket.working.opening:
        return ticket
    first, last = _due(ticket, bars, start)
    sign, part = ticket.request.side.sign, slice(first, min(last, end))
    seen = _seen(bars, part, sign)
    if not len(seen):
        return ticket
    extreme = seen.max() if sign < 0 else seen.min()
    if sign * extreme >= sign * float(best):
        return ticket
    return ticket.progressed(best_price=exact(extreme))
