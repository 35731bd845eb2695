"""The track record: what is too little to tell says so, losers stand in it, the sum adds up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.desk import Desk
from core.domain.market import Timeframe
from core.domain.resolutions import Outcome
from core.domain.scenarios import Grade, Side
from core.domain.track_record import PlanRecord
from core.storage.views.track_record import TrackRecordViews
from tests.pages.conftest import open_page, told
from tests.storage import samples


def plan(number: int, system_r: float, **changes: Any) -> PlanRecord:
    """Return a published breakout that has ended."""
    session = samples.SESSION + timedelta(days=number)
    outcome = Outcome.TARGET if system_r > 0 else Outcome.STOPPED
    ended = samples.resolution(
        tactic_id=f"TBOW-AAPL-{session:%Y%m%d}-AM", outcome=outcome, system_r=system_r,
        resolved_at=samples.moment(session, hours=21),
    )  # fmt: skip
    values = {
        "tactic_id": ended.tactic_id, "version": 1, "scenario_key": "L1", "symbol": "AAPL",
        "session_date": session, "timeframe": Timeframe.DAY, "setup": "breakout",
        "side": Side.LONG, "grade": Grade.B, "score": 0.7, "published_at": samples.MORNING,
        "is_open": False, "resolution": ended,
    }  # fmt: skip
    return PlanRecord.model_validate(values | changes)


def shown(monkeypatch: pytest.MonkeyPatch, *plans: PlanRecord) -> AppTest:
    monkeypatch.setattr(TrackRecordViews, "plan_records", lambda _views: list(plans))
    app = open_page("track_record")
    assert not app.exception
    assert not app.error
    return app


def frame(app: AppTest, column: str) -> Any:
    return next(one.value for one in app.dataframe if column in one.value.columns)


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


MANY = [plan(number, 2.0 if number % 2 else -1.0) for number in range(24)]


def test_below_twenty_results_no_rate_is_shown(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    app = shown(monkeypatch, *MANY[:19])
    assert metrics(app)["Win rate"] == "not enough data"
    assert "Profit factor" not in metrics(app)
    (row,) = frame(app, "untraded").to_dict("records")
    assert {row["win_rate"], row["mean"], row["factor"]} == {"not enough data"}
    assert "Below 20 results" in told(app)


def test_rates_come_with_their_intervals(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    app = shown(monkeypatch, *MANY)
    assert metrics(app)["Win rate"] == "50.0 %"
    assert metrics(app)["Mean result"] == "+0.50R"
    assert metrics(app)["Profit factor"] == "2.00"
    (row,) = frame(app, "untraded").to_dict("records")
    assert row["win_rate"] == "50.0 %, 31 % to 69 % (95 %)"
    assert row["mean"].startswith("+0.50R, ")
    assert row["count"] == 24


def test_rows_can_tell_the_sides_apart(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    app = shown(monkeypatch, *MANY, plan(30, 1.0, side=Side.SHORT))
    assert len(frame(app, "untraded")) == 1
    app.segmented_control(key="track_rows").set_value("and side").run()
    rows = frame(app, "untraded")
    assert rows["side"].tolist() == [["long"], ["short"]]
    assert rows["setup"].tolist() == ["breakout", "breakdown"]


def test_losers_are_listed_with_a_link_to_their_tactic(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = frame(shown(monkeypatch, *MANY), "link")
    assert rows["system_r"].tolist()[-2:] == [2.0, -1.0]
    assert rows["resolved_at"].is_monotonic_decreasing
    assert rows["link"].iloc[0] == f"/tactics?tactic={MANY[-1].tactic_id}"
    assert ["stopped"] in rows["outcome"].tolist()


def test_a_plan_that_was_never_filled_has_no_result(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    idle = samples.resolution(outcome=Outcome.NEVER_TRIGGERED, system_r=0.0, actual_r=None)
    app = shown(monkeypatch, plan(1, 1.0), plan(2, 0.0, resolution=idle))
    assert frame(app, "link")["system_r"].isna().sum() == 1
    assert metrics(app)["Plans filled by rule"] == "1"


def test_what_the_account_s_entry_cost_beyond_the_plan_stands_beside_its_result(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, idle = samples.resolution(slippage_r=0.12), samples.resolution(actual_r=None)
    app = shown(monkeypatch, plan(1, 2.0, resolution=late), plan(2, 2.0, resolution=idle))
    rows = frame(app, "link")
    assert rows["slippage_r"].tolist() == pytest.approx([0.12, float("nan")], nan_ok=True)


def test_the_sum_of_published_plans_is_spelled_out(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = {"resolution": None, "withdrawn": "superseded"}
    still = {"resolution": None, "is_open": True}
    plans = (plan(1, 1.0), plan(2, 0, **gone), plan(3, 0, **still), plan(4, 1, published_at=None))
    words = told(shown(monkeypatch, *plans))
    assert "adds up" in words
    assert "3 published = 1 resolved + 1 superseded + 0 cancelled + 1 open" in words
    assert "1 plan more traded without a post" in words


def test_a_sum_that_leaves_a_plan_out_is_said_to_be_wrong(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "does not add up" in told(shown(monkeypatch, plan(1, 0, resolution=None)))


def test_results_on_synthetic_bars_are_labelled(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = told(shown(monkeypatch, *MANY))
    assert "24 of 24 results on synthetic 5-minute bars" in words
    assert "not a track record" in words


def test_the_charts_tell_their_numbers_in_words(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = shown(monkeypatch, *MANY)
    chart = app.get("plotly_chart")[0].proto
    assert "Perfect: wins as often as its score says" in chart.spec
    assert chart.alt == "score 0.6 to 0.8: 50% of 24"
    assert frame(app, "decided")["decided"].tolist() == [0, 0, 0, 24, 0]


def test_the_ledger_is_named_by_its_head_with_the_way_to_check_it(desk: Desk) -> None:
    app = open_page("track_record")
    head = desk.track_record.ledger_head()
    blocks = [block.value for block in app.code]
    assert head.sha256 in blocks
    assert "python -m core export ledger DIR" in blocks[-1]
    assert f"{head.entries} entries" in told(app)
