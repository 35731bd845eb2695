"""A trigger is judged on closes after publication and acts from the next bar."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis.resolution import Replay
from core.domain.resolutions import Outcome
from core.domain.scenarios import Scenario, Trigger
from core.errors import InsufficientDataError
from tests.unit.test_resolution import BEFORE, ENTRY, OPEN, bars, run, scenario, short
from tests.unit.test_resolution import replay as replay_plan

Row = tuple[float, float, float, float]
UNDER: Row = (100.2, 100.4, 100.1, 100.3)
OVER: Row = (100.3, 100.8, 100.2, 100.7)
STAYS: Row = (100.7, 101, 100.6, 100.9)
LEVEL = 100.5


def waiting(kind: str, **changes: Any) -> Scenario:
    fields = {"kind": kind, "price": LEVEL, "is_met": False} | changes
    return scenario(trigger=Trigger.model_validate(fields))


def triggered_after(plan: Scenario, *rows: Row) -> int | None:
    """Return after how many bars the trigger came, None if it has not."""
    at = run(list(rows), plan=plan, sessions_complete=BEFORE).triggered_at
    return None if at is None else (at - OPEN) // timedelta(minutes=5)


CASES: list[tuple[str, list[Row], int | None]] = [
    ("cross_above", [UNDER, OVER], 2),
    ("cross_above", [OVER], 1),  # it opened below
    ("cross_above", [STAYS, STAYS], None),  # it was above before: nothing crossed
    ("cross_above", [STAYS, UNDER, OVER], 3),
    ("cross_below", [OVER, UNDER], 2),
    ("cross_below", [UNDER, UNDER], None),
    ("hold_above", [STAYS], 1),
    ("hold_above", [UNDER, OVER], 2),
    ("hold_below", [STAYS, UNDER], 2),
    ("reclaim", [UNDER, OVER], 2),
    ("reclaim", [STAYS, STAYS], None),
    ("reject", [STAYS, (100.8, 100.9, 100.4, 100.7)], 2),  # it came back to the price and held
    ("reject", [STAYS, (100.8, 100.9, 100.4, 100.45)], None),  # it closed on the wrong side
    ("reject", [OVER], None),  # it opened on the wrong side
    ("curl", [UNDER, (100.3, 100.5, 100.2, 100.4), OVER], 3),
    ("curl", [UNDER, (100.3, 100.5, 100.2, 100.2), OVER], None),
    ("curl", [UNDER, (100, 100.4, 100, 100.35), (100.3, 100.5, 100.2, 100.4)], None),
]


@pytest.mark.parametrize(("kind", "rows", "after"), CASES)
def test_each_kind_of_trigger_comes_on_its_bar(
    kind: str, rows: list[Row], after: int | None
) -> None:
    assert triggered_after(waiting(kind), *rows) == after


@pytest.mark.parametrize("kind", ["hold_above", "cross_above", "reclaim"])
def test_more_bars_must_close_beyond_in_a_row(kind: str) -> None:
    plan = waiting(kind, bars=3)
    assert triggered_after(plan, UNDER, OVER, STAYS) is None
    assert triggered_after(plan, UNDER, OVER, STAYS, STAYS) == 4
    assert triggered_after(plan, UNDER, OVER, UNDER, OVER, STAYS, STAYS) == 6


@pytest.mark.parametrize("kind", ["reclaim", "reject", "curl"])
def test_a_rule_of_the_plans_own_direction_is_mirrored_for_a_short(kind: str) -> None:
    rows = next(rows for name, rows, after in CASES if name == kind and after)
    turned = [(200 - o, 200 - low, 200 - high, 200 - c) for o, high, low, c in rows]
    plan = short(trigger=Trigger(kind=kind, price=200 - LEVEL, is_met=False))
    assert triggered_after(plan, *turned) == len(rows)


def test_a_rule_that_names_its_direction_keeps_it_for_a_short() -> None:
    rows = [(99.8, 99.9, 99.6, 99.7), (99.7, 99.9, 99.2, 99.3)]
    plan = short(trigger=Trigger(kind="cross_below", price=99.5, is_met=False))
    assert triggered_after(plan, *rows) == 2


def volumes(*counts: float, least: float) -> Replay:
    frame = bars([STAYS] * len(counts)).assign(volume=list(counts))
    plan = waiting("hold_above", min_relative_volume=least)
    return replay_plan(plan, frame, OPEN, sessions_complete=BEFORE)


def test_volume_is_measured_against_the_bars_before() -> None:
    assert volumes(900, 100, 200, least=1.5).status == "waiting"  # 200 against a mean of 500
    found = volumes(100, 100, 150, least=1.5)
    assert found.triggered_at == OPEN + timedelta(minutes=15)


def test_the_first_bar_has_no_relative_volume() -> None:
    assert volumes(1e9, least=0.1).triggered_at is None


def test_volume_that_nobody_measured_is_no_volume() -> None:
    with pytest.raises(InsufficientDataError, match="volume"):
        run([STAYS], plan=waiting("hold_above", min_relative_volume=1.2))


def test_a_trigger_acts_from_the_next_bar() -> None:
    plan = waiting("cross_above")
    result = run([UNDER, OVER, ENTRY], plan=plan, sessions_complete=BEFORE)
    assert result.triggered_at == result.entry_at == OPEN + timedelta(minutes=10)
    only = run([UNDER, OVER], plan=plan, sessions_complete=BEFORE)
    assert (only.status, only.entry_at) == ("triggered", None)


def test_a_plan_that_is_not_triggered_in_its_session_is_no_loss() -> None:
    result = run([UNDER, UNDER], [OVER, ENTRY], plan=waiting("cross_above"))
    assert (result.outcome, result.system_r) == (Outcome.NEVER_TRIGGERED, 0)
    assert result.exit_reason == "the trigger did not come"
    assert run([UNDER], plan=waiting("cross_above"), sessions_complete=BEFORE).status == "waiting"


def test_a_trigger_on_the_last_bar_of_the_session_enters_nothing() -> None:
    result = run([UNDER, OVER], [ENTRY], plan=waiting("cross_above"))
    assert (result.outcome, result.entry_at) == (Outcome.NEVER_TRIGGERED, None)
    assert result.exit_reason == "the entry zone was not reached"


def test_a_close_beyond_the_stop_ends_the_plan_before_its_trigger() -> None:
    result = run([(99, 99.2, 97.5, 97.9), OVER, ENTRY], plan=waiting("cross_above"))
    assert (result.outcome, result.triggered_at) == (Outcome.INVALIDATED, None)


def test_bars_before_publication_trigger_nothing() -> None:
    frame = bars([UNDER, OVER, STAYS, STAYS])
    result = replay_plan(waiting("cross_above"), frame, OPEN + timedelta(minutes=10))
    assert result.outcome is Outcome.NEVER_TRIGGERED


PRICES = st.integers(396, 408).map(lambda quarter: quarter / 4)
ROWS = st.lists(
    st.tuples(PRICES, PRICES).map(lambda p: (p[0], max(p), min(p), p[1])), min_size=1, max_size=10
)


@given(ROWS, st.integers(1, 3))
def test_a_cross_is_a_hold_that_began_on_the_other_side(rows: list[Row], count: int) -> None:
    crossed = triggered_after(waiting("cross_above", bars=count), *rows)
    if crossed is not None:
        start = crossed - count
        before = rows[start - 1][3] if start else rows[0][0]
        assert before <= LEVEL
        assert all(row[3] > LEVEL for row in rows[start:crossed])
        assert (triggered_after(waiting("hold_above", bars=count), *rows) or 99) <= crossed
