"""The desk's order, made of what is known of it."""

from __future__ import annotations

from decimal import Decimal

from core.adapters.brokers.ibkr.address import NAME
from core.adapters.brokers.ibkr.known import LEGS, Known
from core.adapters.brokers.ibkr.refs import Part
from core.adapters.brokers.ibkr.sightings import Sighting
from core.domain.orders import Bracket, Order, OrderKind, OrderLeg, OrderStatus, Purpose, TakeProfit
from core.errors import UnavailableError

MICRO = Decimal("0.000001")
LOST = "IBKR no longer shows it: it is not open, and not among the orders of the day"


def to_order(known: Known) -> Order | None:
    """Return the order, None where there surely is none.

    Raises: UnavailableError where IBKR no longer tells of the day on which it was sent.
    """
    if known.is_nothing:
        return None
    seen = known.entry.seen if known.entry else None
    if known.entry is not None and seen is None and known.main is None and not known.has_traded:
        reason = (
            f"{known.name} was sent and never confirmed, and since then IBKR has forgotten its "
            "orders: compare the position, then settle it by hand"
        )
        raise UnavailableError(NAME, "order_by_client_id", reason)
    order = _made(known)
    if seen is not None and order.model_copy(update={"updated_at": seen.updated_at}) == seen:
        return seen
    return order


def _made(known: Known) -> Order:
    main, request = known.main, known.entry.request if known.entry else None
    first = main or request or (known.shown or known.fills)[0]
    kind = main or request
    return Order(
        client_order_id=known.name,
        venue_order_id=_venue_order_id(known),
        symbol=first.symbol,
        side=known.side,
        quantity=known.quantity,
        purpose=Purpose.ENTRY if known.is_entry else Purpose.EXIT,
        kind=kind.kind if kind else OrderKind.MARKET,
        limit_price=kind.limit_price if kind else None,
        stop_price=kind.stop_price if kind else None,
        bracket=_bracket(known),
        legs=tuple(_leg(one, known) for one in known.exits if _is_at_work(one, known)),
        status=known.status(),
        filled_quantity=known.filled,
        average_fill_price=_average(known),
        submitted_at=known.entry.submitted_at if known.entry else known.at,
        updated_at=known.at,
        reason=_reason(known),
    )


def _venue_order_id(known: Known) -> str:
    if known.main is not None:
        return known.main.venue_order_id
    if known.entry is not None and known.entry.seen is not None:
        return known.entry.seen.venue_order_id
    return known.exits[0].venue_order_id if known.exits else known.fills[0].fill_id


def _bracket(known: Known) -> Bracket | None:
    """Return the protection as it stands: a stop that was moved is where it was moved to."""
    stop = _standing(known, Part.STOP)
    asked = known.entry.request.bracket if known.entry else None
    if asked is not None:
        moved = stop.stop_price if stop else None
        return asked.model_copy(update={"stop_price": moved}) if moved else asked
    target = _standing(known, Part.TARGET)
    if stop is None or target is None or not (stop.stop_price and target.limit_price):
        return None
    take_profit = TakeProfit(price=target.limit_price, quantity=known.quantity)
    return Bracket(stop_price=stop.stop_price, take_profits=(take_profit,))


def _standing(known: Known, part: Part) -> Sighting | None:
    """Return the exit that is open, else the last one that was."""
    found = [one for one in known.exits if one.part is part]
    return next((one for one in found if one.status.is_open), found[-1] if found else None)


def _is_at_work(one: Sighting, known: Known) -> bool:
    """Tell whether an exit closes something, or has; until its entry fills it only waits."""
    return not one.status.is_open or not known.is_entry or known.held > 0


def _leg(one: Sighting, known: Known) -> OrderLeg:
    """Return the exit with no more shares than there are: IBKR may name all of its entry's."""
    total = one.total or known.quantity
    is_capped = one.status.is_open and known.is_entry
    return OrderLeg(
        leg=LEGS[one.part],
        venue_order_id=one.venue_order_id,
        price=one.stop_price or one.limit_price,
        quantity=min(total, one.filled + known.held) if is_capped else total,
        filled_quantity=one.filled,
        status=one.status,
    )


def _average(known: Known) -> Decimal | None:
    own = known.own_fills
    shares = sum((fill.quantity for fill in own), Decimal(0))
    if shares and shares == known.filled:
        paid = sum((fill.quantity * fill.price for fill in own), Decimal(0))
        return (paid / shares).quantize(MICRO).normalize()
    return known.main.average if known.main else None


def _reason(known: Known) -> str:
    if known.main is not None:
        return known.main.reason
    seen = known.entry.seen if known.entry else None
    if seen is not None and not seen.status.is_open:
        return seen.reason
    return "" if known.status() is OrderStatus.FILLED else LOST
