"""The aggregation from end to end: vendors on stub servers, one after another out of order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import time_machine
from pytest_httpserver import HTTPServer

from core import bootstrap
from core.desk import Desk
from core.domain.market import BarQuery, Timeframe
from core.flow import calendars
from core.flow.catalog import StepContext
from core.settings import Mode, Settings
from core.steps import feeds
from core.steps.missing_bars import Question, to_all
from tests.contract.conftest import find_stub

pytestmark = pytest.mark.wire

FRIDAY_EVENING = datetime(2023, 9, 15, 22, 0, tzinfo=UTC)
VENDORS = (
    ("market_data", "alpaca"), ("market_data", "yahoo"), ("news", "rss"), ("news", "alpaca"),
    ("fundamentals", "sec"),
)  # fmt: skip
NOWHERE = "http://127.0.0.1:9"
ADDRESSES = {
    "APCA_API_DATA_URL": NOWHERE,
    "APCA_API_BASE_URL": NOWHERE,
    "CONVERGENCE_YAHOO_URL": NOWHERE,
    "CONVERGENCE_SEC_URL": NOWHERE,
    "CONVERGENCE_RSS_URLS": f"{NOWHERE}/rss?s={{symbol}}",
}
Open = Callable[..., Desk]


@pytest.fixture
def stubs(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> HTTPServer:
    for lead in ("QQQ", "SPY"):  # the stubs know AAPL alone
        unknown = {"code": 40410000, "message": f"asset not found for {lead}"}
        httpserver.expect_request(f"/v2/assets/{lead}").respond_with_json(unknown, status=404)
    for kind, name in VENDORS:
        find_stub(kind, name).install(httpserver, monkeypatch)
    return httpserver


@contextmanager
def wall_desk(folder: Path, **changes: Any) -> Iterator[Desk]:
    values = {
        "mode": Mode.PAPER, "watchlist": ("AAPL",), "market_data": ("alpaca", "yahoo"),
        "news": ("rss", "alpaca"), "fundamentals": ("sec",),
    }  # fmt: skip
    desk = bootstrap.build(Settings(_env_file=None, data_dir=folder, **{**values, **changes}))
    try:
        yield desk
    finally:
        desk.close()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Open desks on one data folder on a Friday evening, one at a time."""
    with ExitStack() as stack:
        stack.enter_context(time_machine.travel(FRIDAY_EVENING, tick=True))
        yield lambda **changes: stack.enter_context(wall_desk(tmp_path, **changes))


def run(desk: Desk) -> dict[str, dict[str, Any]]:
    """Run the aggregation once; return what each node returned, or its error."""
    desk.start_engine()
    run_id = desk.runs.start("aggregate", date(2023, 9, 15))
    report = desk.runs.wait(run_id)
    assert report.status == "succeeded", report.error
    return {s.id: s.output or {"error": s.error} for s in desk.runs.steps(run_id)}


def checks(desk: Desk) -> dict[tuple[str, str], dict[str, Any]]:
    return {(r["feed"], r["provider"]): r for r in desk.views.feeds().to_dict("records")}


def test_every_feed_is_fetched_stored_and_counted(stubs: HTTPServer, opened: Open) -> None:
    desk = opened()
    done = run(desk)
    assert done["bars"]["rows_stored"] == done["bars"]["rows_read"] > 0
    assert done["news"]["rows_stored"] >= 4
    assert done["news"]["stories"] >= 2
    assert done["fundamentals"]["rows_stored"] == 1
    assert done["prices"]["checked"] >= 1
    report = desk.runs.report(desk.runs.recent(1)[0].run_id)
    assert {one.feed for one in report.feeds} >= {"bars", "quotes", "actions", "news"}
    assert sum(one.rows_stored for one in report.feeds) > 5
    found = checks(desk)
    assert found["bars", "alpaca"]["rows_stored"] > 0
    assert {"rss", "alpaca"} <= {provider for feed, provider in found if feed == "news"}
    assert found["fundamentals", "sec"]["error"] == ""
    assert found["bars", "alpaca"]["error"] == ""
    assert "QQQ" in found["bars", "alpaca"]["note"]


def test_a_second_look_at_the_same_data_stores_nothing_new(stubs: HTTPServer, opened: Open) -> None:
    desk = opened()
    run(desk)
    before = desk.views.feed_rows()["rows"].sum()
    desk.runs.wait(desk.runs.again(desk.runs.recent(1)[0].run_id))
    assert desk.views.feed_rows()["rows"].sum() == before


