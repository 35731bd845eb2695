"""Size each plan by the risk policy, and check it again at the moment of the decision."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from core.domain.order_events import OrderEventKind
from core.domain.order_keys import entry_key
from core.domain.orders import Bracket, OrderRequest, TakeProfit, TimeInForce
from core.domain.risk import Book, SizeDecision, size
from core.domain.scenarios import Scenario, Side
from core.domain.tactics import Stage, Tactic
from core.domain.trading import CENT, OrderSide, allocate
from core.errors import AdapterError, AuthenticationError
from core.flow.catalog import StepContext, step
from core.settings import Mode
from core.steps.fresh_price import fresh_doubt
from core.steps.guards import refusal
from core.steps.moment import known_at
from core.steps.order_effects import in_use
from core.steps.order_events import teller_of
from core.steps.plan_replay import what_became_of
from core.steps.reconcile import trading_block
from core.steps.size_facts import claim, read_book, size_input


@step("risk.size")
def size_plans(context: StepContext) -> dict[str, Any]:
    """Size the drafted plans in order of score; zero with its reason is a result."""
    storage = context.services.storage
    orders, refused = list[dict[str, str]](), list[dict[str, str]]()
    tactics = [
        storage.tactics.get(row["tactic_id"]) for row in context.results["tactic"]["tactics"]
    ]
    book = read_book(context, tactics)
    for tactic in tactics:
        decision = _decide(context, tactic, book, placed=len(orders))
        storage.tactics.append_size(tactic.tactic_id, tactic.version, context.as_of, decision)
        if decision.quantity and tactic.scenario:
            request = to_order(tactic, tactic.scenario, decision.quantity)
            storage.trading.append_request(request, tactic.tactic_id, tactic.version)
            teller_of(context).tell(
                request, OrderEventKind.INTENDED, f"bound by {decision.binding}"
            )
            orders.append({"tactic_id": tactic.tactic_id, "sha256": request.content_sha256})
            book = book.plus(claim(tactic, decision))
        else:
            refused.append({"tactic_id": tactic.tactic_id, "reason": decision.reason_if_zero})
    return {"orders": orders, "refused": refused}


@step("risk.recheck")
def recheck(context: StepContext) -> dict[str, Any]:
    """Size the approved plan once more; an order that is now too large is refused, never shrunk."""
    storage = context.services.storage
    approval = context.inputs["approval"]
    tactic = storage.tactics.get(approval["subject_id"])
    request = storage.trading.request(entry_key(tactic))
    decision = _decide(context, tactic, read_book(context, [tactic]))
    storage.tactics.append_size(tactic.tactic_id, tactic.version, context.as_of, decision)
    reason = (
        _refusal(context, request, approval, decision)
        or _asked_spent(context, tactic)
        or refusal(context, request, tactic)
    )
    kind = OrderEventKind.REFUSED if reason else OrderEventKind.CHECKED
    teller_of(context).tell(request, kind, reason)
    return {
        "allowed": not reason,
        "reason": reason,
        "tactic_id": tactic.tactic_id,
        "request": request.model_dump(mode="json"),
    }


def _refusal(
    context: StepContext, request: OrderRequest, approval: dict[str, Any], decision: SizeDecision
) -> str:
    if request.content_sha256 != approval["content_sha256"]:
        return "the order is not the one that was approved"
    block = _block(context, request.symbol, approval["subject_id"])
    if block or decision.quantity >= request.quantity:
        return block
    why = decision.reason_if_zero or f"bound by {decision.binding}"
    return f"only {decision.quantity} of {request.quantity} shares are allowed now: {why}"


def _block(context: StepContext, symbol: str, tactic_id: str) -> str:
    """Say why no order of a symbol may go out at all."""
    services = context.services
    if _lacks_a_switch(context, tactic_id):
        return "a live order needs CONVERGENCE_MODE=live and a tactic whose stage is live"
    if not services.state.allows_entries():
        return f"the desk is {services.state.trading_state()}: no new entries"
    return trading_block(services, symbol, context.run_id)


def _asked_spent(context: StepContext, tactic: Tactic) -> str:
    """Refuse where the broker says what nobody understands; no answer at all is asked for again."""
    try:
        return _spent(context, tactic)
    except AuthenticationError:
        raise
    except AdapterError as error:
        if error.retryable:
            raise
        return f"the broker cannot tell whether {tactic.symbol} is free: {error}"


def _spent(context: StepContext, tactic: Tactic) -> str:
    """Say why the market has moved past a plan, or leaves no room for it."""
    now = replace(context, as_of=known_at(context))  # the run may come long after its decision
    return _taken(context, tactic) or fresh_doubt(context, tactic) or what_became_of(now, tactic)


def _taken(context: StepContext, tactic: Tactic) -> str:
    """Say that the symbol is in use: one open plan each."""
    broker, own = context.services.adapters.broker, entry_key(tactic)
    if broker.order_by_client_id(own):
        return ""  # sent already: the ledger and the broker see to it that it is not sent twice
    return in_use(broker, tactic.symbol)


def _lacks_a_switch(context: StepContext, tactic_id: str) -> bool:
    """Real money needs two switches; every other broker needs none."""
    if not context.services.adapters.broker.capabilities().is_live:
        return False
    stage = context.services.storage.tactics.get(tactic_id).stage
    return context.services.settings.mode is not Mode.LIVE or stage is not Stage.LIVE


def _decide(context: StepContext, tactic: Tactic, book: Book, placed: int = 0) -> SizeDecision:
    policy = context.services.storage.policies.effective(context.session_date)
    if tactic.scenario is None:
        reason = "; ".join(tactic.do_not_play_reasons)
        return SizeDecision.refused(policy, reason)
    snapshot = context.services.storage.insights.snapshot(tactic.snapshot_id)
    return size(tactic.scenario, size_input(context, tactic, snapshot, book, placed), policy)


def to_order(tactic: Tactic, scenario: Scenario, shares: Decimal) -> OrderRequest:
    """Return the bracket order of a plan: a limit at the worst edge, stop and targets attached."""
    legs = zip(
        allocate(shares, tuple(target.fraction for target in scenario.targets)),
        scenario.targets,
        strict=True,
    )
    return OrderRequest(
        client_order_id=entry_key(tactic),
        symbol=tactic.symbol,
        side=OrderSide.BUY if scenario.side is Side.LONG else OrderSide.SELL,
        quantity=shares,
        limit_price=to_cents(scenario.worst_entry),
        time_in_force=TimeInForce.DAY,
        bracket=Bracket(
            stop_price=to_cents(scenario.stop),
            take_profits=tuple(
                TakeProfit(price=to_cents(target.price), quantity=part)
                for part, target in legs
                if part
            ),
        ),
    )


def to_cents(price: float) -> Decimal:
    return Decimal(str(price)).quantize(CENT, ROUND_HALF_EVEN)
