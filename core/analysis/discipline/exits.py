"""Stops and targets that were moved, and exits at another time than the plan's."""

from __future__ import annotations

from datetime import date, datetime

from core.analysis.discipline.actual import BY_HAND, FLATTENED, NEW_YORK, ActualTrade, OrderMove
from core.analysis.discipline.case import Case, Finding
from core.domain.overrides import OverrideKind


def stop_widened(case: Case) -> Finding | None:
    """Find a stop that was moved away from the price: it only tightens."""
    trade = case.trade
    if trade is None:
        return None
    moves = [one for one in trade.moves if one.what == "stop" and _widens(trade, one)]
    return _moved(OverrideKind.STOP_WIDENED, moves)


def stop_removed(case: Case) -> Finding | None:
    """Find a position that went on without the stop that it had."""
    trade = case.trade
    if trade is None:
        return None
    moves = [
        one
        for one in trade.moves
        if one.what == "stop" and one.after is None and _went_on(trade, one.at, case)
    ]
    return _moved(OverrideKind.STOP_REMOVED, moves)


def target_moved(case: Case) -> Finding | None:
    """Find a target that was moved while the plan stood."""
    trade = case.trade
    if trade is None or case.plan is None:
        return None
    moves = [one for one in trade.moves if one.what == "target"]
    return _moved(OverrideKind.TARGET_MOVED, moves)


def held_past_invalidation(case: Case) -> Finding | None:
    """Find a position that was still open after the plan's stop."""
    plan, trade = case.plan, case.trade
    if plan is None or trade is None or plan.replay is None or plan.exit_at is None:
        return None
    if plan.replay.exit_reason != "stop" or not trade.opened_at < plan.exit_at:
        return None
    if not _is_later(trade, plan.exit_at, case):
        return None
    return Finding(
        OverrideKind.HELD_PAST_INVALIDATION,
        plan.exit_at,
        planned={"stopped": plan.exit_at},
        actual={"closed": trade.closed_at or "still open"},
    )


def early_exit(case: Case) -> Finding | None:
    """Find a part that was closed before the plan would have closed it, and not by its bracket."""
    plan, trade = case.plan, case.trade
    if plan is None or trade is None or not plan.was_filled:
        return None
    closed = [one.at for one in trade.exits if one.leg in FLATTENED]
    early = next((at for at in closed if _is_earlier(trade, at, plan.exit_at, case)), None)
    if early is None:
        return None
    return Finding(
        OverrideKind.EARLY_EXIT,
        early,
        planned={"exit": plan.exit_at or "not yet"},
        actual={"exit": early},
    )


def late_exit(case: Case) -> Finding | None:
    """Find a part that was closed by hand after the plan was over but for its stop."""
    plan, trade = case.plan, case.trade
    if plan is None or trade is None or plan.replay is None or plan.exit_at is None:
        return None
    if plan.replay.exit_reason == "stop" or trade.is_open or trade.exits[-1].leg not in BY_HAND:
        return None
    if not trade.opened_at < plan.exit_at or not _is_later(trade, plan.exit_at, case):
        return None
    return Finding(
        OverrideKind.LATE_EXIT,
        trade.exits[-1].at,
        planned={"exit": plan.exit_at, "because": plan.replay.exit_reason},
        actual={"exit": trade.exits[-1].at},
    )


def _widens(trade: ActualTrade, move: OrderMove) -> bool:
    return move.after is not None and trade.side.sign * (move.after - move.before) < 0


def _went_on(trade: ActualTrade, at: datetime, case: Case) -> bool:
    """Tell whether a position was held on; closing one takes its stop away, too."""
    return trade.closed_at is None or trade.closed_at > at + case.rules.grace


def _is_later(trade: ActualTrade, planned: datetime, case: Case) -> bool:
    if trade.closed_at is None:
        return True
    if not trade.has_times:
        return _day(trade.closed_at) > _day(planned)
    return trade.closed_at > planned + case.rules.grace


def _is_earlier(trade: ActualTrade, at: datetime, planned: datetime | None, case: Case) -> bool:
    if planned is None:
        return True
    if not trade.has_times:
        return _day(at) < _day(planned)
    return at < planned - case.rules.grace


def _day(at: datetime) -> date:
    return at.astimezone(NEW_YORK).date()


def _moved(kind: OverrideKind, moves: list[OrderMove]) -> Finding | None:
    """Tell the first of the moves with the last place that they led to."""
    if not moves:
        return None
    what, after = moves[0].what, moves[-1].after
    told = "none" if after is None else after
    return Finding(kind, moves[0].at, planned={what: moves[0].before}, actual={what: told})
