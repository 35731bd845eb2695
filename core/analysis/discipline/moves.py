"""What was done to the protection of a position, from what the broker said of its order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from core.analysis.discipline.actual import OrderMove
from core.domain.orders import Order, OrderStatus
from core.domain.overrides import NOTHING
from core.domain.trading import FillLeg


def order_moves(told: Sequence[Order]) -> tuple[OrderMove, ...]:
    """Return the moves of stop and targets; `told` are the states of one order, oldest first."""
    return tuple(move for before, after in pairwise(told) for move in _between(before, after))


def _between(before: Order, after: Order) -> Iterator[OrderMove]:
    at, stood, stands = after.updated_at, _stops(before), _stops(after)
    for old, new in _pairs(stood, stands):
        yield OrderMove(at, "stop", old, new)
    if stood and not stands and _is_bare(after):
        yield OrderMove(at, "stop", stood[0], None)
    for old, new in _pairs(_targets(before), _targets(after)):
        yield OrderMove(at, "target", old, new)


def _pairs(old: list[Decimal], new: list[Decimal]) -> list[tuple[Decimal, Decimal]]:
    """Return what differs; a leg that went in between leaves nothing to compare."""
    if len(old) != len(new):
        return []
    return [pair for pair in zip(old, new, strict=True) if pair[0] != pair[1]]


def _stops(order: Order) -> list[Decimal]:
    """Return where the stops are: of a broker that shows no legs, where they were asked to be."""
    if order.legs:
        return _leg_prices(order, FillLeg.STOP)
    return [order.bracket.stop_price] if order.bracket else []


def _targets(order: Order) -> list[Decimal]:
    if order.legs:
        return _leg_prices(order, FillLeg.TARGET)
    return sorted(one.price for one in order.bracket.take_profits) if order.bracket else []


def _leg_prices(order: Order, leg: FillLeg) -> list[Decimal]:
    return sorted(one.price for one in order.open_legs if one.leg is leg and one.price is not None)


def _is_bare(order: Order) -> bool:
    """Tell whether the stop was cancelled while shares are held; one that ran out was not."""
    stops = [leg for leg in order.legs if leg.leg is FillLeg.STOP]
    was_cancelled = any(leg.status is OrderStatus.CANCELED for leg in stops)
    closed = sum((leg.filled_quantity for leg in order.legs), NOTHING)
    return was_cancelled and order.filled_quantity > closed
