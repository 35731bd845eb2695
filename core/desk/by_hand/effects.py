"""One write to the broker by hand: through the ledger, on the order's path, in the audit trail."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from decimal import Decimal

from core.domain.flow import EffectRecord, EffectState, Json
from core.domain.order_events import OrderEvent, OrderEventKind
from core.domain.views.positions import HandReport, Outcome, Word
from core.errors import (
    AuthenticationError,
    EffectBusyError,
    EffectError,
    EffectNotNowError,
    EffectRejectedError,
    InvalidTransitionError,
)
from core.flow.effects import Effect
from core.steps.services import Services

SETTLED = frozenset({EffectState.DONE, EffectState.REJECTED})
BY_HAND = "by hand"


@dataclass(frozen=True)
class HandEffect:
    """What is asked of the broker, about which order, and in words."""

    key: str
    effect: Effect
    request: Json
    order_id: str
    symbol: str
    what: str
    quantity: Decimal | None = None


class HandEffects:
    """Writes of the operator; each is told with his name and his reason before it goes out."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def do(self, one: HandEffect, word: Word) -> EffectRecord | HandReport:
        """Do it once under its key; return the record, or the report of what went wrong.

        Raises: InvalidTransitionError where another sender is at it, AuthenticationError.
        """
        self._tell(one, word, OrderEventKind.SENDING, word.reason)
        try:
            done = self._services.ledger.apply(one.key, one.effect, one.request)
        except EffectBusyError as error:
            raise InvalidTransitionError(f"somebody is at it already: {error}") from error
        except AuthenticationError as error:
            self._audit(one, word, Outcome.NOT_SENT, str(error))
            raise
        except EffectError as error:
            return self._failed(one, word, error)
        self._audit(one, word, Outcome.DONE, done.note or "")
        return done

    def next_key(self, base: str, passed: Set[EffectState] = SETTLED) -> str:
        """Return the first key of an action that is not in one of these states."""
        key, number = base, 1
        while (record := self._services.ledger.get(key)) is not None and record.state in passed:
            number += 1
            key = f"{base}:{number}"
        return key

    def request_of(self, key: str, otherwise: Json) -> Json:
        """Return what was asked under a key before: an effect has one content."""
        record = self._services.ledger.get(key)
        return record.request if record else otherwise

    def _failed(self, one: HandEffect, word: Word, error: EffectError) -> HandReport:
        broker = self._services.adapters.broker.name
        if isinstance(error, EffectRejectedError):
            kind, outcome = OrderEventKind.REJECTED, Outcome.REFUSED
            text = f"{broker} refused it: {error.reason}."
        elif isinstance(error, EffectNotNowError):
            kind, outcome = None, Outcome.NOT_SENT
            text = f"Nothing was done, try again: {error.reason}."
        else:
            kind, outcome = OrderEventKind.UNKNOWN, Outcome.UNCLEAR
            text = f"Nobody knows yet whether {broker} has done it: {error.reason}."
        if kind is not None:
            self._tell(one, word, kind, error.reason)
        self._audit(one, word, outcome, error.reason)
        return HandReport(outcome, text)

    def _tell(self, one: HandEffect, word: Word, kind: OrderEventKind, detail: str) -> None:
        event = OrderEvent(
            client_order_id=one.order_id,
            symbol=one.symbol,
            kind=kind,
            occurred_at=self._services.clock.now(),
            actor=word.actor,
            quantity=one.quantity,
            detail=f"{one.what} {BY_HAND}: {detail}"[:500],
        )
        self._services.storage.order_events.append([event])

    def _audit(self, one: HandEffect, word: Word, outcome: Outcome, told: str) -> None:
        payload = {"effect": one.key, "reason": word.reason, "outcome": outcome, "told": told}
        now = self._services.clock.now()
        self._services.storage.audit.record(
            word.actor, f"{one.what} {BY_HAND}", one.order_id, payload, now
        )
