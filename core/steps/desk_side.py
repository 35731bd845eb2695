"""What the desk has on record of the account."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from core.domain.reconciliation import DeskSide
from core.steps.account_reading import Known
from core.steps.moment import session_of
from core.steps.services import Services
from core.steps.unclear_effects import still_unclear

RECENT = timedelta(days=5)  # a split is told late, and the desk may have been off over a weekend


def desk_side(services: Services, at: datetime) -> DeskSide:
    """Return what the broker's answer is compared with."""
    kept = services.storage.reconciliations
    orders = {order.client_order_id: order for order in services.storage.trading.latest_orders()}
    before, traded = kept.newest_answered(), kept.traded()
    symbols = {order.symbol for order in orders.values()} | {order.symbol for order in traded}
    return DeskSide(
        orders=orders,
        traded=traded,
        owners=kept.owners(),
        adopted=kept.adopted(),
        unclear=still_unclear(services),
        anchor=before.anchor if before else None,
        splits=_splits(services, symbols, at),
    )


def known(services: Services, desk: DeskSide) -> Known:
    """Return what the broker has to be asked for."""
    working = (key for key, order in desk.orders.items() if order.is_working)
    return Known(
        cursor=services.storage.trading.fill_cursor(),
        working=frozenset(working),
        held=frozenset(symbol for _, symbol in desk.books),
    )


def _splits(services: Services, symbols: Iterable[str], at: datetime) -> dict[str, Decimal]:
    """Return how many shares one has become by the splits of the last days."""
    today, ratios = session_of(at), dict[str, Decimal]()
    for symbol, actions in services.storage.actions.known_of(sorted(symbols), at).items():
        for action in actions:
            if action.ratio is not None and today - RECENT <= action.ex_date <= today:
                ratios[symbol] = ratios.get(symbol, Decimal(1)) * Decimal(str(action.ratio))
    return ratios
