"""Each departure from a plan is found, and what only looks like one is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis.discipline.actual import ActualTrade, OrderMove
from core.analysis.discipline.case import Case, Day
from core.analysis.discipline.judging import judge, judge_one
from core.analysis.discipline.planned import Decline, PlannedTrade
from core.domain.overrides import OverrideKind as Kind
from core.domain.scenarios import Grade, Side, Trigger
from tests.unit.discipline_samples import (
    TARGETS,
    at,
    case,
    lost,
    part,
    plan,
    scenario,
    timed_out,
    trade,
    won,
)

HAND = "by-hand-1"


def kinds(found: Case) -> list[Kind]:
    judgement = judge_one(found)
    return [one.kind for one in judgement.overrides] if judgement else []


def moved(what: Any, before: float, after: float | None, minute: float = 2) -> OrderMove:
    told = None if after is None else Decimal(str(after))
    return OrderMove(at(minute), what, Decimal(str(before)), told)


def held(*exits: Any, **changes: Any) -> ActualTrade:
    """Return a trade that is closed by hand, long after everything."""
    return trade(*(exits or (part(90, 100, 95, "external", HAND),)), **changes)


# a plan that is followed


def test_a_plan_followed_exactly_has_no_override() -> None:
    judgement = judge_one(case(plan(), trade()))
    assert judgement is not None
    assert judgement.overrides == ()
    assert judgement.comparison.is_followed
    assert judgement.comparison.split is not None
    assert judgement.comparison.split.total == 0
    assert (judgement.comparison.system_r, judgement.comparison.actual_r) == (1.5, 1.5)


@given(
    quantity=st.integers(1, 5000),
    minutes=st.floats(0, 300),
    wins=st.booleans(),
    tightened=st.booleans(),
)
def test_no_plan_that_is_followed_is_ever_called_an_override(
    quantity: int, minutes: float, wins: bool, tightened: bool
) -> None:
    first, rest = quantity // 2, quantity - quantity // 2
    targets = [
        part(minutes + 5, one, price, "target") for one, price in ((first, 104), (rest, 107)) if one
    ]
    stop = [part(minutes + 5, quantity, 98, "stop")]
    shifted = {"triggered_at": at(minutes), "entry_at": at(minutes)}
    replayed = (won if wins else lost)(**shifted)
    exits = tuple(one.model_copy(update={"at": at(minutes + 5)}) for one in replayed.exits)
    asked = plan(quantity=Decimal(quantity), replay=replayed.model_copy(update={"exits": exits}))
    done = trade(
        *(targets if wins else stop), entries=(part(minutes, quantity, 101),),
        decided_at=at(minutes), ordered=Decimal(quantity),
        moves=(moved("stop", 98, 101),) if tightened else (),
    )  # fmt: skip
    assert kinds(case(asked, done)) == []


def test_the_same_facts_give_the_same_overrides() -> None:
    odd = case(plan(replay=lost()), held(entries=(part(-5, 150, 102),)))
    first, second = judge([odd]), judge([odd])
    assert first == second
    ids = [one.override_id for one in first[0].overrides]
    assert len(set(ids)) == len(ids) >= 3


def test_what_neither_the_rule_nor_the_operator_entered_is_no_case() -> None:
    waiting = won(entry_at=None, entry_price=None, exits=(), triggered_at=None)
    assert judge_one(case(plan(replay=waiting))) is None
    assert judge_one(case(plan(scenario=None, quantity=Decimal(0), replay=None))) is None


# entries


def test_an_entry_before_the_trigger_is_early() -> None:
    early = trade(entries=(part(-1, 100, 101),), decided_at=at(-2))
    assert kinds(case(plan(), early)) == [Kind.EARLY_ENTRY]


def test_an_entry_without_a_trigger_is_early() -> None:
    never = won(entry_at=None, entry_price=None, exits=(), triggered_at=None)
    assert Kind.EARLY_ENTRY in kinds(case(plan(replay=never), trade()))


@pytest.mark.parametrize(("price", "found"), [(101.02, []), (101.03, [Kind.CHASED_ENTRY])])
def test_an_entry_beyond_the_worst_price_is_chased_but_for_the_slippage(
    price: float, found: list[Kind]
) -> None:
    assert kinds(case(plan(), trade(entries=(part(0, 100, price),)))) == found


def test_a_short_is_chased_below_its_zone() -> None:
    down = scenario(
        side=Side.SHORT, entry_low=99, entry_high=100, stop=102,
        targets=({"price": 96, "fraction": 0.5}, {"price": 93, "fraction": 0.5}),
    )  # fmt: skip
    exits = (part(5, 50, 96, "target"), part(10, 50, 93, "target"))
    for price, found in ((99.5, []), (98.9, [Kind.CHASED_ENTRY])):
        done = trade(*exits, side=Side.SHORT, entries=(part(0, 100, price),))
        assert kinds(case(plan(scenario=down), done)) == found


def declined(how: Any = "rejected", minute: float = -30, **changes: Any) -> PlannedTrade:
    return plan(declined=Decline(how, at(minute), "no time"), **changes)


@pytest.mark.parametrize("how", ["rejected", "expired", "cancelled"])
def test_a_plan_that_was_let_go_and_would_have_been_entered_is_skipped(how: str) -> None:
    judgement = judge_one(case(declined(how)))
    assert judgement is not None
    (found,) = judgement.overrides
    assert (found.kind, found.said, found.cost_r) == (Kind.SKIPPED_SIGNAL, "no time", 1.5)


def test_letting_go_what_was_never_entered_is_no_override() -> None:
    never = won(entry_at=None, entry_price=None, exits=())
    assert kinds(case(declined(replay=never))) == []


def test_an_order_that_the_desk_took_back_after_the_entry_is_not_skipped() -> None:
    assert kinds(case(declined("cancelled", minute=30))) == []


def test_a_plan_that_policy_sized_to_nothing_cannot_be_skipped() -> None:
    assert kinds(case(declined(quantity=Decimal(0), do_not_play="grade C is not traded"))) == []


# size


@pytest.mark.parametrize(
    ("quantity", "found"),
    [(102, []), (103, [Kind.OVERSIZE]), (98, []), (97, [Kind.UNDERSIZE])],
)
def test_a_size_is_compared_with_the_planned_one(quantity: int, found: list[Kind]) -> None:
    done = trade(
        part(5, quantity - 50, 104, "target"), part(10, 50, 107, "target"),
        entries=(part(0, quantity, 101),), ordered=Decimal(quantity),
    )  # fmt: skip
    assert kinds(case(plan(), done)) == found


def test_an_order_that_filled_in_part_is_not_undersized() -> None:
    half = trade(part(5, 40, 104, "target"), entries=(part(0, 40, 101),), ordered=Decimal(100))
    assert kinds(case(plan(), half)) == []


def test_a_further_order_at_a_worse_price_averages_down() -> None:
    adds = (part(0, 50, 101), part(3, 50, 99, order_id=HAND))
    assert kinds(case(plan(), trade(entries=adds))) == [Kind.AVERAGED_DOWN]


def test_parts_of_one_order_at_better_prices_average_nothing_down() -> None:
    assert kinds(case(plan(), trade(entries=(part(0, 50, 101), part(3, 50, 99))))) == []


def test_adding_to_what_wins_is_not_averaging_down() -> None:
    adds = (part(0, 50, 100), part(3, 50, 101, order_id=HAND))
    assert kinds(case(plan(), trade(entries=adds))) == []


# stops, targets and exits


def test_a_stop_that_is_moved_away_is_widened_and_a_tighter_one_is_not() -> None:
    assert kinds(case(plan(), trade(moves=(moved("stop", 98, 97),)))) == [Kind.STOP_WIDENED]
    assert kinds(case(plan(), trade(moves=(moved("stop", 98, 101),)))) == []


def test_a_stop_that_is_taken_away_from_a_position_is_removed() -> None:
    bare = trade(part(60, 100, 107, "target"), moves=(moved("stop", 98, None),))
    assert kinds(case(plan(), bare)) == [Kind.STOP_REMOVED]


def test_a_stop_that_goes_with_its_position_is_not_removed() -> None:
    assert kinds(case(plan(), trade(moves=(moved("stop", 98, None),)))) == []


def test_a_target_that_is_moved_is_told_with_both_places() -> None:
    judgement = judge_one(case(plan(), trade(moves=(moved("target", 107, 112),))))
    assert judgement is not None
    (found,) = judgement.overrides
    assert (found.kind, found.planned, found.actual) == (
        Kind.TARGET_MOVED, {"target": "107"}, {"target": "112"},
    )  # fmt: skip


def test_a_position_that_outlives_the_stop_is_held_past_its_invalidation() -> None:
    found = judge_one(case(plan(replay=lost()), held()))
    assert found is not None
    assert [one.kind for one in found.overrides] == [Kind.HELD_PAST_INVALIDATION]
    assert found.overrides[0].cost_r == 1


def test_a_position_that_is_still_open_after_the_stop_is_told_before_its_cost_is_known() -> None:
    going_on = replace(trade(), exits=())
    found = judge_one(case(plan(replay=lost()), going_on))
    assert found is not None
    (override,) = found.overrides
    assert (override.kind, override.cost_usd) == (Kind.HELD_PAST_INVALIDATION, None)
    assert (found.comparison.split, found.comparison.ended_at) == (None, None)
    closed = judge_one(case(plan(replay=lost()), held()))
    assert closed is not None
    assert closed.overrides[0].override_id == override.override_id


def test_a_stop_that_fills_a_moment_later_than_by_rule_is_not_held() -> None:
    assert kinds(case(plan(replay=lost()), trade(part(19, 100, 98, "stop")))) == []


def test_an_entry_after_the_plan_was_stopped_is_not_called_held() -> None:
    late = held(entries=(part(30, 100, 101),))
    assert Kind.HELD_PAST_INVALIDATION not in kinds(case(plan(replay=lost()), late))


@pytest.mark.parametrize("leg", ["exit", "external", "time_stop"])
def test_a_close_before_the_plan_ends_is_early(leg: str) -> None:
    done = trade(part(10, 100, 100.5, leg))
    assert kinds(case(plan(replay=lost(60)), done)) == [Kind.EARLY_EXIT]


def test_a_close_while_the_plan_goes_on_is_early_and_costs_nothing_yet() -> None:
    going_on = won(status="open", outcome=None, exits=(), exit_reason="")
    judgement = judge_one(case(plan(replay=going_on), trade(part(10, 100, 103, "external"))))
    assert judgement is not None
    assert [(one.kind, one.cost_usd) for one in judgement.overrides] == [(Kind.EARLY_EXIT, None)]


def test_a_bracket_that_acts_earlier_than_the_rule_is_no_early_exit() -> None:
    assert kinds(case(plan(replay=lost(60)), trade(part(10, 100, 98, "stop")))) == []


def test_the_desks_own_close_at_the_end_of_a_plan_is_neither_early_nor_late() -> None:
    for minute in (55, 70, 200):
        done = trade(part(minute, 100, 102, "time_stop"))
        assert kinds(case(plan(replay=timed_out(60, 102)), done)) == []


def test_a_close_by_hand_long_after_the_end_of_the_plan_is_late() -> None:
    done = trade(part(120, 100, 101.5, "external", HAND))
    assert kinds(case(plan(replay=timed_out(60, 102)), done)) == [Kind.LATE_EXIT]
    assert kinds(case(plan(replay=won()), done)) == [Kind.LATE_EXIT]


# trades that nobody asked for


def alone(**changes: Any) -> ActualTrade:
    hand = {"order_id": "", "ordered": None, "entries": (part(0, 100, 101, order_id=HAND),)}
    return trade(**hand | changes)


def test_a_trade_without_a_plan_is_unplanned_and_costs_what_it_lost() -> None:
    found = judge_one(case(None, alone(), unit_usd=Decimal(250)))
    assert found is not None
    (override,) = found.overrides
    assert (override.kind, override.cost_usd, override.cost_r) == (
        Kind.UNPLANNED_TRADE, Decimal(-450), -1.8,
    )  # fmt: skip


def test_a_trade_against_the_sessions_plan_is_a_bias_flip() -> None:
    down = alone(side=Side.SHORT)
    assert kinds(case(None, down, rivals=(plan(),))) == [Kind.BIAS_FLIP]
    assert kinds(case(None, down, earlier=trade())) == [Kind.BIAS_FLIP]
    assert kinds(case(None, alone(), rivals=(plan(),))) == [Kind.UNPLANNED_TRADE]


def test_a_second_entry_after_a_stop_is_a_reentry() -> None:
    stopped = trade(part(5, 100, 98, "stop"))
    assert kinds(case(None, alone(), earlier=stopped)) == [Kind.REENTRY_AFTER_STOP]
    assert kinds(case(None, alone(), earlier=trade())) == [Kind.UNPLANNED_TRADE]


@pytest.mark.parametrize("why", ["no setup", "grade C is not traded"])
def test_trading_what_is_not_to_be_played_is_told_with_the_reason(why: str) -> None:
    idle = plan(quantity=Decimal(0), do_not_play=why)
    judgement = judge_one(case(idle, alone()))
    assert judgement is not None
    (found,) = judgement.overrides
    assert (found.kind, found.planned) == (Kind.TRADED_DNP, {"plan": why})
    assert judgement.comparison.system.quantity == 0


def test_a_trade_beyond_the_days_limit_is_found() -> None:
    assert kinds(case(plan(), trade(), day=Day(trades=1))) == []
    assert kinds(case(plan(), trade(), day=Day(trades=2))) == [Kind.OVER_DAILY_LIMIT]


def test_after_the_stop_gain_one_more_of_the_best_grade_is_allowed() -> None:
    best = plan(scenario=scenario(grade=Grade.A_PLUS))
    enough = Day(trades=1, made_r=3.0)
    assert kinds(case(plan(), trade(), day=enough)) == [Kind.AFTER_STOP_GAIN]
    assert kinds(case(best, trade(), day=enough)) == []
    assert kinds(case(best, trade(), day=replace(enough, since_gain=1))) == [Kind.AFTER_STOP_GAIN]


# imports know the day alone


def imported(entry_day: int = 0, exit_day: int = 0, **changes: Any) -> ActualTrade:
    day = timedelta(days=1)
    exits = (replace(part(0, 100, 95, "external", ""), at=at(0) + exit_day * day),)
    entries = (replace(part(-60, 100, 101, order_id=""), at=at(-60) + entry_day * day),)
    return trade(*exits, entries=entries, has_times=False, order_id="", ordered=None, **changes)


def test_of_an_import_the_days_are_compared_and_not_the_times() -> None:
    assert kinds(case(plan(replay=lost()), imported())) == []
    assert kinds(case(plan(replay=lost()), imported(exit_day=1))) == [Kind.HELD_PAST_INVALIDATION]
    tomorrow = timed_out(24 * 60, 102)
    assert kinds(case(plan(replay=tomorrow), imported())) == [Kind.EARLY_EXIT]


def test_an_override_on_an_import_has_no_time_of_day() -> None:
    judgement = judge_one(case(None, imported()))
    assert judgement is not None
    assert [one.has_time for one in judgement.overrides] == [False]


# what the trade before left behind


@pytest.mark.parametrize(
    ("exits", "told"), [(TARGETS, "win"), ((part(5, 100, 98, "stop"),), "loss")]
)
def test_an_override_tells_how_the_trade_before_had_ended(exits: Sequence[Any], told: str) -> None:
    judgement = judge_one(case(None, alone(), before=trade(*exits)))
    assert judgement is not None
    assert judgement.overrides[0].follows == told


def test_a_trigger_that_was_acted_on_tells_how_fast() -> None:
    waits = plan(scenario=scenario(trigger=Trigger(kind="hold_above", price=100, is_met=False)))
    judgement = judge_one(case(waits, trade(decided_at=at(1.5), entries=(part(2, 100, 101),))))
    assert judgement is not None
    assert judgement.comparison.reaction_s == 90
