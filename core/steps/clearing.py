"""Clear the account down to a depth: cancel orders, look at what is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count, takewhile
from typing import Any

from core.domain.flow import EffectRecord, EffectState
from core.domain.guards import HaltDepth
from core.domain.guards.halting import to_cancel
from core.domain.order_keys import cancel_key
from core.domain.orders import Order, OrderStatus
from core.errors import AuthenticationError, EffectError, UnavailableError
from core.flow.catalog import StepContext
from core.flow.effects import Effect
from core.ports import Broker
from core.steps.coverage import Look, look
from core.steps.order_events import Teller
from core.steps.services import Services
from core.steps.stops import CancelOrder
from core.steps.unclear_effects import look_up

OVER = frozenset({EffectState.DONE, EffectState.REJECTED})


@dataclass(frozen=True)
class Clearing:
    """How deep one run clears the account, and in whose name."""

    services: Services
    depth: HaltDepth
    run_id: str
    teller: Teller

    @classmethod
    def of(cls, context: StepContext) -> Clearing:
        """Return that of a step; the depth stands in the node's options or the run's inputs."""
        depth = HaltDepth(context.options.get("depth") or context.inputs["depth"])
        teller = Teller(context.services.storage, context.run_id, context.as_of)
        return cls(context.services, depth, context.run_id, teller)

    @property
    def broker(self) -> Broker:
        return self.services.adapters.broker

    @property
    def own(self) -> Mapping[str, str]:
        """Return the tactic of each entry that the desk has asked for."""
        return self.services.storage.reconciliations.owners()

    def record(self, key: str) -> EffectRecord | None:
        return self.services.ledger.get(key)

    def unused(self, key: str) -> str:
        """Return a name under which something can still be done: the key, or a numbered one."""
        return next(
            name
            for name in _numbered(key)
            if (record := self.record(name)) is None or record.state not in OVER
        )

    def used(self, key: str) -> list[EffectRecord]:
        """Return what has gone by a name and its numbered ones, the first one first."""
        records = (self.record(name) for name in _numbered(key))
        return [record for record in takewhile(lambda one: one is not None, records) if record]

    def apply(self, key: str, effect: Effect, request: Mapping[str, Any]) -> EffectRecord | None:
        """Send one thing; None where it failed, which must not keep the others from being sent.

        The ledger holds why it did, and a later look tells what that has left.
        """
        try:
            return self.services.ledger.apply(key, effect, dict(request))
        except (EffectError, AuthenticationError):
            return None


def cancel_orders(clearing: Clearing) -> list[str]:
    """Ask for the cancel of what the depth wants; return whose was taken."""
    look_up(clearing.services, clearing.teller)  # an entry that nobody knew of may be found
    wanted = to_cancel(clearing.broker.open_orders(), clearing.own, clearing.depth)
    asked = [one for one in wanted if one.status is not OrderStatus.PENDING_CANCEL]
    return [order.client_order_id for order in asked if cancel_order(clearing, order)]


def cancel_order(clearing: Clearing, order: Order) -> bool:
    """Cancel an order under the first name that is not used up, and keep what became of it."""
    name = order.client_order_id
    effect, request = CancelOrder(clearing.broker), {"client_order_id": name}
    if clearing.apply(clearing.unused(cancel_key(name)), effect, request) is None:
        return False
    told = clearing.broker.order_by_client_id(name)
    clearing.teller.keep([told] if told and name in clearing.own else [])
    return True


def steady_look(clearing: Clearing) -> Look:
    """Catch up with the fills, and return what is open at one moment.

    Raises: UnavailableError while positions change, or where the broker does not answer.
    """
    trading, broker = clearing.services.storage.trading, clearing.broker
    fills, cursor = broker.fills_since(trading.fill_cursor())
    trading.append_fills(fills)
    trading.save_fill_cursor(cursor, clearing.teller.at)
    seen = look(clearing.services)
    if seen is None:
        raise UnavailableError(broker.name, "halt", "positions change while they are looked at")
    return seen


def _numbered(key: str) -> Iterator[str]:
    """Yield a key and those that follow where it is used up."""
    yield key
    yield from (f"{key}:{number}" for number in count(2))
