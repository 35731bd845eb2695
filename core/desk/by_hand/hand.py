"""What every action by hand starts and ends with: a look at the broker."""

from __future__ import annotations

from dataclasses import replace

from core.desk.broker_health import BrokerHealth
from core.desk.by_hand.effects import HandEffects
from core.desk.holdings import Holdings
from core.domain.holdings import Holding
from core.domain.reconciliation import ReconciliationRun, plain
from core.domain.views.positions import HandReport, Outcome, Word
from core.errors import DomainError, InvalidTransitionError
from core.ports import Broker
from core.steps.order_events import Teller
from core.steps.reconcile import reconcile_now
from core.steps.services import Services
from core.storage.views.positions import PositionViews


class Hand:
    """The services that actions use, and the two looks around each."""

    def __init__(self, services: Services, health: BrokerHealth) -> None:
        self.services, self._health = services, health
        self.holdings, self.effects = Holdings(services), HandEffects(services)
        self.views = PositionViews(services.storage.store, services.storage.bars)

    @property
    def broker(self) -> Broker:
        return self.services.adapters.broker

    def teller(self, word: Word) -> Teller:
        return Teller(self.services.storage, word.actor, self.services.clock.now())

    def look_again(self, seen: Holding, word: Word) -> Holding:
        """Catch up with the broker, and return the holding as it is then.

        Raises: InvalidTransitionError if a page has shown what is not so any more.
        """
        heard = self.compare(word)
        if heard.no_answer and seen.is_external:
            raise DomainError(
                f"nobody knows what there is of {seen.symbol} to close, so nothing was sent: "
                f"{heard.no_answer}"
            )
        now = self.holdings.find(seen)
        if now is None:
            raise InvalidTransitionError(f"{seen.symbol} of {seen.owner} is flat")
        if now.close_id != seen.close_id:
            raise InvalidTransitionError(f"{seen.symbol} has changed since; look again")
        return now

    def look(self, word: Word) -> ReconciliationRun:
        """Hear what has become of an action, and what the account holds since."""
        heard = self.compare(word)
        self._health.ask()
        return heard

    def compare(self, word: Word) -> ReconciliationRun:
        return reconcile_now(self.services, word.actor, self.services.clock.now())


def report(failed: HandReport | None, told: str, *, is_done: bool = False) -> HandReport:
    """Return what the broker says now; it counts, whatever came of the sending."""
    if is_done:
        return HandReport(Outcome.DONE, told)
    if failed is None:
        return HandReport(Outcome.PENDING, told)
    return replace(failed, text=f"{failed.text} {told}".strip())


def silence(heard: ReconciliationRun) -> str:
    return f"The broker has not told how it stands: {heard.no_answer}."


def shares(holding: Holding) -> str:
    return f"{plain(abs(holding.quantity))} {holding.symbol}"
