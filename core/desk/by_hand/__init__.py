"""What the operator does by hand to a position or an order: close it, move its stop, cancel it."""

from __future__ import annotations

from threading import Lock

from core.desk.broker_health import BrokerHealth
from core.desk.by_hand import cancelling, closing, stops
from core.desk.by_hand.hand import Hand
from core.desk.by_hand.permits import Permits
from core.domain.holdings import Holding
from core.domain.orders import Order
from core.domain.views.positions import HandAction, HandReport, Word
from core.errors import DomainError, InvalidTransitionError
from core.steps.services import Services


class ByHand:
    """One action at a time, on what is so now: what a page showed may have been handled since."""

    def __init__(self, services: Services, health: BrokerHealth, permits: Permits) -> None:
        self._hand, self._permits, self._one = Hand(services, health), permits, Lock()

    def flatten(self, seen: Holding, word: Word) -> HandReport:
        with self._one:
            _check(word)
            now = self._hand.look_again(seen, word)
            if now.unclosable:
                raise InvalidTransitionError(f"{now.symbol}: {now.unclosable}")
            if now.is_external:
                return closing.sell(self._hand, now, word)
            self._permits.check(HandAction.FLATTEN, now.owner, word)
            return closing.close(self._hand, now, word)

    def break_even(self, seen: Holding, word: Word) -> HandReport:
        with self._one:
            _check(word)
            now = self._hand.look_again(seen, word)
            price = stops.price_of(self._hand, now)
            self._permits.check(HandAction.BREAK_EVEN, now.owner, word)
            return stops.move(self._hand, now, price, word)

    def cancel(self, client_order_id: str, word: Word) -> HandReport:
        with self._one:
            _check(word)
            order = cancelling.cancelable(self._hand, client_order_id)
            self._permits.check(HandAction.CANCEL, self._skipped_plan(order), word)
            return cancelling.cancel(self._hand, order, word)

    def _skipped_plan(self, order: Order) -> str:
        """Return the tactic that is not entered once an order is cancelled, "" where it was."""
        asked = self._hand.services.storage.reconciliations.asked_for(order.client_order_id)
        return asked[0] if asked and not order.filled_quantity else ""


def _check(word: Word) -> None:
    if not word.reason.strip():
        raise DomainError("say why, in a few words")
