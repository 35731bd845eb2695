"""How an order in the paper venue's book is changed in place."""

from __future__ import annotations

from decimal import Decimal

from core.adapters.brokers.paper.ticket import Ticket
from core.domain.orders import OrderChange, OrderRequest
from core.domain.trading import CENT
from core.errors import RejectedError


def changed(ticket: Ticket, change: OrderChange) -> Ticket:
    """Return the ticket at other prices; what is so already does nothing.

    Raises: RejectedError if what is to change no longer waits, or the prices contradict.
    """
    news: dict[str, Decimal] = {}
    if change.limit_price not in {None, ticket.request.limit_price}:
        _refuse_unless(_waits_at_limit(ticket), "no limit of this order is waiting")
        news["limit_price"] = change.limit_price
    if change.stop_price not in {None, _stop(ticket.request)}:
        _refuse_unless(_waits_at_stop(ticket), "no stop of this order is waiting")
        news["stop_price"] = change.stop_price
    if not news:
        return ticket
    after = ticket.progressed(**news)
    _refuse_unless(not any(price % CENT for price in news.values()), "prices are whole cents")
    refusal = _refusal(after)
    _refuse_unless(not refusal, refusal)
    return after


def _stop(request: OrderRequest) -> Decimal | None:
    return request.bracket.stop_price if request.bracket else request.stop_price


def _waits_at_limit(ticket: Ticket) -> bool:
    return bool(ticket.working.opening) and ticket.request.kind.has_limit


def _waits_at_stop(ticket: Ticket) -> bool:
    if ticket.request.bracket is not None:
        return ticket.is_working and not ticket.progress.is_stopped
    waits = ticket.status.is_open and not ticket.progress.is_triggered
    return waits and ticket.request.kind.has_stop


def _refusal(ticket: Ticket) -> str:
    """Say why the new prices contradict. After the entry the stop may follow into profit."""
    request = ticket.request
    if request.bracket is None:
        return ""
    entry = request.limit_price or request.stop_price if ticket.working.opening else None
    return request.bracket.refusal(request.position_sign, entry)


def _refuse_unless(is_allowed: bool, reason: str) -> None:
    if not is_allowed:
        raise RejectedError("paper", "replace", reason)
