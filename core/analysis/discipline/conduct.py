"""Trades that no plan asked for, or that the policy of the day did not allow."""

from __future__ import annotations

from core.analysis.discipline.actual import ActualTrade
from core.analysis.discipline.case import Case, Finding
from core.domain.overrides import OverrideKind


def traded_dnp(case: Case) -> Finding | None:
    """Find a trade although the plan, or its size, said not to play."""
    plan, trade = case.plan, case.trade
    if plan is None or trade is None or plan.is_playable:
        return None
    return _unasked(OverrideKind.TRADED_DNP, trade, plan.do_not_play or "size 0")


def reentry_after_stop(case: Case) -> Finding | None:
    """Find a second trade the same way, after the first was stopped and without a new plan."""
    trade, earlier = case.trade, case.earlier
    if case.plan is not None or trade is None or earlier is None:
        return None
    if not earlier.was_stopped or earlier.side is not trade.side:
        return None
    return _unasked(OverrideKind.REENTRY_AFTER_STOP, trade, "no entry after the stop")


def bias_flip(case: Case) -> Finding | None:
    """Find a trade the other way round than the session's plan or trade, without a new plan."""
    trade = case.trade
    if case.plan is not None or trade is None:
        return None
    sides = {one.scenario.side for one in case.rivals if one.scenario and one.is_playable}
    if case.earlier is not None:
        sides.add(case.earlier.side)
    if not sides or trade.side in sides:
        return None
    return _unasked(OverrideKind.BIAS_FLIP, trade, f"{sides.pop()} or nothing")


def unplanned_trade(case: Case) -> Finding | None:
    """Find a trade without a plan that is nothing worse."""
    if case.plan is not None or case.trade is None:
        return None
    if reentry_after_stop(case) or bias_flip(case):
        return None
    return _unasked(OverrideKind.UNPLANNED_TRADE, case.trade, "no plan")


def over_daily_limit(case: Case) -> Finding | None:
    """Find a trade beyond what the policy allows in a session."""
    trade, limit = case.trade, case.rules.trades_per_day
    if trade is None or case.day.trades < limit:
        return None
    return Finding(
        OverrideKind.OVER_DAILY_LIMIT,
        trade.decided_at,
        planned={"trades a day": limit},
        actual={"trade": case.day.trades + 1},
    )


def after_stop_gain(case: Case) -> Finding | None:
    """Find a trade after the day had made enough; one more of the best grade is allowed."""
    trade, day = case.trade, case.day
    if trade is None or day.made_r < case.rules.stop_gain_r:
        return None
    scenario = case.plan.scenario if case.plan else None
    if scenario and scenario.grade is case.rules.best_grade and day.since_gain == 0:
        return None
    return Finding(
        OverrideKind.AFTER_STOP_GAIN,
        trade.decided_at,
        planned={"stop-gain R": case.rules.stop_gain_r},
        actual={"made R": round(day.made_r, 2)},
    )


def _unasked(kind: OverrideKind, trade: ActualTrade, asked: str) -> Finding:
    return Finding(
        kind,
        trade.opened_at,
        planned={"plan": asked},
        actual={"side": trade.side, "quantity": trade.book.quantity, "price": trade.entry_price},
    )
