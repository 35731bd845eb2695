"""A published plan ends by rule: the eight published vectors, and the rules one by one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis.resolution import BarPath, Replay, replay
from core.domain.feeds import SessionHours
from core.domain.resolutions import Outcome
from core.domain.scenarios import Grade, Scenario, Side, Target, Trigger
from core.errors import InsufficientDataError
from tests.examples import examples
from tests.unit.markets import mirrored

OPEN = datetime(2024, 3, 4, 14, 30, tzinfo=UTC)
FIRST = OPEN.date()
BEFORE = FIRST - timedelta(days=1)
DAY: dict[str, Any] = {"timebox_sessions": 1}
ENTRY = (100.5, 101.2, 100.2, 100.9)
Row = tuple[float, float, float, float]


def scenario(**changes: Any) -> Scenario:
    """Return the plan of the vectors: long 100-101, stop 98, half at 104, half at 107."""
    fields: dict[str, Any] = {
        "key": "vector", "setup": "breakout", "side": Side.LONG, "grade": Grade.B, "score": 0.5,
        "trigger": Trigger(kind="hold_above", price=100), "entry_low": 100, "entry_high": 101,
        "stop": 98, "timebox_sessions": 5, "invalidation": "a close below the stop",
        "targets": (Target(price=104, fraction=0.5), Target(price=107, fraction=0.5)),
    }  # fmt: skip
    return Scenario.model_validate(fields | changes)


def short(**changes: Any) -> Scenario:
    """Return the plan of the vectors in the mirror at 100."""
    targets = (Target(price=96, fraction=0.5), Target(price=93, fraction=0.5))
    turned = {"side": Side.SHORT, "entry_low": 99, "entry_high": 100, "stop": 102}
    return scenario(**turned | {"targets": targets} | changes)


def bars(*sessions: list[Row]) -> pd.DataFrame:
    """Return 5-minute bars, one list of rows a session, on days that follow each other."""
    rows = [
        (OPEN + timedelta(days=day, minutes=5 * place), FIRST + timedelta(days=day), *row)
        for day, session in enumerate(sessions)
        for place, row in enumerate(session)
    ]
    names = ["started_at", "session_date", "open", "high", "low", "close"]
    return pd.DataFrame(rows, columns=names)


def run(*sessions: list[Row], plan: Scenario | None = None, **options: Any) -> Replay:
    return replay(plan or scenario(), bars(*sessions), OPEN, **options)


VECTORS = [
    ([ENTRY, (101, 104.5, 100.5, 104), (104, 107.2, 103.5, 107)], "target", 1.5, 0.267, 2),
    ([ENTRY, (101, 101.5, 97.9, 98.2)], "stopped", -1, 1, 0),
    ([ENTRY, (101, 104.2, 97.8, 103)], "stopped", -1, 1, 0),
    (
        [ENTRY, (101, 104.2, 100.8, 103.5), (103.5, 103.8, 100.9, 101.2)],
        "partial", 0.5, 0.267, 1.067,
    ),
    ([ENTRY, (97, 97.5, 96.5, 97.2)], "stopped", -1.3333, 1.333, 0),
    ([ENTRY, (101, 102.6, 100.6, 102.5)], "time_stop", 0.5, 0.267, 0.533),
    ([(100.5, 101.5, 97.9, 98.5)], "stopped", -1, 1, 0),
    ([(99.5, 99.8, 97, 97.5)], "invalidated", 0, 0, 0),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "outcome", "r", "mae", "mfe"), VECTORS)
def test_a_published_vector_resolves_as_published(
    rows: list[Row], outcome: str, r: float, mae: float, mfe: float
) -> None:
    limit = 10 if outcome == "time_stop" else None
    result = run(rows, plan=scenario(breakeven_after_target=1, timebox_minutes=limit))
    assert (result.status, result.outcome) == ("final", Outcome(outcome))
    assert result.system_r == pytest.approx(r, abs=5e-5)
    assert (result.mae_r, result.mfe_r) == pytest.approx((mae, mfe), abs=5e-4)


@pytest.mark.parametrize(("vector", "r"), [(0, 1.4933), (1, -1.0133)])
def test_slippage_worsens_entry_and_stop_but_no_target(vector: int, r: float) -> None:
    plan = scenario(breakeven_after_target=1)
    result = run(VECTORS[vector][0], plan=plan, slippage=0.02)
    assert result.system_r == pytest.approx(r, abs=5e-5)
    assert result.entry_price == pytest.approx(101.02)


def test_without_a_breakeven_move_the_stop_stays() -> None:
    rows = VECTORS[3][0]
    assert run(rows).status == "open"
    result = run([*rows, (101, 101, 97, 97.5)])
    assert (result.outcome, result.system_r) == (Outcome.PARTIAL, pytest.approx(0))


def test_the_breakeven_move_acts_from_the_next_bar() -> None:
    plan = scenario(breakeven_after_target=1)
    result = run([ENTRY, (101, 104.2, 100.8, 103.5)], plan=plan)
    assert (result.status, len(result.exits), result.stop) == ("open", 1, 101)


def test_a_move_after_the_second_target_leaves_the_first_alone() -> None:
    assert run(VECTORS[3][0], plan=scenario(breakeven_after_target=2)).stop == 98


def test_several_targets_fill_in_one_bar() -> None:
    result = run([ENTRY, (101, 108, 100.5, 107.5)])
    assert [leg.price for leg in result.exits] == [104, 107]
    assert (result.outcome, result.system_r, result.mfe_r) == (Outcome.TARGET, 1.5, 2)


def test_a_gap_through_a_target_fills_at_the_target() -> None:
    assert run([ENTRY, (109, 110, 108.5, 109)]).system_r == pytest.approx(1.5)


def test_on_the_entry_bar_targets_do_not_count() -> None:
    result = run([(100.5, 107.5, 100.2, 104)])
    assert (result.status, result.exits, result.mfe_r) == ("open", (), 0)


def test_a_bar_that_only_gaps_over_the_zone_does_not_fill() -> None:
    assert run([(102, 103, 101.5, 102)]).outcome is Outcome.NEVER_TRIGGERED


def test_a_plan_without_a_fill_waits_until_its_session_is_complete() -> None:
    running = run([(102, 103, 101.5, 102)], sessions_complete=BEFORE)
    assert (running.status, running.triggered_at) == ("triggered", OPEN)
    ended = run([(102, 103, 101.5, 102)], sessions_complete=FIRST)
    assert (ended.outcome, ended.system_r, ended.bars_held) == (Outcome.NEVER_TRIGGERED, 0, 0)


def test_the_next_session_does_not_fill_an_old_plan() -> None:
    assert run([(102, 103, 101.5, 102)], [ENTRY]).outcome is Outcome.NEVER_TRIGGERED


def test_missing_bars_of_the_entry_session_are_no_answer() -> None:
    later = run([ENTRY], entry_session=date(2024, 3, 1), sessions_complete=FIRST)
    assert later.status == "waiting"
    assert run([], sessions_complete=FIRST).status == "waiting"


def test_bars_before_publication_are_left_out() -> None:
    result = replay(scenario(), bars([ENTRY, ENTRY]), OPEN + timedelta(minutes=5))
    assert result.entry_at == OPEN + timedelta(minutes=5)


def test_the_time_limit_exits_at_the_close_of_the_last_allowed_session() -> None:
    plan = scenario(timebox_sessions=2)
    held: Row = (101, 102, 100.5, 101.6)
    result = run([ENTRY, held], [held, (101, 102, 100, 102)], plan=plan)
    assert (result.outcome, result.exit_reason) == (Outcome.TIME_STOP, "time_stop")
    assert (result.exits[0].price, result.bars_held) == (102, 4)
    running = run([ENTRY, held], [held], plan=plan, sessions_complete=FIRST)
    assert (running.status, running.outcome) == ("open", None)


def test_a_time_stop_near_the_entry_is_breakeven() -> None:
    plan = scenario(timebox_minutes=10)
    result = run([ENTRY, (101, 101.5, 100.9, 101.1)], plan=plan)
    assert result.outcome is Outcome.BREAKEVEN


def test_a_time_limit_in_minutes_counts_from_the_entry_bar() -> None:
    plan = scenario(timebox_minutes=15)
    held: Row = (101, 102, 100.5, 101.6)
    result = run([(102, 103, 101.5, 102), ENTRY, held, (101, 102, 100, 102), held], plan=plan)
    assert (result.exit_reason, result.bars_held, result.exits[0].price) == ("time_stop", 3, 102)
    assert run([ENTRY, held], plan=plan, sessions_complete=BEFORE).status == "open"


def test_a_session_ends_a_plan_before_its_minutes_do() -> None:
    result = run([ENTRY, (101, 102, 100.5, 101.6)], plan=scenario(timebox_minutes=390, **DAY))
    assert (result.exit_reason, result.exits[0].price) == ("time_stop", 101.6)


def test_after_a_halt_the_next_bar_decides() -> None:
    halted = bars([ENTRY, (97, 97.5, 96.5, 97.2)])
    halted["started_at"] = [OPEN, OPEN + timedelta(hours=3)]
    assert replay(scenario(), halted, OPEN).exits[0].price == 97
    late = bars([ENTRY, (101, 102, 100.5, 101.6), ENTRY])
    late["started_at"] = [OPEN, OPEN + timedelta(hours=3), OPEN + timedelta(hours=4)]
    result = replay(scenario(timebox_minutes=30), late, OPEN)
    assert (result.exit_reason, result.exits[0].price) == ("time_stop", 101.6)


def test_bars_outside_the_regular_hours_do_not_exist() -> None:
    night, day = [ENTRY], [(102, 103, 101.5, 102)]
    frame = bars([*night, *day]).assign(started_at=[OPEN - timedelta(minutes=5), OPEN])
    result = replay(scenario(), frame, OPEN - timedelta(hours=1))
    assert result.outcome is Outcome.NEVER_TRIGGERED


def test_a_half_day_ends_when_the_calendar_says() -> None:
    close = OPEN + timedelta(minutes=15)
    hours = SessionHours(session_date=FIRST, opens_at=OPEN, closes_at=close)
    rows = [ENTRY, (101, 102, 100.5, 101.6), (101.6, 108, 101, 108)]
    result = run(rows, plan=scenario(**DAY), hours=[hours])
    assert (result.outcome, result.exits[0].price) == (Outcome.TIME_STOP, 101.6)


SHORT_DAY = SessionHours(session_date=FIRST, opens_at=OPEN, closes_at=OPEN + timedelta(minutes=20))
MISSES: Row = (102, 103, 101.5, 102)


def test_a_day_plan_is_judged_five_minutes_before_the_close_and_not_sooner() -> None:
    options: dict[str, Any] = {"hours": [SHORT_DAY], "sessions_complete": BEFORE}
    day, held = scenario(**DAY), (101, 102, 100.5, 101.6)
    assert run([ENTRY, held], plan=day, **options).status == "open"
    assert run([ENTRY, held, held], plan=day, **options).exit_reason == "time_stop"
    assert run([MISSES] * 2, plan=day, **options).status == "triggered"
    assert run([MISSES] * 3, plan=day, **options).outcome is Outcome.NEVER_TRIGGERED


@pytest.mark.parametrize(("sessions", "status"), [(1, "final"), (2, "open")])
def test_the_last_five_minutes_bring_an_entry_only_to_a_plan_that_stays(
    sessions: int, status: str
) -> None:
    plan = scenario(timebox_sessions=sessions)
    assert run([*[MISSES] * 3, ENTRY], plan=plan, hours=[SHORT_DAY]).status == status


def test_an_open_plan_is_marked_at_the_last_close() -> None:
    result = run([ENTRY, (101, 104.2, 100.8, 103.5)], sessions_complete=FIRST)
    assert result.status == "open"
    assert result.system_r == pytest.approx(0.5 + 0.5 * 2.5 / 3)


def test_fees_in_r_come_off_the_final_result() -> None:
    assert run(VECTORS[1][0], fees_r=0.1).system_r == pytest.approx(-1.1)
    assert run(VECTORS[7][0], fees_r=0.1).system_r == 0


def test_a_bar_that_opens_beyond_the_stop_and_fills_loses_one_r() -> None:
    result = run([(97, 100.5, 96, 100)])
    assert (result.outcome, result.system_r) == (Outcome.STOPPED, pytest.approx(-1))


def test_a_price_that_is_not_finite_is_refused() -> None:
    with pytest.raises(InsufficientDataError):
        run([(100.5, float("nan"), 100, 101)])


def test_bars_out_of_order_are_refused() -> None:
    with pytest.raises(InsufficientDataError, match="order"):
        replay(scenario(), bars([ENTRY, ENTRY]).iloc[::-1], OPEN)


def test_a_plan_published_after_its_session_never_began() -> None:
    result = replay(scenario(), bars([ENTRY]), OPEN + timedelta(hours=7), entry_session=FIRST)
    assert result.outcome is Outcome.NEVER_TRIGGERED


def test_one_path_serves_many_plans() -> None:
    frame = bars(VECTORS[0][0])
    path = BarPath.of(frame)
    assert replay(scenario(), path, OPEN) == replay(scenario(), frame, OPEN)
    assert replay(short(), path, OPEN) == replay(short(), frame, OPEN)


def test_a_short_plan_reports_true_prices() -> None:
    frame = mirrored(bars([ENTRY, (101, 108, 100.5, 107.5)]), 200)
    result = replay(short(), frame, OPEN)
    assert (result.entry_price, [leg.price for leg in result.exits]) == (99, [96, 93])


QUARTERS = st.integers(4 * 94, 4 * 110).map(lambda quarter: quarter / 4)
ROW = st.tuples(QUARTERS, QUARTERS, QUARTERS, QUARTERS).map(
    lambda p: (p[0], max(p), min(p), p[3])
)  # fmt: skip


@examples(100)
@given(
    st.lists(ROW, min_size=1, max_size=8),
    st.sampled_from([None, 1, 2]),
    st.sampled_from([0.0, 0.25]),
    st.sampled_from(["reclaim", "reject", "curl", None]),
)
def test_a_short_plan_is_a_long_plan_in_the_mirror(
    rows: list[Row], breakeven: int | None, slippage: float, kind: str | None
) -> None:
    frame = bars(rows[:5], rows[5:])
    changes: dict[str, Any] = {"breakeven_after_target": breakeven, "timebox_minutes": 20}
    if kind:
        changes["trigger"] = Trigger(kind=kind, price=100, is_met=False)
    long = replay(scenario(**changes), frame, OPEN, slippage)
    other = replay(short(**changes), mirrored(frame, 200), OPEN, slippage)
    same = ("status", "outcome", "bars_held", "triggered_at", "entry_at", "exit_reason")
    assert [getattr(long, name) for name in same] == [getattr(other, name) for name in same]
    numbers = ("system_r", "mae_r", "mfe_r")
    expected = [getattr(long, name) for name in numbers]
    assert [getattr(other, name) for name in numbers] == pytest.approx(expected)
    assert [leg.fraction for leg in long.exits] == [leg.fraction for leg in other.exits]


@examples(100)
@given(st.lists(ROW, min_size=1, max_size=8))
def test_a_final_result_closes_all_of_it_inside_its_excursions(rows: list[Row]) -> None:
    result = run(rows, plan=scenario(timebox_minutes=20))
    if result.status == "final" and result.exits:
        assert sum(leg.fraction for leg in result.exits) == pytest.approx(1)
        assert -result.mae_r - 1e-9 <= result.system_r <= result.mfe_r + 1e-9
