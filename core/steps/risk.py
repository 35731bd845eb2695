"""Size each plan by the risk policy, and check it again at the moment of the decision."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from core.domain.market import MarketSnapshot
from core.domain.risk import SizeDecision, SizeInput, size
from core.domain.scenarios import Scenario, Side
from core.domain.tactics import Stage, Tactic
from core.domain.trading import (
    CENT,
    Bracket,
    OrderRequest,
    OrderSide,
    TakeProfit,
    TimeInForce,
    allocate,
)
from core.errors import AdapterError
from core.flow.catalog import StepContext, step
from core.settings import Mode
from core.steps.fresh_price import fresh_doubt
from core.steps.moment import known_at, session_is_over
from core.steps.order_effects import in_use
from core.steps.plan_replay import what_became_of
from core.steps.trade import entry_key


@dataclass(frozen=True)
class Claimed:
    """What the plans sized earlier in this run already claim."""

    risk_usd: float = 0.0
    notional_usd: float = 0.0
    trades: int = 0

    def plus(self, decision: SizeDecision) -> Claimed:
        return Claimed(
            risk_usd=self.risk_usd + decision.risk_usd,
            notional_usd=self.notional_usd + decision.notional_usd,
            trades=self.trades + (1 if decision.quantity else 0),
        )


@step("risk.size")
def size_plans(context: StepContext) -> dict[str, Any]:
    """Size the drafted plans in order of score; zero with its reason is a result."""
    storage, claimed = context.services.storage, Claimed()
    orders, refused = [], []
    for row in context.results["tactic"]["tactics"]:
        tactic = storage.tactics.get(row["tactic_id"])
        decision = _decide(context, tactic, claimed)
        claimed = claimed.plus(decision)
        storage.tactics.append_size(tactic.tactic_id, tactic.version, context.as_of, decision)
        if decision.quantity and tactic.scenario:
            request = to_order(tactic, tactic.scenario, decision.quantity)
            storage.trading.append_request(request, tactic.tactic_id, tactic.version)
            orders.append({"tactic_id": tactic.tactic_id, "sha256": request.content_sha256})
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
    decision = _decide(context, tactic, Claimed())
    storage.tactics.append_size(tactic.tactic_id, tactic.version, context.as_of, decision)
    reason = _refusal(context, request, approval, decision) or _spent(context, tactic)
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
    if _lacks_a_switch(context, approval["subject_id"]):
        return "a live order needs CONVERGENCE_MODE=live and a tactic whose stage is live"
    if not context.services.state.allows_entries():
        return f"the desk is {context.services.state.trading_state()}: no new entries"
    if decision.quantity < request.quantity:
        why = decision.reason_if_zero or f"bound by {decision.binding}"
        return f"only {decision.quantity} of {request.quantity} shares are allowed now: {why}"
    return ""


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


def _decide(context: StepContext, tactic: Tactic, claimed: Claimed) -> SizeDecision:
    policy = context.services.playbook.policy
    if tactic.scenario is None:
        reason = "; ".join(tactic.do_not_play_reasons)
        return SizeDecision.refused(policy, reason)
    snapshot = context.services.storage.insights.snapshot(tactic.snapshot_id)
    return size(tactic.scenario, _facts(context, snapshot, claimed, tactic), policy)


def _facts(
    context: StepContext, snapshot: MarketSnapshot, claimed: Claimed, tactic: Tactic
) -> SizeInput:
    equity, buying_power = _money(context)
    trades = context.services.storage.tactics.trades_on(context.session_date)
    return SizeInput(
        equity=equity,
        buying_power=None if buying_power is None else buying_power - claimed.notional_usd,
        open_risk=_open_risk(context, tactic) + claimed.risk_usd,
        trades_today=trades + claimed.trades,
        atr=snapshot.indicators.atr14,
        atr_mean=snapshot.indicators.atr14_mean,
        session_is_over=session_is_over(context),
    )


def _money(context: StepContext) -> tuple[float | None, float | None]:
    """Return equity and buying power; a broker that fails leaves both missing, never a default."""
    try:
        account = context.services.adapters.broker.account()
    except AdapterError:
        return None, None
    return float(account.equity), float(account.buying_power)


def _open_risk(context: StepContext, tactic: Tactic) -> float:
    """Return the USD at risk in all plans that hold an order or a position, but for this one."""
    storage = context.services.storage
    armed = storage.tactics.armed()
    sizes = [
        storage.tactics.latest_size(other.tactic_id)
        for other in storage.tactics.unresolved(context.session_date)
        if other.tactic_id != tactic.tactic_id and other.tactic_id in armed
    ]
    return sum(decision.risk_usd for decision in sizes if decision)


def to_order(tactic: Tactic, scenario: Scenario, quantity: int) -> OrderRequest:
    """Return the bracket order of a plan: a limit at the worst edge, stop and targets attached."""
    shares = Decimal(quantity)
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
