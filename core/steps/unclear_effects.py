"""Orders that were sent and never answered: look them up, and send nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from core.domain.flow import EffectRecord
from core.domain.lifecycle import TacticEvent, TacticEventKind
from core.domain.order_events import OrderEventKind
from core.domain.order_keys import entry_of
from core.domain.orders import Order, OrderRequest
from core.domain.reconciliation import Unclear
from core.errors import (
    AuthenticationError,
    EffectError,
    EffectNotNowError,
    InvalidTransitionError,
    NotFoundError,
    UnavailableError,
)
from core.flow.effects import Effect, Lookup, settle_time
from core.steps.order_effects import ClosePosition, SubmitOrder, answer
from core.steps.order_events import Teller
from core.steps.services import Services
from core.steps.stops import CancelOrder, MoveStop
from core.steps.telling import tell_once

COMPLETING_TAKES = timedelta(minutes=10)  # the retries of the order path take less


@dataclass(frozen=True)
class LookUpOnly:
    """An effect of which the ledger may only find out whether it happened."""

    effect: Effect

    @property
    def target(self) -> str:
        return self.effect.target

    @property
    def timeout_s(self) -> float:
        return self.effect.timeout_s

    @property
    def lookup(self) -> Lookup:
        return self.effect.lookup

    @property
    def settle_s(self) -> float:
        return settle_time(self.effect).total_seconds()

    def send(self, key: str, request: dict[str, Any]) -> dict[str, Any]:
        raise UnavailableError(self.target, "look-up", "it is not there; nothing was sent")

    def find(self, key: str, request: dict[str, Any]) -> dict[str, Any] | None:
        return self.effect.find(key, request)


@dataclass(frozen=True)
class FindOrder(SubmitOrder):
    """An order that may be there in part: its run completes it, or it stays as small as it is.

    intended_at: when it was first to go out.
    """

    intended_at: datetime

    def find(self, key: str, request: dict[str, Any]) -> dict[str, Any] | None:
        whole = super().find(key, request)
        part = None if whole else self.broker.order_by_client_id(key)
        if part is None:
            return whole
        if datetime.now(UTC) - self.intended_at < COMPLETING_TAKES:
            raise UnavailableError(self.target, "look-up", "a part of it is there; more may come")
        return answer(part)


def look_up(services: Services, teller: Teller) -> int:
    """Look up what nobody knows of; return how many orders have become known.

    What is surely not there may be sent by whoever wants it; here nothing is.
    """
    return sum(_settle(services, teller, record) for record in _parked(services))


def still_unclear(services: Services) -> list[Unclear]:
    """Return what the broker was sent and nobody knows of."""
    return [
        Unclear(record.key, _symbol(services, record), record.note or "its sender has died")
        for record in _parked(services)
    ]


def _parked(services: Services) -> list[EffectRecord]:
    target = services.adapters.broker.name
    return [record for record in services.ledger.parked() if record.target == target]


def _settle(services: Services, teller: Teller, record: EffectRecord) -> bool:
    effect = _effect(services, record, teller)
    if effect is None:
        return False
    try:
        found = services.ledger.apply(record.key, LookUpOnly(effect), record.request)
    except EffectNotNowError:
        _tell(teller, record, OrderEventKind.INTENDED, "looked up: it is not at the broker")
        return True
    except (EffectError, AuthenticationError) as error:
        _tell(teller, record, OrderEventKind.UNKNOWN, str(error))
        return False
    _book(services, teller, found)
    return True


def _effect(services: Services, record: EffectRecord, teller: Teller) -> Effect | None:
    """Return the effect that a record is of, told by what it asks for."""
    broker = services.adapters.broker
    effects: dict[frozenset[str], Effect] = {
        frozenset({"client_order_id", "reason"}): ClosePosition(broker),
        frozenset({"client_order_id", "stop_price"}): MoveStop(broker),
        frozenset({"client_order_id"}): CancelOrder(broker),
    }
    if "side" in record.request:
        return FindOrder(broker, services.ledger, teller.at, record.created_at)
    return effects.get(frozenset(record.request))


def _book(services: Services, teller: Teller, record: EffectRecord) -> None:
    """Keep an order that was found; the plan of a found entry has its order out."""
    _tell(teller, record, OrderEventKind.FOUND, record.note or "")
    order = (record.response or {}).get("order")
    if order is not None:
        teller.keep([Order.model_validate(order)])
    asked = services.storage.reconciliations.asked_for(record.key)
    if asked is None:
        return
    tactic = services.storage.tactics.get(*asked)
    armed = TacticEvent(
        tactic_id=tactic.tactic_id,
        version=tactic.version,
        scenario_key=tactic.scenario.key if tactic.scenario else "",
        kind=TacticEventKind.ARMED,
        occurred_at=teller.at,
        actor=teller.actor,
    )
    try:
        services.storage.tactics.append_events([armed])
    except InvalidTransitionError as error:
        title = f"The order of {tactic.tactic_id} is at the broker"
        tell_once(services, f"alert:found:{record.key}", title, f"It was found late: {error}")


def _tell(teller: Teller, record: EffectRecord, kind: OrderEventKind, detail: str) -> None:
    if "side" in record.request:
        teller.tell(OrderRequest.model_validate(record.request), kind, detail)


def _symbol(services: Services, record: EffectRecord) -> str:
    if "symbol" in record.request:
        return str(record.request["symbol"])
    entry = entry_of(str(record.request.get("client_order_id", "")))
    try:
        return services.storage.trading.request(entry).symbol
    except NotFoundError:
        return ""
