"""Virtual books: what each tactic holds of a symbol, and what is held beside the desk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Annotated, NamedTuple

from pydantic import AfterValidator

from core.domain.base import Frozen, Symbol
from core.domain.order_keys import entry_of
from core.domain.trading import Fill, Money, OrderSide

EXTERNAL = "EXTERNAL"
ZERO = Decimal(0)


def plain(value: Decimal) -> Decimal:
    """Return a number without the zeros at its end: 10, whether 10 or 10.000 was told."""
    return Decimal(f"{value.normalize():f}")


Amount = Annotated[Money, AfterValidator(plain)]


class BookEntry(Frozen):
    """Shares that come to a book, or leave it, without a fill; negative is short or leaving."""

    owner: str
    symbol: Symbol
    quantity: Amount


class Traded(NamedTuple):
    """The fills of one order, summed up. fees in USD; paid: for what was bought, less what sold."""

    client_order_id: str
    symbol: str
    bought: Decimal
    sold: Decimal
    paid: Decimal
    fees: Decimal
    turnover: Decimal
    fills: int

    @property
    def net(self) -> Decimal:
        return self.bought - self.sold


Books = dict[tuple[str, str], Decimal]


def traded(fills: Iterable[Fill]) -> list[Traded]:
    """Sum the fills up, each once however often it is told, by order and symbol."""
    grouped: defaultdict[tuple[str, str], dict[str, Fill]] = defaultdict(dict)
    for fill in fills:
        grouped[fill.client_order_id, fill.symbol][fill.fill_id] = fill
    return [_summed(*key, list(once.values())) for key, once in sorted(grouped.items())]


def _summed(client_order_id: str, symbol: str, fills: list[Fill]) -> Traded:
    bought = sum((f.quantity for f in fills if f.side is OrderSide.BUY), ZERO)
    return Traded(
        client_order_id=client_order_id,
        symbol=symbol,
        bought=bought,
        sold=sum((fill.quantity for fill in fills), ZERO) - bought,
        paid=sum((fill.side.sign * fill.quantity * fill.price for fill in fills), ZERO),
        fees=sum((fill.fees for fill in fills), ZERO),
        turnover=sum((fill.quantity * fill.price for fill in fills), ZERO),
        fills=len(fills),
    )


def books(
    orders: Iterable[Traded], owners: Mapping[str, str], entries: Iterable[BookEntry] = ()
) -> Books:
    """Return the signed quantity by owner and symbol; what is flat is left out.

    owners: whose each entry is, by its client order id; all others belong to EXTERNAL.
    """
    held: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for order in orders:
        owner = owners.get(entry_of(order.client_order_id), EXTERNAL)
        held[owner, order.symbol] += order.net
    for entry in entries:
        held[entry.owner, entry.symbol] += entry.quantity
    return {key: quantity for key, quantity in held.items() if quantity}


def by_symbol(held: Books) -> dict[str, Decimal]:
    """Return the sum of all books of each symbol: what the broker should hold."""
    total: defaultdict[str, Decimal] = defaultdict(Decimal)
    for (_, symbol), quantity in held.items():
        total[symbol] += quantity
    return {symbol: quantity for symbol, quantity in total.items() if quantity}
