"""The guards of the account: measured from the right mark, strict at the limit, deaf to nothing."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.flow import TradingState
from core.domain.guards import (
    AccountFacts,
    EquityMarks,
    GuardAction,
    GuardLock,
    GuardName,
    GuardReport,
    GuardVerdict,
    TradeResult,
    report,
    stricter_state,
)
from core.domain.guards.facts import day_end, day_start, week_start
from core.domain.risk import GuardLimits, RiskPolicy
from core.domain.scenarios import Grade, Side

DAY = date(2026, 11, 24)  # a Tuesday
NOON = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
POLICY = RiskPolicy(version="test")
LIMITS = POLICY.guards
money = st.floats(min_value=-1e6, max_value=1e6)
bases = st.floats(min_value=1.0, max_value=1e6)


def marks(latest: float = 100_000, **changes: float) -> EquityMarks:
    values = {"day_start": 100_000.0, "week_start": 100_000.0, "peak": 100_000.0, **changes}
    return EquityMarks(as_of=NOON, latest=latest, **values)


def facts(equity: EquityMarks | None = None, **changes: Any) -> AccountFacts:
    values = {"now": NOON, "session_date": DAY, "equity": equity or marks(), **changes}
    return AccountFacts(**values)


def judged(given_: AccountFacts, limits: GuardLimits = LIMITS) -> GuardReport:
    return report(POLICY.model_copy(update={"guards": limits}), given_)


def verdict(name: GuardName, given_: AccountFacts, **limits: Any) -> GuardVerdict:
    said = judged(given_, LIMITS.model_copy(update=limits)).verdicts
    return next(one for one in said if one.name is name)


def result(minutes_ago: float = 60, *, r: float = -1.0) -> TradeResult:
    closed_at = NOON - timedelta(minutes=minutes_ago)
    return TradeResult(closed_at=closed_at, profit=r * 100, r=r)


# losses


def test_a_calm_account_asks_for_nothing() -> None:
    found = judged(facts())
    assert found.asks_for is TradingState.ACTIVE
    assert (found.breaches, found.locks) == ((), ())


@pytest.mark.parametrize(
    ("latest", "is_breached"), [(97_000.01, False), (97_000.0, True), (96_999.99, True)]
)
def test_a_loss_that_reaches_its_limit_breaches_it(latest: float, is_breached: bool) -> None:
    said = verdict(GuardName.DAY_LOSS, facts(marks(latest)))
    assert said.breached is is_breached
    assert (said.action is GuardAction.REDUCE_ONLY) is is_breached


def test_the_detail_names_both_numbers() -> None:
    said = verdict(GuardName.DAY_LOSS, facts(marks(96_500)))
    assert said.detail == (
        "3.50% is lost: the equity is 96,500.00 USD, at the start of the session it was "
        "100,000.00 USD; the limit is 3.00%"
    )


def test_a_week_is_measured_from_its_own_start_and_reduces() -> None:
    said = verdict(GuardName.WEEK_LOSS, facts(marks(98_000, week_start=106_000)))
    assert (said.breached, said.action) == (True, GuardAction.REDUCE_ONLY)
    assert not verdict(GuardName.DAY_LOSS, facts(marks(98_000))).breached


def test_a_drawdown_is_measured_from_the_peak_and_halts() -> None:
    """Far above its start, and yet 15 % below its peak."""
    equity = marks(170_000, day_start=171_000, week_start=171_000, peak=200_000)
    found = judged(facts(equity))
    assert found.asks_for is TradingState.HALTED
    assert [one.name for one in found.breaches] == [GuardName.DRAWDOWN]


def test_five_losses_of_a_twentieth_on_a_tenth_are_a_fortieth_of_the_account() -> None:
    equity = 100_000.0
    for _ in range(5):
        equity -= 0.05 * 0.10 * equity
    said = verdict(GuardName.DAY_LOSS, facts(marks(equity)))
    assert said.value == pytest.approx(0.0248, abs=0.0001)
    assert not said.breached


@given(base=bases, less=money, more=money)
def test_a_greater_loss_is_never_judged_more_mildly(base: float, less: float, more: float) -> None:
    better, worse = max(less, more), min(less, more)
    order = tuple(GuardAction)
    for mark in ("day_start", "week_start", "peak"):
        pair = [judged(facts(marks(one, **{mark: base}))).verdicts for one in (better, worse)]
        for mild, strict in zip(*pair, strict=True):
            assert order.index(mild.action) <= order.index(strict.action)
            assert mild.breached <= strict.breached


@given(loss=st.floats(0, 1), limit=st.floats(0.001, 0.5))
def test_what_is_breached_is_what_has_reached_its_limit(loss: float, limit: float) -> None:
    said = verdict(GuardName.DRAWDOWN, facts(marks(100_000 * (1 - loss))), drawdown_fraction=limit)
    assert said.value is not None
    assert said.breached is (said.value >= limit)


@given(equity=st.floats(max_value=-0.01, min_value=-1e9))
def test_an_account_below_zero_halts_whatever_it_began_with(equity: float) -> None:
    assert judged(facts(marks(equity))).asks_for is TradingState.HALTED
    never_had = marks(equity, day_start=equity, week_start=equity, peak=equity)
    assert judged(facts(never_had)).asks_for is TradingState.HALTED


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("field", ["latest", "day_start", "week_start", "peak"])
def test_what_is_no_number_lets_no_entry_out(wrong: float, field: str) -> None:
    found = judged(facts(marks().model_copy(update={field: wrong})))
    refused = [one for one in found.breaches if one.action is GuardAction.REFUSE]
    assert refused
    assert all("is not a number" in one.detail for one in refused)
    assert all(one.value is None for one in refused)


def test_equity_that_nobody_could_tell_lets_no_entry_out_and_halts_nothing() -> None:
    found = judged(AccountFacts(now=NOON, session_date=DAY, equity=None, silence="time-out"))
    assert found.asks_for is TradingState.ACTIVE
    assert [one.action for one in found.breaches] == [GuardAction.REFUSE] * 3
    assert "missing input: equity; time-out; the limit is 3.00%" in found.breaches[0].detail
    assert found.locks == ()


# the rhythm of trading


@pytest.mark.parametrize(("trades", "is_locked"), [(1, False), (2, True), (3, True)])
def test_the_trades_of_a_session_are_counted_to_their_limit(trades: int, is_locked: bool) -> None:
    found = judged(facts(trades_today=trades))
    assert found.asks_for is TradingState.ACTIVE
    assert [lock.until for lock in found.locks] == ([day_end(NOON)] if is_locked else [])


def test_a_desk_that_may_not_trade_at_all_is_locked_from_the_start() -> None:
    said = verdict(GuardName.TRADES_PER_DAY, facts(), trades_per_day=0)
    assert (said.breached, said.share) == (True, 1.0)


def test_losses_in_a_row_lock_the_rest_of_the_day() -> None:
    three = tuple(result(ago) for ago in (300, 200, 100))
    said = verdict(GuardName.LOSS_STREAK, facts(results=three))
    assert (said.value, said.until) == (3, day_end(NOON))
    broken = (*three[:2], result(50, r=0.5), three[2])
    assert verdict(GuardName.LOSS_STREAK, facts(results=broken)).value == 1


def test_a_new_day_may_try_again_and_one_more_loss_ends_it() -> None:
    old = tuple(result(24 * 60 + ago) for ago in (300, 200, 100))
    assert not verdict(GuardName.LOSS_STREAK, facts(results=old)).breached
    again = verdict(GuardName.LOSS_STREAK, facts(results=(*old, result(30))))
    assert (again.value, again.breached) == (4, True)


@pytest.mark.parametrize("r", [-1.0, 2.0, 0.0])
@pytest.mark.parametrize(("minutes", "is_locked"), [(0, True), (14.9, True), (15, False)])
def test_a_result_won_or_lost_cools_down(r: float, minutes: float, is_locked: bool) -> None:
    said = verdict(GuardName.COOLDOWN, facts(results=(result(minutes, r=r),)))
    assert said.breached is is_locked
    assert said.value == pytest.approx(15 - minutes)
    if is_locked:
        assert said.until == NOON + timedelta(minutes=15 - minutes)


def test_no_cool_down_is_asked_for_where_it_is_zero() -> None:
    said = verdict(GuardName.COOLDOWN, facts(results=(result(0),)), cooldown_minutes=0)
    assert not said.breached


GAINED = (result(120, r=2.0), result(60, r=1.2))


@pytest.mark.parametrize(
    ("grade", "action"),
    [(Grade.A_PLUS, GuardAction.NONE), (Grade.B, GuardAction.REFUSE), (None, GuardAction.NONE)],
)
def test_after_the_gain_of_a_session_one_plan_of_the_best_grade_may_follow(
    grade: Grade | None, action: GuardAction
) -> None:
    said = verdict(GuardName.STOP_GAIN, facts(results=GAINED, grade=grade))
    assert (said.breached, said.action) == (True, action)
    assert "one more plan of grade A+" in said.detail


def test_after_the_gain_and_one_more_plan_the_session_is_over() -> None:
    followed = facts(results=GAINED, entries=(NOON - timedelta(minutes=30),), grade=Grade.A_PLUS)
    said = verdict(GuardName.STOP_GAIN, followed)
    assert (said.action, said.until) == (GuardAction.REFUSE, day_end(NOON))


def test_the_entry_that_made_the_gain_is_not_the_one_that_followed() -> None:
    said = verdict(GuardName.STOP_GAIN, facts(results=GAINED, entries=(GAINED[0].closed_at,)))
    assert said.action is GuardAction.NONE


def test_a_gain_that_was_given_back_in_part_was_made() -> None:
    said = verdict(GuardName.STOP_GAIN, facts(results=(*GAINED, result(30)), grade=Grade.B))
    assert (said.breached, said.value) == (True, pytest.approx(2.2))


def test_yesterday_s_gain_does_not_count_today() -> None:
    old = tuple(
        one.model_copy(update={"closed_at": one.closed_at - timedelta(days=1)}) for one in GAINED
    )
    assert not verdict(GuardName.STOP_GAIN, facts(results=old)).breached


def test_a_result_whose_risk_nobody_knows_is_a_result_all_the_same() -> None:
    unknown = TradeResult(closed_at=NOON, profit=-50, r=None)
    assert verdict(GuardName.COOLDOWN, facts(results=(unknown,))).breached
    assert verdict(GuardName.STOP_GAIN, facts(results=(unknown,))).value == 0


# reports


@given(latest=money, trades=st.integers(0, 5), ago=st.floats(0, 2000), r=st.floats(-3, 5))
def test_the_same_history_gives_the_same_report(
    latest: float, trades: int, ago: float, r: float
) -> None:
    known = facts(marks(latest), trades_today=trades, results=(result(ago, r=r),))
    first = judged(known)
    assert judged(AccountFacts.model_validate_json(known.model_dump_json())) == first
    assert GuardReport.model_validate_json(first.model_dump_json()) == first


def test_a_report_that_differs_in_numbers_alone_says_the_same() -> None:
    calm, calmer = judged(facts(marks(99_000))), judged(facts(marks(99_500)))
    assert calm.says_the_same(calmer)
    assert not calm.says_the_same(judged(facts(marks(96_000))))
    tomorrow = calm.model_copy(update={"session_date": DAY + timedelta(days=1)})
    assert not calm.says_the_same(tomorrow)
    stricter = LIMITS.model_copy(update={"day_loss_fraction": 0.02})
    assert not calm.says_the_same(judged(facts(marks(99_000)), stricter))


def test_the_strictest_guard_decides_and_stands_first() -> None:
    found = judged(facts(marks(80_000), trades_today=2))
    assert found.asks_for is TradingState.HALTED
    assert [one.action for one in found.breaches] == [
        GuardAction.HALT, GuardAction.REDUCE_ONLY, GuardAction.REDUCE_ONLY, GuardAction.REFUSE,
    ]  # fmt: skip


def test_a_lock_holds_its_side_until_its_moment() -> None:
    lock = GuardLock(name=GuardName.COOLDOWN, side=Side.LONG, until=NOON, reason="it lost")
    before = NOON - timedelta(microseconds=1)
    assert lock.holds(Side.LONG, before)
    assert not lock.holds(Side.SHORT, before)
    assert not lock.holds(Side.LONG, NOON)
    both = lock.model_copy(update={"side": "both"})
    assert both.holds(Side.SHORT, before)


def test_days_and_weeks_begin_at_midnight_in_new_york() -> None:
    assert day_start(DAY) == datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
    assert week_start(DAY) == datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
    assert day_end(datetime(2026, 11, 25, 4, 59, tzinfo=UTC)) == day_start(date(2026, 11, 25))
    clocks_change = date(2026, 11, 1)
    assert day_end(day_start(clocks_change)) - day_start(clocks_change) == timedelta(hours=25)


def test_a_state_gives_way_to_the_stricter_one_alone() -> None:
    active, reduce_only, halted = TradingState
    assert stricter_state(active, reduce_only) is reduce_only
    assert stricter_state(halted, reduce_only) is halted
    assert stricter_state(active, active) is active