def test_when_the_first_provider_is_down_the_next_one_delivers(
    stubs: HTTPServer, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APCA_API_DATA_URL", NOWHERE)
    desk = opened()
    done = run(desk)
    assert done["bars"]["rows_stored"] > 0
    found = checks(desk)
    assert found["bars", "yahoo"]["rows_stored"] > 0
    assert "alpaca" in found["bars", "alpaca"]["error"]


def test_with_the_network_down_each_feed_says_so_and_the_desk_goes_on(
    stubs: HTTPServer, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, address in ADDRESSES.items():
        monkeypatch.setenv(name, address)
    desk = opened()
    done = run(desk)
    for node in ("bars", "intraday", "quotes", "actions", "news", "fundamentals"):
        assert "127.0.0.1" in done[node]["error"] or "connect" in done[node]["error"].lower(), node
    health = {one.feed: one for one in desk.market.health()}
    assert {one.state for one in health.values()} == {"failed"}
    assert all(one.error for one in health.values())
    alerts = {e.key for e in desk.decisions.effects() if e.key.startswith("alert:feed:")}
    assert alerts == {f"alert:feed:{feed}:2023-09-15" for feed in health}
    assert [row.configured for row in desk.connections.report() if row.adapter == "yahoo"]


def test_what_was_known_before_the_network_went_down_is_still_used(
    stubs: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with time_machine.travel(FRIDAY_EVENING, tick=True):
        with wall_desk(tmp_path) as before:
            run(before)
            known = before.views.feed_rows()["rows"].sum()
        for name, address in ADDRESSES.items():
            monkeypatch.setenv(name, address)
        with wall_desk(tmp_path) as desk:
            desk.start_engine()
            desk.runs.wait(desk.runs.again(desk.runs.recent(1)[0].run_id))
            assert desk.views.feed_rows()["rows"].sum() == known
            assert len(desk.market.symbol("AAPL").daily) > 0


def test_a_dispute_of_two_providers_is_found_and_alerted_once(
    stubs: HTTPServer, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub = find_stub("market_data", "alpaca")
    wrong = [{**row, "h": row["h"] * 1.02, "c": row["c"] * 1.02} for row in stub.DAILY_ROWS]
    monkeypatch.setattr(stub, "DAILY_ROWS", wrong)
    desk = opened()
    assert run(desk)["prices"]["disputes"] == len(wrong)
    desk.runs.wait(desk.runs.again(desk.runs.recent(1)[0].run_id))
    disputes = desk.market.findings().query("kind == 'dispute'")
    alerts = [e.key for e in desk.decisions.effects() if e.key.startswith("alert:data:dispute")]
    assert len(disputes) == len(alerts) == len(wrong)
    assert "apart" in disputes["text"].iloc[0]


def test_hours_that_differ_from_the_providers_are_told(
    stubs: HTTPServer, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub = find_stub("market_data", "alpaca")
    days = calendars.sessions("XNYS", date(2023, 9, 15), date(2023, 9, 29))
    hours = [{"date": str(day), "open": "09:30", "close": "16:00"} for day in days]
    hours[2] = {**hours[2], "close": "13:00"}
    monkeypatch.setattr(stub, "SESSIONS", hours)
    desk = opened()
    assert run(desk)["calendar"]["different"] == ["2023-09-19"]
    assert desk.market.findings()["text"].tolist() == ["alpaca has other hours on 2023-09-19"]


def test_bars_on_another_scale_are_refused_and_told(
    stubs: HTTPServer, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = opened()
    run(desk)
    stub = find_stub("market_data", "alpaca")
    halved = [{**row, **{k: row[k] / 4 for k in "ohlc"}} for row in stub.DAILY_ROWS]
    monkeypatch.setattr(stub, "DAILY_ROWS", halved)
    before = desk.market.symbol("AAPL").daily
    monkeypatch.setattr(feeds, "missing_days", everything)
    desk.runs.wait(desk.runs.again(desk.runs.recent(1)[0].run_id))
    refused = desk.views.quarantine()
    assert "came back divided by 4" in refused["reason"].iloc[0]
    told = desk.market.findings().query("kind == 'rescaled'")["text"]
    assert any("came back divided by 4" in text for text in told)
    pd.testing.assert_frame_equal(desk.market.symbol("AAPL").daily, before)


def everything(context: StepContext, symbols: Sequence[str], until: date) -> list[Question]:
    """Ask for the whole week again."""
    week = {"timeframe": Timeframe.DAY, "start": date(2023, 9, 11), "end": until}
    return [to_all(context, BarQuery(symbol=symbol, **week)) for symbol in symbols]
