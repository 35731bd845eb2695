"""What one bar does to one order: pure rules over small values.

Two policies tell how a bar is read where it does not tell the order of its prices:

- ZONE, `domain.md` section 8, for entries that wait for a price: on the entry bar the stop counts
  and the targets do not; later stop first, also where the bar opened beyond the target; a gap
  through a target fills at the target;
- AT_MARKET, `numerics.md` section 3, for entries at the next open: the whole bracket is live on
  the entry bar; a later bar that opens beyond a target fills it there, before its stop counts.

A gap through a stop fills at the open. What a bar has too few shares for goes on working; a stop
that was reached is a market order from then on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from core.adapters.brokers.paper.prices import Bar, at_limit, at_stop, seen, trailing_stop
from core.domain.orders import OrderKind, OrderRequest, Purpose, TakeProfit
from core.domain.trading import FillLeg

ZERO = Decimal(0)


@dataclass(frozen=True)
class FillPolicy:
    """What of a bracket counts when."""

    target_on_entry_bar: bool
    target_gap_before_stop: bool


ZONE = FillPolicy(target_on_entry_bar=False, target_gap_before_stop=False)
AT_MARKET = FillPolicy(target_on_entry_bar=True, target_gap_before_stop=True)


@dataclass(frozen=True)
class Working:
    """What of an order still works, in shares.

    opening: of the order itself. entered, taken, sold: what it holds by its entry, and what its
    targets and its stop have given back. best_price: what a trailing stop has seen so far.
    """

    request: OrderRequest
    opening: Decimal = ZERO
    entered: Decimal = ZERO
    taken: Decimal = ZERO
    sold: Decimal = ZERO
    is_triggered: bool = False
    is_stopped: bool = False
    best_price: Decimal | None = None

    @property
    def held(self) -> Decimal:
        return self.entered - self.taken - self.sold


@dataclass(frozen=True)
class Execution:
    """One leg that traded, at its price before costs."""

    leg: FillLeg
    quantity: Decimal
    price: Decimal


@dataclass(frozen=True)
class Matched:
    """What a bar did to an order."""

    executions: tuple[Execution, ...]
    is_triggered: bool
    is_stopped: bool
    best_price: Decimal | None


@dataclass
class Tape:
    """The shares of a bar that are left, and what was done with the others."""

    left: Decimal
    executions: list[Execution] = field(default_factory=list)

    def take(self, leg: FillLeg, wanted: Decimal, price: Decimal) -> Decimal:
        """Trade as much of `wanted` as is left, and return it."""
        quantity = min(wanted, self.left)
        if quantity > 0:
            self.executions.append(Execution(leg, quantity, price))
            self.left -= quantity
        return quantity


def match(order: Working, bar: Bar, shares: Decimal) -> Matched:
    """Return what the bar executes of at most `shares`, in the order in which it is booked."""
    tape, best, bought = Tape(shares), _best(order, bar), ZERO
    is_triggered, is_stopped = order.is_triggered, order.is_stopped
    if order.opening:
        is_triggered, price = _own(order, bar, best)
        bought = ZERO if price is None else _open(order, price, tape)
    if order.held + bought:
        is_stopped = _exit(order, bought, bar, tape)
    if best is not None and not is_triggered:
        best = seen(order.request, best, bar)
    return Matched(tuple(tape.executions), is_triggered, is_stopped, best)


def by_distance(request: OrderRequest) -> tuple[TakeProfit, ...]:
    """Return the take-profits, nearest first."""
    if request.bracket is None:
        return ()
    is_short = request.position_sign < 0
    targets = request.bracket.take_profits
    return tuple(sorted(targets, key=lambda target: target.price, reverse=is_short))


def covered(
    request: OrderRequest, entered: Decimal, taken: Decimal
) -> Iterator[tuple[TakeProfit, Decimal, Decimal]]:
    """Give each take-profit, nearest first, its part of what was entered, and of what was taken."""
    for target in by_distance(request):
        part = min(target.quantity, entered)
        gone = min(part, taken)
        entered, taken = entered - part, taken - gone
        yield target, part, gone


def _best(order: Working, bar: Bar) -> Decimal | None:
    """A trailing stop that has seen nothing starts at the open."""
    is_trailing = order.opening and order.request.kind is OrderKind.TRAILING_STOP
    return bar.open if is_trailing and order.best_price is None else order.best_price


def _own(order: Working, bar: Bar, best: Decimal | None) -> tuple[bool, Decimal | None]:
    """Return whether its stop was reached, and the price at which the order itself trades."""
    request, sign = order.request, order.request.side.sign
    limit = request.limit_price
    stop = request.stop_price if best is None else trailing_stop(request, best)
    if stop is None or order.is_triggered:
        return order.is_triggered, bar.open if limit is None else at_limit(sign, limit, bar)
    price = at_stop(sign, stop, bar)
    if price is None or limit is None:
        return price is not None, price
    return True, price if sign * price <= sign * limit else None


def _open(order: Working, price: Decimal, tape: Tape) -> Decimal:
    """Trade the order itself, and return what there is to protect of it."""
    if order.request.purpose is Purpose.EXIT:
        tape.take(FillLeg.EXIT, order.opening, price)
        return ZERO
    return tape.take(FillLeg.ENTRY, order.opening, price)


def _exit(order: Working, bought: Decimal, bar: Bar, tape: Tape) -> bool:
    """Let stop and targets trade; return whether the stop was reached."""
    held, bracket = order.held + bought, order.request.bracket
    if order.is_stopped:
        tape.take(FillLeg.STOP, held, bar.open)
        return True
    early, late = _targets(order, bought, bar)
    for target in early:
        held -= tape.take(target.leg, target.quantity, target.price)
    sign = -order.request.position_sign
    price = at_stop(sign, bracket.stop_price, bar) if bracket and held else None
    if price is not None:
        tape.take(FillLeg.STOP, held, price)
        return True
    for target in late:
        tape.take(target.leg, target.quantity, target.price)
    return False


def _targets(order: Working, bought: Decimal, bar: Bar) -> tuple[list[Execution], list[Execution]]:
    """Return the targets that the bar reaches, at what it pays: before its stop, and after it."""
    policy = AT_MARKET if order.request.kind is OrderKind.MARKET else ZONE
    entered = order.entered + (bought if policy.target_on_entry_bar else ZERO)
    early: list[Execution] = []
    late: list[Execution] = []
    for target, part, gone in covered(order.request, entered, order.taken):
        price = at_limit(-order.request.position_sign, target.price, bar)
        if price is not None and part > gone:
            is_gap = policy.target_gap_before_stop and price == bar.open
            paid = Execution(FillLeg.TARGET, part - gone, price if is_gap else target.price)
            (early if is_gap and not bought else late).append(paid)
    return early, late
