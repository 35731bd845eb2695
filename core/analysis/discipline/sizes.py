"""More or fewer shares than the plan was sized to, and more of what was losing."""

from __future__ import annotations

from core.analysis.discipline.actual import ActualTrade, Execution
from core.analysis.discipline.case import Case, Finding
from core.domain.overrides import NOTHING, OverrideKind


def oversize(case: Case) -> Finding | None:
    """Find more shares than were planned."""
    plan, trade = case.plan, case.trade
    if plan is None or trade is None or not plan.is_playable:
        return None
    if trade.book.quantity <= plan.quantity * (1 + case.rules.size_tolerance):
        return None
    return Finding(
        OverrideKind.OVERSIZE,
        trade.opened_at,
        planned={"quantity": plan.quantity},
        actual={"quantity": trade.book.quantity},
    )


def undersize(case: Case) -> Finding | None:
    """Find an order for fewer shares than were planned; one that filled in part is none."""
    plan, trade = case.plan, case.trade
    if plan is None or trade is None or not plan.is_playable:
        return None
    asked = max(trade.book.quantity, trade.ordered or NOTHING)
    if asked >= plan.quantity * (1 - case.rules.size_tolerance):
        return None
    return Finding(
        OverrideKind.UNDERSIZE,
        trade.opened_at,
        planned={"quantity": plan.quantity},
        actual={"quantity": asked},
    )


def averaged_down(case: Case) -> Finding | None:
    """Find a further order that added at a worse price: the trade was losing."""
    trade = case.trade
    if trade is None:
        return None
    worse = next((one for one in _added(trade) if _is_worse(trade, one, case)), None)
    if worse is None:
        return None
    return Finding(
        OverrideKind.AVERAGED_DOWN,
        worse.at,
        planned={"entry": trade.entries[0].price},
        actual={"added": worse.quantity, "price": worse.price},
    )


def _added(trade: ActualTrade) -> list[Execution]:
    """Return what further orders entered; one order may fill in many parts."""
    first = trade.entries[0].order_id
    return [one for one in trade.entries if one.order_id != first]


def _is_worse(trade: ActualTrade, added: Execution, case: Case) -> bool:
    moved = trade.side.sign * (added.price - trade.entries[0].price)
    return moved < -case.rules.price_tolerance
