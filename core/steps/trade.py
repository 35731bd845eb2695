"""Send approved orders once, and bring back what the broker made of them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from core.domain.flow import EffectState, TradingState
from core.domain.lifecycle import TacticEvent, TacticEventKind
from core.domain.market import Timeframe
from core.domain.order_events import OrderEventKind
from core.domain.order_keys import close_key, entry_key
from core.domain.orders import Order
from core.domain.scenarios import Scenario
from core.domain.tactics import Tactic
from core.domain.trading import Fill, FillLeg
from core.errors import EffectParkedError
from core.flow.catalog import StepContext, step
from core.flow.effects import Effect
from core.ports import SimulatedVenue
from core.steps.coverage import fills_of
from core.steps.order_effects import ClosePosition, SubmitOrder
from core.steps.order_events import teller_of
from core.steps.unclear_effects import LookUpOnly

MISSED_DAYS = 14  # how far back a position is shown bars that its venue may have missed


@step("trade.submit")
def submit(context: StepContext) -> dict[str, Any]:
    """Send the approved order through the effects ledger, if its symbol is still free.

    On a desk that was halted since the check, only what may be out already is looked up.
    """
    services, request = context.services, context.results["recheck"]["request"]
    key, switch = request["client_order_id"], services.state.trading()
    effect: Effect = SubmitOrder(services.adapters.broker, services.ledger, context.as_of)
    if switch.state is not TradingState.ACTIVE:
        record = services.ledger.get(key)
        if record is None or record.state is EffectState.INTENDED:
            return {"stopped": f"the desk is {switch.state}: {switch.reason}"}
        effect = LookUpOnly(effect)
    record = services.ledger.apply(key, effect, request)
    return {"order": (record.response or {})["order"], "attempt": record.attempt}


@step("trade.book")
def book(context: StepContext) -> dict[str, Any]:
    """Record the order, or why there is none."""
    storage = context.services.storage
    tactic = storage.tactics.get(context.inputs["approval"]["subject_id"])
    result = context.results["submit"]
    asked, teller = storage.trading.request(entry_key(tactic)), teller_of(context)
    if "stopped" in result:
        return _book_refusal(context, tactic, OrderEventKind.REFUSED, str(result["stopped"]))
    teller.tell(asked, OrderEventKind.SENDING)
    if "error" in result:
        return _book_failure(context, tactic, str(result["error"]))
    teller.keep([Order.model_validate(result["order"])])
    storage.tactics.append_events([_armed(context, tactic, TacticEventKind.ARMED, "")])
    return {"armed": True}


def _book_failure(context: StepContext, tactic: Tactic, error: str) -> dict[str, Any]:
    record = context.services.ledger.get(entry_key(tactic))
    if record is None or record.state != "rejected":
        asked = context.services.storage.trading.request(entry_key(tactic))
        teller_of(context).tell(asked, OrderEventKind.UNKNOWN, error)
        raise EffectParkedError(entry_key(tactic), error)
    return _book_refusal(context, tactic, OrderEventKind.REJECTED, record.note or error)


def _book_refusal(
    context: StepContext, tactic: Tactic, kind: OrderEventKind, reason: str
) -> dict[str, Any]:
    storage = context.services.storage
    teller_of(context).tell(storage.trading.request(entry_key(tactic)), kind, reason)
    event = _armed(context, tactic, TacticEventKind.CANCELLED, reason)
    storage.tactics.append_events([event])
    return {"armed": False, "reason": reason}


def _armed(context: StepContext, tactic: Tactic, kind: TacticEventKind, reason: str) -> TacticEvent:
    return TacticEvent(
        tactic_id=tactic.tactic_id,
        version=tactic.version,
        scenario_key=tactic.scenario.key if tactic.scenario else "",
        kind=kind,
        occurred_at=context.as_of,
        actor=context.run_id,
        payload={"reason": reason} if reason else {},
    )


@step("trade.settle")
def settle(context: StepContext) -> dict[str, Any]:
    """Show the day's bars to a simulated venue, then bring orders, fills and money home."""
    broker = context.services.adapters.broker
    if isinstance(broker, SimulatedVenue):
        _simulate(context, broker)
    return _sync(context)


