"""Read the whole account once, without a trade in the middle of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.domain.reconciliation import BrokerSide, Unanswered
from core.domain.trading import Fill, Position
from core.errors import AdapterError, RejectedError
from core.steps.broker_reads import BrokerReads

TRIES = 3


@dataclass(frozen=True)
class Known:
    """What the desk would like to hear of. cursor: of the fills that it has.

    working: orders that it believes to be open, by client order id. held: symbols in its books.
    """

    cursor: str
    working: frozenset[str]
    held: frozenset[str]


@dataclass(frozen=True)
class Reading:
    """What the broker holds, and the fills since."""

    fills: Sequence[Fill]
    cursor: str
    side: BrokerSide


def read_account(broker: BrokerReads, known: Known) -> Reading | Unanswered:
    """Return what the broker holds at one moment, or why nobody can tell.

    The fills are asked for before and after the rest: none may have come in between.
    """
    try:
        broker.connect()
        fills, cursor = broker.fills_since(known.cursor)
        for _ in range(TRIES):
            side = _side(broker, known)
            more, cursor = broker.fills_since(cursor)
            if not more:
                return Reading(fills, cursor, side)
            fills = [*fills, *more]
    except AdapterError as error:
        return Unanswered(str(error))
    return Unanswered(f"{broker.name} traded on while it was read {TRIES} times")


def _side(broker: BrokerReads, known: Known) -> BrokerSide:
    orders = {order.client_order_id: order for order in broker.open_orders()}
    asked = {key: broker.order_by_client_id(key) for key in sorted(known.working - orders.keys())}
    positions = broker.positions()
    return BrokerSide(
        account=broker.account(),
        orders=orders | {key: order for key, order in asked.items() if order is not None},
        absent=frozenset(key for key, order in asked.items() if order is None),
        positions=positions,
        retired=_retired(broker, known, positions),
    )


def _retired(broker: BrokerReads, known: Known, positions: Sequence[Position]) -> frozenset[str]:
    """Return which symbols the desk holds, the broker does not, and nobody can trade any more.

    Only a position that the desk does not know may be one of them under its new name.
    """
    told = {position.symbol for position in positions}
    if not told - known.held:
        return frozenset()
    return frozenset(s for s in sorted(known.held - told) if not _is_tradable(broker, s))


def _is_tradable(broker: BrokerReads, symbol: str) -> bool:
    try:
        return broker.asset(symbol).is_tradable
    except RejectedError:
        return False
