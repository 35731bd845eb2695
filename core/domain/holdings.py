"""What is open, book by book: whose it is, how it does, and how it would be closed by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from core.domain.orders import Order, OrderStatus
from core.domain.reconciliation import EXTERNAL
from core.domain.reconciliation.books import Books
from core.domain.trading import CENT, OrderSide

ZERO = Decimal(0)
FLATTEN = "flatten:"
DIGITS = 6  # what a sum of prices as floats is good for


@dataclass(frozen=True)
class Holding:
    """What one book holds of a symbol. USD per share; a negative quantity is short.

    What nobody knows is None. owner: a tactic, or EXTERNAL. entry_id: the order that brought it, ""
    for EXTERNAL. planned_stop: by the plan. stops: where the open ones stand at the broker, as it
    last told. close_id: the key under which it would be closed now. closable: how many shares that
    would trade. unclosable: why it cannot be closed, "" where it can.
    """

    owner: str
    entry_id: str
    symbol: str
    quantity: Decimal
    entry: float | None = None
    last: float | None = None
    last_at: datetime | None = None
    open_r: float | None = None
    target: float | None = None
    planned_stop: float | None = None
    stops: tuple[Decimal, ...] = ()
    opened_at: datetime | None = None
    age_sessions: int | None = None
    close_id: str = ""
    closable: Decimal = ZERO
    unclosable: str = ""

    @property
    def is_external(self) -> bool:
        return self.owner == EXTERNAL

    @property
    def name(self) -> str:
        """Return what tells it from every other holding."""
        return self.entry_id or f"{self.owner}:{self.symbol}"

    @property
    def sign(self) -> int:
        return 1 if self.quantity > 0 else -1

    @property
    def side(self) -> str:
        return "long" if self.quantity > 0 else "short"

    @property
    def way_out(self) -> OrderSide:
        return OrderSide.SELL if self.quantity > 0 else OrderSide.BUY

    @property
    def unrealized_pnl(self) -> float | None:
        if self.entry is None or self.last is None:
            return None
        return float(self.quantity) * (self.last - self.entry)

    @property
    def break_even(self) -> Decimal | None:
        """Return the price at which the stop of a tactic would lose nothing, fees apart."""
        if self.is_external or self.entry is None:
            return None
        rounding = ROUND_CEILING if self.quantity > 0 else ROUND_FLOOR
        return Decimal(str(round(self.entry, DIGITS))).quantize(CENT, rounding)

    @property
    def is_at_break_even(self) -> bool:
        """Tell whether every open stop stands there, or closer to the market."""
        price = self.break_even
        return (
            price is not None
            and bool(self.stops)
            and all(self.sign * (stop - price) >= 0 for stop in self.stops)
        )


def external(held: Books, at_broker: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Return what the broker holds of each symbol beside the books of the tactics."""
    own: defaultdict[str, Decimal] = defaultdict(Decimal)
    for (owner, symbol), quantity in held.items():
        if owner != EXTERNAL:
            own[symbol] += quantity
    symbols = sorted(at_broker.keys() | own.keys())
    rest = {symbol: at_broker.get(symbol, ZERO) - own[symbol] for symbol in symbols}
    return {symbol: quantity for symbol, quantity in rest.items() if quantity}


def sellable(rest: Decimal, net: Decimal, leaving: Decimal) -> Decimal:
    """Return how much of what is EXTERNAL an order may close: it never opens the other side.

    net: what the broker holds altogether. leaving: what an order is closing already.
    """
    if rest * net <= 0:
        return ZERO
    return max(ZERO, min(abs(rest), abs(net)) - leaving)


def can_be_cancelled(order: Order) -> bool:
    """Tell whether something of an order waits that is not on its way out already."""
    return order.status.is_open and order.status is not OrderStatus.PENDING_CANCEL


def flatten_key(symbol: str, day: date, number: int) -> str:
    """Return the business key of the n-th order of a day that closes what is EXTERNAL."""
    return f"{FLATTEN}{symbol}:{day}:{number}"
