"""How far past results can be believed is told by kind of plan, by score and by week."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.analysis.credibility import (
    KIND_AND_SIDE,
    calibrate,
    credibility,
    overall,
    reconcile,
    weekly_recap,
)
from core.analysis.statistics import mean_interval
from core.domain.resolutions import Outcome, Resolution
from core.domain.scenarios import Grade, Side
from core.domain.tactics import Tactic
from core.domain.track_record import PlanRecord, WeeklyRecap
from tests.examples import examples
from tests.storage import samples

MONDAY = date(2024, 3, 4)
RESULTS = [2, -1, -1, 1, 0, 1.5]


def resolution(r: float, *, number: int = 0, **changes: Any) -> Resolution:
    outcome = Outcome.TARGET if r > 0 else Outcome.STOPPED
    fields: dict[str, Any] = {
        "tactic_id": f"TBOW-ACME-20240304-T{number}", "version": 1, "scenario_key": "L1",
        "outcome": outcome, "system_r": r, "actual_r": None, "mae_r": 0.5, "mfe_r": 1.0,
        "bars_held": 3, "entry_price": 101, "exit_price": 102, "exit_reason": "target",
        "resolved_at": datetime(2024, 3, 4, 21, 15, tzinfo=UTC), "label": "real",
    }  # fmt: skip
    return Resolution.model_validate(fields | changes)


def plan(r: float | None = None, **changes: Any) -> PlanRecord:
    fields: dict[str, Any] = {
        "tactic_id": "TBOW-ACME-20240304-AM", "version": 1, "scenario_key": "L1",
        "symbol": "ACME", "session_date": MONDAY, "timeframe": "1d", "setup": "breakout",
        "side": "long", "grade": "B", "score": 0.7, "is_open": r is None,
        "published_at": datetime(2024, 3, 4, 14, tzinfo=UTC),
        "resolution": None if r is None else resolution(r),
    }  # fmt: skip
    return PlanRecord.model_validate(fields | changes)


UNTRADED = resolution(0, outcome=Outcome.NEVER_TRIGGERED)


def test_the_published_results_give_the_published_statistics() -> None:
    row = credibility([plan(r) for r in RESULTS])[0]
    assert (row.setup, row.grade, row.side) == ("breakout", Grade.B, None)
    assert (row.win_rate, row.net_r, row.profit_factor) == (0.6, 2.5, 2.25)
    assert row.expectancy_r == pytest.approx(0.4167, abs=5e-5)
    assert (row.average_mae_r, row.average_mfe_r, row.enough) == (0.5, 1.0, False)


def test_a_plan_that_was_never_entered_is_no_loss() -> None:
    row = credibility([plan(1), plan(-1), plan(0, resolution=UNTRADED), plan()])[0]
    assert (row.count, row.untraded, row.win_rate) == (2, 1, 0.5)


def test_twenty_results_are_enough_for_a_rate_with_its_interval() -> None:
    row = credibility([plan(1)] * 12 + [plan(-1)] * 8)[0]
    assert row.enough
    assert (row.win_low, row.win_high) == pytest.approx((0.3866, 0.7812), abs=5e-5)
    assert not credibility([plan(1)] * 19)[0].enough


def test_each_kind_of_plan_has_its_row() -> None:
    plans = [plan(1), plan(-1, side=Side.SHORT), plan(1, grade=Grade.A_PLUS), plan(2, setup="gap")]
    assert [(row.setup, row.grade, row.count) for row in credibility(plans)] == [
        ("breakout", Grade.A_PLUS, 1), ("breakout", Grade.B, 2), ("gap", Grade.B, 1),
    ]  # fmt: skip
    assert len(credibility(plans, KIND_AND_SIDE)) == 4
    assert (overall(plans).count, overall(plans).setup) == (4, None)
    assert (credibility([]), overall([]).win_rate) == ((), None)


def test_the_interval_of_the_mean_holds_it_and_never_changes() -> None:
    low, high = mean_interval(RESULTS) or (0, 0)
    assert low < sum(RESULTS) / 6 < high
    assert (low, high) == mean_interval(RESULTS[::-1])
    assert mean_interval([1.0]) is None
    assert mean_interval([0.5] * 20) == (0.5, 0.5)


def test_the_interval_of_the_mean_covers_what_it_should() -> None:
    low, high = mean_interval([1.0, -1.0] * 50) or (0, 0)
    assert (low, high) == pytest.approx((-0.196, 0.196), abs=0.03)  # 1.96 / sqrt(100)


def test_calibration_tells_how_often_each_score_won() -> None:
    plans = [plan(1, score=0.85)] * 15 + [plan(-1, score=0.95)] * 5 + [plan(-1, score=0.1)]
    buckets = calibrate(plans)
    assert [(b.low, b.high) for b in buckets][-1] == (0.8, 1.0)
    assert (buckets[-1].hit_rate, buckets[-1].enough) == (0.75, True)
    assert buckets[-1].mean_score == pytest.approx(0.875)
    assert (buckets[0].hit_rate, buckets[0].enough, buckets[1].hit_rate) == (0, False, None)


def test_a_full_score_is_in_the_last_bucket_and_an_open_plan_in_none() -> None:
    buckets = calibrate([plan(1, score=1), plan(score=1), plan(0, resolution=UNTRADED)])
    assert [bucket.count for bucket in buckets] == [0, 0, 0, 0, 1]


def test_every_published_plan_is_accounted_for() -> None:
    plans = [
        plan(1), plan(0, resolution=UNTRADED), plan(), plan(is_open=False, withdrawn="superseded"),
        plan(is_open=False, withdrawn="cancelled"), plan(-1, published_at=None),
    ]  # fmt: skip
    found = reconcile(plans)
    assert (found.published, found.resolved, found.open, found.unpublished) == (5, 2, 1, 1)
    assert (found.superseded, found.cancelled, found.is_balanced) == (1, 1, True)


def test_a_plan_that_ended_without_a_result_breaks_the_balance() -> None:
    assert not reconcile([plan(1), plan(is_open=False)]).is_balanced


def tactics(*setups: str) -> list[Tactic]:
    made = []
    for number, setup in enumerate(setups):
        base = samples.tactic("ACME", MONDAY)
        scenario = base.scenarios[0].model_copy(update={"setup": setup})
        changes = {"tactic_id": f"TBOW-ACME-20240304-T{number}", "scenarios": (scenario,)}
        made.append(base.model_copy(update=changes))
    return made


def week(*ended: Resolution, setups: tuple[str, ...] = ()) -> WeeklyRecap:
    return weekly_recap(ended, tactics(*setups), MONDAY + timedelta(days=4))


def test_a_week_is_told_by_its_results() -> None:
    ended = [resolution(r, number=n, actual_r=r) for n, r in enumerate(RESULTS)]
    recap = week(*ended, UNTRADED, setups=("a", "b", "b", "a", "c", "c"))
    assert (recap.week, recap.published, recap.triggered, recap.untriggered) == (MONDAY, 6, 6, 1)
    assert (recap.wins, recap.losses, recap.breakevens, recap.traded) == (3, 2, 1, 6)
    assert (recap.net_r, recap.win_rate, recap.profit_factor) == (2.5, 0.6, 2.25)
    assert (recap.best_setup, recap.worst_setup) == ("a", "b")
    assert (recap.average_mae_r, recap.adherence, recap.override_cost_r) == (0.5, None, None)


def test_a_quiet_week_has_no_rate_and_no_best() -> None:
    recap = week()
    assert (recap.triggered, recap.net_r, recap.win_rate, recap.best_setup) == (0, 0, None, None)


def test_the_only_setup_of_a_week_is_not_its_worst() -> None:
    recap = week(resolution(-1), setups=("a",))
    assert (recap.best_setup, recap.worst_setup) == ("a", None)


@pytest.mark.parametrize(
    ("moment", "counted"),
    [("2024-03-04T04:59Z", 0), ("2024-03-04T05:01Z", 1), ("2024-03-11T03:59Z", 1),
     ("2024-03-11T04:01Z", 0)],
)  # fmt: skip
def test_a_week_begins_and_ends_at_midnight_in_new_york(moment: str, counted: int) -> None:
    assert week(resolution(1, resolved_at=datetime.fromisoformat(moment))).triggered == counted


def test_a_week_is_named_by_its_monday() -> None:
    with pytest.raises(ValidationError, match="Monday"):
        WeeklyRecap.model_validate(week().model_dump() | {"week": MONDAY + timedelta(days=1)})


@examples(30)
@given(st.lists(st.floats(-3, 5), min_size=1, max_size=30), st.floats(0, 1))
def test_the_rows_add_up_to_the_total(results: list[float], score: float) -> None:
    plans = [plan(r, score=score, setup="ab"[n % 2]) for n, r in enumerate(results)]
    rows, total = credibility(plans), overall(plans)
    assert sum(row.count for row in rows) == total.count == len(results)
    assert sum(row.net_r for row in rows) == pytest.approx(total.net_r)
    assert sum(bucket.count for bucket in calibrate(plans)) == len(results)
    assert reconcile(plans).is_balanced