@step("trade.sync")
def sync(context: StepContext) -> dict[str, Any]:
    """Bring orders, fills and money home once more, after positions were flattened."""
    return _sync(context)


@step("trade.flatten")
def flatten(context: StepContext) -> dict[str, Any]:
    """Close at the broker what the plan's time limit or result has ended."""
    services = context.services
    effect = ClosePosition(services.adapters.broker)
    for client_order_id in context.results["judge"]["to_close"]:
        key = close_key(client_order_id)
        asked = {"client_order_id": client_order_id, "reason": "the plan has ended"}
        known = services.ledger.get(key)  # who has closed it before may have said another reason
        services.ledger.apply(key, effect, known.request if known else asked)
    return {"closed": len(context.results["judge"]["to_close"])}


def _simulate(context: StepContext, venue: SimulatedVenue) -> None:
    services, today = context.services, context.session_date
    orders = services.adapters.broker.open_orders()
    positions = services.adapters.broker.positions()
    for symbol in sorted({o.symbol for o in orders} | {p.symbol for p in positions}):
        asked = [order.submitted_at.date() for order in orders if order.symbol == symbol]
        since = min(asked, default=today - timedelta(days=MISSED_DAYS))
        venue.process(services.storage.bars.between(symbol, Timeframe.FIVE_MINUTES, since, today))


def _sync(context: StepContext) -> dict[str, Any]:
    broker, trading = context.services.adapters.broker, context.services.storage.trading
    fills, cursor = broker.fills_since(trading.fill_cursor())
    trading.append_fills(fills)
    trading.save_fill_cursor(cursor, context.as_of)
    stale = [order for order in trading.latest_orders() if order.is_working]
    current = [broker.order_by_client_id(order.client_order_id) for order in stale]
    teller_of(context).keep([order for order in current if order is not None])
    account = broker.account().model_copy(update={"as_of": context.as_of})
    trading.append_account(account)
    trading.append_positions(context.as_of, broker.positions())
    return {"fills": len(fills), "equity": str(account.equity)}


def actual_r(context: StepContext, tactic: Tactic) -> float | None:
    """Return what the account made of a plan in R, None where it traded nothing or is not flat."""
    trading = context.services.storage.trading
    fills = fills_of(context.services, entry_key(tactic))
    if not fills or tactic.scenario is None or not is_flat(fills):
        return None
    planned = trading.request(entry_key(tactic)).quantity * _unit(tactic.scenario)
    return round(float(profit(fills) / planned), 4)


def slippage_r(context: StepContext, tactic: Tactic) -> float | None:
    """Return how much worse than its worst entry a plan was entered, in R; None if it was not.

    It is of the average price of all entry fills; less than zero is better than planned.
    """
    fills = context.services.storage.trading.fills(entry_key(tactic))
    entries = [fill for fill in fills if fill.leg is FillLeg.ENTRY]
    if not entries or tactic.scenario is None:
        return None
    plan = tactic.scenario
    worse = plan.side.sign * (average_price(entries) - Decimal(str(plan.worst_entry)))
    return round(float(worse / _unit(plan)), 4)


def _unit(scenario: Scenario) -> Decimal:
    """Return what one R of a plan is, in USD per share."""
    return Decimal(str(abs(scenario.worst_entry - scenario.stop)))


def average_price(fills: list[Fill]) -> Decimal:
    """Return the mean price of some fills, each by its quantity."""
    return sum((f.quantity * f.price for f in fills), Decimal(0)) / sum(f.quantity for f in fills)


def is_flat(fills: list[Fill]) -> bool:
    """Tell whether as much was sold as was bought."""
    return sum((fill.side.sign * fill.quantity for fill in fills), Decimal(0)) == 0


def profit(fills: list[Fill]) -> Decimal:
    """Return the realised profit of a flat trade after fees, in USD."""
    flows = sum((-f.side.sign * f.quantity * f.price for f in fills), Decimal(0))
    return flows - sum((fill.fees for fill in fills), Decimal(0))
