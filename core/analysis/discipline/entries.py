"""Entries that the plan did not ask for in this way, and those that it asked for in vain."""

from __future__ import annotations

from decimal import Decimal

from core.analysis.discipline.case import Case, Finding
from core.domain.overrides import OverrideKind


def early_entry(case: Case) -> Finding | None:
    """Find a fill before the trigger, or without one."""
    plan, trade = case.plan, case.trade
    if plan is None or trade is None or not trade.has_times or not plan.is_playable:
        return None
    if plan.replay is None:
        return None
    triggered_at = plan.replay.triggered_at
    if triggered_at is not None and trade.opened_at >= triggered_at:
        return None
    return Finding(
        OverrideKind.EARLY_ENTRY,
        trade.opened_at,
        planned={"trigger": triggered_at or "it has not come"},
        actual={"entry": trade.opened_at, "price": trade.entries[0].price},
    )


def chased_entry(case: Case) -> Finding | None:
    """Find an entry beyond the worst price of the zone."""
    plan, trade = case.plan, case.trade
    if plan is None or trade is None or plan.scenario is None or not plan.is_playable:
        return None
    worst = Decimal(str(plan.scenario.worst_entry))
    beyond = trade.side.sign * (trade.entry_price - worst)
    if beyond <= case.rules.price_tolerance:
        return None
    return Finding(
        OverrideKind.CHASED_ENTRY,
        trade.opened_at,
        planned={"worst entry": worst},
        actual={"entry": trade.entry_price},
    )


def skipped_signal(case: Case) -> Finding | None:
    """Find a plan that the operator let go, and that was entered by rule."""
    plan = case.plan
    if plan is None or plan.declined is None or case.trade is not None or plan.replay is None:
        return None
    entry_at = plan.replay.entry_at
    if entry_at is None or not plan.is_playable:
        return None
    if plan.declined.how == "cancelled" and plan.declined.at > entry_at:
        return None  # the market had passed it by, and nobody but the desk took it back
    return Finding(
        OverrideKind.SKIPPED_SIGNAL,
        max(plan.declined.at, entry_at),
        planned={"quantity": plan.quantity, "entry": entry_at},
        actual={"decision": plan.declined.how},
        said=plan.declined.reason,
    )
