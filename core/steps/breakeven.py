"""Move stops to the entry, where the plan says so: a stop only tightens."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from core.domain.flow import EffectState
from core.domain.order_keys import breakeven_key, entry_of
from core.domain.orders import Order
from core.domain.scenarios import Scenario
from core.domain.trading import CENT
from core.errors import EffectError
from core.flow.catalog import StepContext, step
from core.steps.coverage import entries_held, sold_at_targets
from core.steps.order_events import Teller
from core.steps.services import Services
from core.steps.stops import MoveStop, is_as_tight, stop_prices
from core.steps.telling import tell_once


@step("trade.move_stops")
def move_stops(context: StepContext) -> dict[str, Any]:
    """Move the stop to the entry once the target has filled that the plan names for it."""
    services = context.services
    teller = Teller(services.storage, context.run_id, context.as_of)
    edges = {
        own.entry_id: edge
        for own in entries_held(services)
        if (edge := _edge_if_due(services, own.entry_id)) is not None
    }
    orders = services.adapters.broker.open_orders() if edges else []
    due = [
        (order, edges[entry])
        for order in orders
        if (entry := entry_of(order.client_order_id)) in edges
        and stop_prices(order)
        and not is_as_tight(order, edges[entry])
    ]
    return {"moved": sum(_move(services, teller, order, edge) for order, edge in due)}


def _edge_if_due(services: Services, entry_id: str) -> Decimal | None:
    """Return the entry's price, None where the plan moves no stop or not yet."""
    asked = services.storage.reconciliations.asked_for(entry_id)
    scenario = services.storage.tactics.get(*asked).scenario if asked else None
    if scenario is None or scenario.breakeven_after_target is None:
        return None
    needed = _shares_until(services, entry_id, scenario, scenario.breakeven_after_target)
    if not needed or sold_at_targets(services, entry_id) < needed:
        return None
    return Decimal(str(scenario.worst_entry)).quantize(CENT)


def _shares_until(services: Services, entry_id: str, scenario: Scenario, target: int) -> Decimal:
    """Return the shares that are for sale up to a target of the plan, counted from 1."""
    bracket = services.storage.trading.request(entry_id).bracket
    sign = scenario.side.sign
    price = Decimal(str(scenario.targets[min(target, len(scenario.targets)) - 1].price))
    legs = bracket.take_profits if bracket else ()
    return sum((leg.quantity for leg in legs if sign * (leg.price - price) < CENT), Decimal(0))


def _move(services: Services, teller: Teller, order: Order, edge: Decimal) -> bool:
    broker, name = services.adapters.broker, order.client_order_id
    key = breakeven_key(name)
    before = services.ledger.get(key)
    if before is not None and before.state is EffectState.DONE:
        return False  # it was moved, and somebody has moved it back
    if not broker.capabilities().replace:
        why = f"{broker.name} cannot move a stop: move it to {edge} by hand"
        tell_once(services, f"alert:{key}", f"The stop of {name} should move", why)
        return False
    teller.keep([order])  # where the stop stood before
    request = {"client_order_id": name, "stop_price": str(edge)}
    try:
        done = services.ledger.apply(key, MoveStop(broker), request)
    except EffectError as error:
        if error.retryable:
            return False  # the next tick looks it up, or tries again
        why = f"It stays where it is: {error}"
        tell_once(services, f"alert:{key}", f"The stop of {name} could not be moved to {edge}", why)
        return False
    teller.keep([Order.model_validate((done.response or {})["order"])])
    return True
