"""Which trade belongs to which plan, and what had happened before each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from core.analysis.discipline.actual import NEW_YORK, ActualTrade
from core.analysis.discipline.case import Case, Day, Rules
from core.analysis.discipline.planned import PlannedTrade

LATELY = timedelta(days=1)  # for so long a result may still be in the operator's mind

Units = Mapping[date, Decimal]


def make_cases(
    plans: Sequence[PlannedTrade], trades: Iterable[ActualTrade], rules: Rules, units: Units
) -> list[Case]:
    """Return one case for each plan, and for each trade without one.

    `units` is what one R was in a session, in USD, for what has no plan. A trade belongs to the
    plan whose order it was, else to one of its symbol, session and side.
    """
    ordered = sorted(trades, key=lambda one: (one.decided_at, one.trade_id))
    pairs = _pair(plans, ordered)
    history = _History(ordered, pairs, units, rules)
    traded = {id(pairs[t.trade_id]): t for t in ordered if t.trade_id in pairs}
    planned = [history.planned(plan, traded.get(id(plan))) for plan in plans]
    alone = (trade for trade in ordered if trade.trade_id not in pairs)
    return planned + [history.unplanned(trade, plans) for trade in alone]


def _pair(plans: Sequence[PlannedTrade], trades: Sequence[ActualTrade]) -> dict[str, PlannedTrade]:
    """Return the plan of each trade that has one: first by its order, then what fits."""
    pairs: dict[str, PlannedTrade] = {}
    for fits in (_is_its_order, _fits, _was_told_to_wait):
        for trade in trades:
            if trade.trade_id not in pairs and not trade.is_option:
                _take(trade, plans, pairs, fits)
    return pairs


def _take(
    trade: ActualTrade,
    plans: Sequence[PlannedTrade],
    pairs: dict[str, PlannedTrade],
    fits: Callable[[PlannedTrade, ActualTrade], bool],
) -> None:
    taken = {id(plan) for plan in pairs.values()}
    for plan in plans:
        if id(plan) not in taken and fits(plan, trade):
            pairs[trade.trade_id] = plan
            return


def _is_its_order(plan: PlannedTrade, trade: ActualTrade) -> bool:
    return bool(trade.order_id) and trade.order_id == plan.order_id


def _fits(plan: PlannedTrade, trade: ActualTrade) -> bool:
    scenario = plan.scenario
    is_side = scenario is not None and plan.is_playable and scenario.side is trade.side
    return is_side and _is_in_session(plan, trade)


def _was_told_to_wait(plan: PlannedTrade, trade: ActualTrade) -> bool:
    return not plan.is_playable and _is_in_session(plan, trade)


def _is_in_session(plan: PlannedTrade, trade: ActualTrade) -> bool:
    """Tell whether a trade that is no order of the desk was opened in the plan's entry session."""
    is_there = (plan.symbol, plan.session_date) == (trade.symbol, trade.session_date)
    return is_there and not trade.order_id


class _History:
    """The trades in the order in which they were decided on."""

    def __init__(
        self,
        trades: Sequence[ActualTrade],
        pairs: Mapping[str, PlannedTrade],
        units: Units,
        rules: Rules,
    ) -> None:
        self._trades, self._pairs, self._units, self._rules = trades, pairs, units, rules

    def planned(self, plan: PlannedTrade, trade: ActualTrade | None) -> Case:
        unit = self._units.get(plan.session_date)
        if trade is None:
            return Case(self._rules, plan, unit_usd=unit)
        before, day = self._before(trade), self._day(trade)
        return Case(self._rules, plan, trade, before=before, day=day, unit_usd=unit)

    def unplanned(self, trade: ActualTrade, plans: Sequence[PlannedTrade]) -> Case:
        return Case(
            self._rules,
            trade=trade,
            rivals=tuple(one for one in plans if _is_in_session(one, trade)),
            earlier=self._earlier(trade),
            before=self._before(trade),
            day=self._day(trade),
            unit_usd=self._units.get(trade.session_date),
        )

    def _earlier(self, trade: ActualTrade) -> ActualTrade | None:
        """Return the trade before in the same symbol and session."""
        key = (trade.symbol, trade.session_date)
        return self._last([t for t in self._trades if (t.symbol, t.session_date) == key], trade)

    def _before(self, trade: ActualTrade) -> ActualTrade | None:
        """Return the trade of the same account that closed last, if that was lately."""
        last = self._last([t for t in self._trades if t.account == trade.account], trade)
        is_lately = last is not None and trade.decided_at - last.exits[-1].at <= LATELY
        return last if is_lately else None

    def _last(self, trades: Sequence[ActualTrade], trade: ActualTrade) -> ActualTrade | None:
        ended = [one for one in trades if _ended_before(one, trade)]
        return max(ended, key=lambda one: one.exits[-1].at, default=None)

    def _day(self, trade: ActualTrade) -> Day:
        today = [one for one in self._trades if one.session_date == trade.session_date]
        before = today[: today.index(trade)]
        enough = self._rules.stop_gain_r
        return Day(
            trades=len(before),
            made_r=self._made(before, trade),
            since_gain=sum(
                self._made(before[:place], one) >= enough for place, one in enumerate(before)
            ),
        )

    def _made(self, before: Sequence[ActualTrade], trade: ActualTrade) -> float:
        """Return what had been made, in R, when a trade was decided on."""
        return sum(self._result(one) for one in before if _ended_before(one, trade))

    def _result(self, trade: ActualTrade) -> float:
        """Return a result in R, 0 where one R is not known."""
        plan = self._pairs.get(trade.trade_id)
        unit = plan.r_usd if plan and plan.is_playable else self._units.get(trade.session_date)
        return float(trade.book.pnl / unit) if unit else 0.0


def _ended_before(one: ActualTrade, trade: ActualTrade) -> bool:
    """Tell whether a trade was over when another was decided on; within a day times must tell."""
    if one.closed_at is None or one is trade:
        return False
    if one.has_times and trade.has_times:
        return one.closed_at <= trade.decided_at
    return one.closed_at.astimezone(NEW_YORK).date() < trade.session_date
