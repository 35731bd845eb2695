"""The page of positions: what it shows, and the three things an operator does there by hand."""

from __future__ import annotations

from core.desk.broker_health import BrokerHealth
from core.desk.by_hand import ByHand
from core.desk.by_hand.permits import Permits
from core.desk.discipline import Discipline
from core.desk.holdings import Holdings
from core.domain.discipline import Friction
from core.domain.exposure import Exposure, exposure
from core.domain.holdings import Holding
from core.domain.order_keys import entry_of
from core.domain.views.positions import (
    BrokerAnswer,
    BrokerState,
    HandAction,
    HandReport,
    OrderDetail,
    PositionsPage,
    Word,
)
from core.errors import NotFoundError
from core.steps.moment import session_of
from core.steps.services import Services
from core.storage.views.positions import PositionViews


class Positions:
    """What is open. discipline: what breaking a plan by hand must ask for, None asks nothing."""

    def __init__(self, services: Services, discipline: Discipline | None = None) -> None:
        self._services, self._storage = services, services.storage
        self._views = PositionViews(self._storage.store, self._storage.bars)
        self._holdings, self._health = Holdings(services), BrokerHealth(services)
        self._permits = Permits(services, discipline)
        self._by_hand = ByHand(services, self._health, self._permits)

    def read(self) -> PositionsPage:
        """Return the page; the broker is not asked."""
        view = self._storage.views.positions()
        holdings = self._holdings.read(view.open)
        entries = [holding.entry_id for holding in holdings if holding.entry_id]
        return PositionsPage(
            view=view,
            curve=self._storage.views.equity_curve(),
            holdings=holdings,
            working=self._views.working_orders(entries),
            exposure=self._exposure(),
        )

    def order(self, client_order_id: str) -> OrderDetail:
        """Return one order with its size and its way; one that protects shows its entry's."""
        entry_id = entry_of(client_order_id)
        asked = self._storage.reconciliations.asked_for(entry_id)
        try:
            request = self._storage.trading.request(entry_id)
        except NotFoundError:
            request = None  # EXTERNAL, or sent by hand
        return OrderDetail(
            client_order_id=client_order_id,
            order=self._views.last_told(client_order_id),
            request=request,
            tactic_id=asked[0] if asked else "",
            sizes=self._views.sizes_of_order(client_order_id),
            path=self._storage.views.order_path(client_order_id),
        )

    def broker(self) -> BrokerState:
        """Return what is known of the broker; it is not asked."""
        return self._health.state()

    def ask_broker(self) -> BrokerAnswer:
        """Ask the broker for its clock and its account."""
        return self._health.ask()

    def friction(self, action: HandAction, tactic_id: str, actor: str) -> Friction | None:
        """Return what breaking a plan must ask for, None where it must ask nothing."""
        return self._permits.friction(action, tactic_id, actor)

    def flatten(self, seen: Holding, word: Word) -> HandReport:
        """Close a holding at the market: a tactic's with its protection, EXTERNAL by an order.

        Raises: InvalidTransitionError if it was handled meanwhile, DomainError if it may not be.
        """
        return self._by_hand.flatten(seen, word)

    def break_even(self, seen: Holding, word: Word) -> HandReport:
        """Move the stops of a holding to what its shares have cost; a stop only tightens.

        Raises: InvalidTransitionError if they stand there, DomainError if that cannot be.
        """
        return self._by_hand.break_even(seen, word)

    def cancel(self, client_order_id: str, word: Word) -> HandReport:
        """Cancel what of an order has not filled; what has filled stays protected.

        Raises: InvalidTransitionError if nothing of it is open, DomainError if it protects.
        """
        return self._by_hand.cancel(client_order_id, word)

    def _exposure(self) -> Exposure | None:
        account, held = self._views.newest_account(), self._views.at_broker()
        if account is None or held is None:
            return None
        policy = self._storage.policies.effective(session_of(self._services.clock.now()))
        values = {one.symbol: float(one.market_value) for one in held if one.quantity}
        return exposure(values, float(account.equity), policy)
