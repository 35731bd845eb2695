"""What page connections says of the live stream and of what a feed lacks."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from core.desk import Desk
from core.desk.market import Market
from core.domain.feed_policy import StreamState
from core.domain.feeds import FeedCheck
from tests.pages.conftest import open_page, told

LONG = "yahoo.chart: the wire is cut; " * 20


def test_a_stream_that_is_off_says_how_it_is_turned_on(desk: Desk) -> None:
    assert "Off; CONVERGENCE_STREAM=alpaca turns it on." in told(open_page("connections"))


def test_a_stream_says_since_when_it_is_connected_and_what_went_wrong(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = desk.clock.now()
    state = StreamState(
        name="alpaca", is_on=True, connected_at=now - timedelta(hours=2),
        last_message_at=now - timedelta(minutes=3), error="the line was [cut]",
    )  # fmt: skip
    monkeypatch.setattr(Market, "stream", lambda _: state)
    shown = told(open_page("connections"))
    assert "**alpaca** is on; connected since " in shown
    assert "; last message 3 min ago; error: the line was \\[cut\\]" in shown


def test_what_failed_and_what_is_missing_is_in_the_table_and_cuts_no_time(desk: Desk) -> None:
    lacking = FeedCheck(
        feed="bars", provider="sample", run_id="r", checked_at=desk.clock.now(), rows_read=0,
        rows_stored=0, rows_quarantined=0, note="nothing of ZZZZ",
    )  # fmt: skip
    failed = lacking.model_copy(update={"provider": "yahoo", "note": "", "error": LONG})
    for check in (lacking, failed):
        desk._services.storage.quality.record_check(check)
    app = open_page("connections")
    feeds = next(frame for frame in app.dataframe if "told" in frame.value)
    assert {"nothing of ZZZZ", LONG} <= set(feeds.value["told"])
    columns = json.loads(feeds.proto.columns)
    assert columns["newest_ok_at"]["width"] == columns["newest_at"]["width"] == 125
