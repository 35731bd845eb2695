"""Alpaca's list of fills, and the place in it that a cursor stands for.

The list is ordered by the moment of the fill, and one with an earlier moment may come in after a
later one was read: each call reads the last minutes again, and the cursor names what it has told
of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from core.adapters.alpaca_rest import NAME
from core.adapters.alpaca_wire import parse_moment
from core.adapters.brokers.alpaca.families import Owner
from core.adapters.brokers.alpaca.wire import parse_decimal
from core.domain.feeds import Label
from core.domain.trading import Fill, OrderSide
from core.errors import RejectedError

PAGE, MAX_PAGES = 100, 200
OVERLAP = timedelta(minutes=5)
MAX_TOLD = 500  # of the last minutes; more are not remembered

Ask = Callable[[Mapping[str, str]], list[Any]]


@dataclass(frozen=True)
class Execution:
    """One fill as Alpaca lists it."""

    id: str
    order_id: str
    symbol: str
    side: OrderSide
    quantity: Decimal
    price: Decimal
    filled_at: datetime

    def to_fill(self, owner: Owner, label: Label) -> Fill:
        return Fill(
            fill_id=self.id,
            client_order_id=owner.key,
            symbol=self.symbol.replace("/", ""),
            side=self.side,
            leg=owner.leg,
            quantity=self.quantity,
            price=self.price,
            fees=Decimal(0),  # regulators' fees are booked at the day's end, for all of it
            filled_at=self.filled_at,
            label=label,
        )


def read_executions(ask: Ask, cursor: str) -> tuple[list[Execution], str]:
    """Return what the cursor has not told of, oldest first, and the cursor after it.

    Raises: RejectedError for a cursor that was not given here.
    """
    since, told = _parse_cursor(cursor)
    listed = _read(ask, since - OVERLAP if since else None)
    fresh = {each.id: each for each in listed if each.id not in told}
    if not fresh:
        return [], cursor
    newest = max([each.filled_at for each in listed] + ([since] if since else []))
    recent = [each.id for each in listed if each.filled_at >= newest - OVERLAP]
    told_now = sorted(fresh.values(), key=lambda each: each.filled_at)
    return told_now, " ".join([newest.isoformat(), *recent[-MAX_TOLD:]])


def parse_executions(answer: Any) -> list[Execution]:
    if not isinstance(answer, list):
        raise TypeError("it is not a list")
    return [_parse(activity) for activity in answer]


def _read(ask: Ask, since: datetime | None) -> Sequence[Execution]:
    """Read page after page; what is left after the last one comes with the next call."""
    params = {"direction": "asc", "page_size": str(PAGE)}
    if since is not None:
        params["after"] = f"{since:%Y-%m-%dT%H:%M:%SZ}"
    found: list[Execution] = []
    for _ in range(MAX_PAGES):
        page = ask(params)
        found += page
        if len(page) < PAGE:
            break
        params = params | {"page_token": page[-1].id}
    return found


def _parse(activity: Mapping[str, Any]) -> Execution:
    side = str(activity["side"])
    return Execution(
        id=str(activity["id"]),
        order_id=str(activity["order_id"]),
        symbol=str(activity["symbol"]),
        side=OrderSide.BUY if side.startswith("buy") else OrderSide(side.removesuffix("_short")),
        quantity=abs(parse_decimal(activity["qty"])),
        price=parse_decimal(activity["price"]),
        filled_at=parse_moment(activity["transaction_time"]),
    )


def _parse_cursor(cursor: str) -> tuple[datetime | None, set[str]]:
    if not cursor:
        return None, set()
    try:
        moment, *told = cursor.split(" ")
        return parse_moment(moment), set(told)
    except ValueError:
        reason = f"unknown cursor {cursor[:40]!r}"
        raise RejectedError(NAME, "fills_since", reason) from None
