"""Deep links open what they name; buttons of the machine's pages make one call each."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.desk import Desk
from core.domain.flow import EffectRecord, EffectState
from tests.pages.conftest import WAITING_DAY, open_page, toasts, told


def published_id(desk: Desk) -> str:
    return str(desk.views.recent_publications()["url"].iloc[0]).split("post=")[1]


def test_a_link_to_a_tactic_opens_its_reading_view(desk: Desk) -> None:
    trade = next(a.subject_id for a in desk.decisions.pending() if a.kind == "trade")
    app = open_page("tactics", tactic=trade)
    assert not app.exception
    assert not app.error
    assert "Objective" in told(app)
    assert {metric.label for metric in app.metric} >= {"Entry zone", "Stop", "Best target", "Risk"}


def test_an_unknown_tactic_is_told_in_words(desk: Desk) -> None:
    app = open_page("tactics", tactic="TBOW-NONE-20230101-AM")
    assert not app.exception
    assert "there is no" in app.error[0].value


def test_a_link_to_a_post_shows_it_as_published(desk: Desk) -> None:
    app = open_page("content", post=published_id(desk))
    assert not app.error
    assert "published" in told(app)
    assert "Rests on" in told(app)


def test_a_link_to_a_draft_picks_it(desk: Desk) -> None:
    content = next(a for a in desk.decisions.pending() if a.kind == "content")
    app = open_page("content", content=content.subject_id)
    assert content.content_sha256[:10] in told(app)


def test_a_link_with_a_session_filters_the_tactics(desk: Desk) -> None:
    app = open_page("tactics", tactics_session=WAITING_DAY.isoformat())
    assert app.selectbox(key="tactics_session").value == WAITING_DAY.isoformat()
    listed = desk.views.tactic_list()
    expected = int((listed["session_date"] == WAITING_DAY).sum())
    assert sum(b.key.startswith("tactics_read_") for b in app.button if b.key) == expected


def test_reading_a_card_and_going_back(desk: Desk) -> None:
    app = open_page("tactics")
    card = next(b for b in app.button if b.key and b.key.startswith("tactics_read_"))
    card.click().run()
    assert app.query_params["tactic"]
    app.button(key="tactics_back").click().run()
    assert app.title[0].value == "Tactics"


def test_a_link_picks_the_workflow(desk: Desk) -> None:
    app = open_page("workflows", workflows_id="daily_tactic")
    assert app.selectbox(key="workflows_id").value == "daily_tactic"
    assert "daily_tactic@20230918T121500Z" in app.selectbox(key="workflows_run").options


def test_a_workflow_says_when_it_is_due_next(desk: Desk) -> None:
    assert "next Tue 19 Sep 2023, 08:15 EDT" in told(
        open_page("workflows", workflows_id="daily_tactic")
    )
    assert "Started by a decision." in told(open_page("workflows", workflows_id="trade_tactic"))


def test_the_log_of_a_run_is_read_when_it_is_opened(desk: Desk) -> None:
    app = open_page("workflows", workflows_id="daily_tactic")
    run_id = app.selectbox(key="workflows_run").value
    lines = desk.views.run_log(run_id)
    assert {"bars", "tactic"} <= set(lines["step_id"])
    assert "insight.snapshot is done" in set(lines["text"])


def test_run_again_starts_one_fork(desk: Desk) -> None:
    app = open_page("workflows", workflows_id="daily_tactic")
    before = len(desk.runs.recent(100, "daily_tactic"))
    app.button(key="workflows_replay").click().run()
    assert not app.exception
    assert "no effect happens twice" in toasts(app)
    assert len(desk.runs.recent(100, "daily_tactic")) == before + 1


def test_run_now_of_a_slot_that_ran_starts_nothing_twice(desk: Desk) -> None:
    before = len(desk.runs.recent(100, "daily_tactic"))
    app = open_page("workflows", workflows_id="daily_tactic")
    app.button(key="workflows_now").click().run()
    assert not app.exception
    assert len(desk.runs.recent(100, "daily_tactic")) == before


def test_a_parked_effect_is_settled_by_an_id(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = datetime(2023, 9, 18, 13, tzinfo=UTC)
    parked = EffectRecord(
        key="post:x:preview", target="preview", state=EffectState.UNKNOWN, attempt=1, request={},
        created_at=moment, updated_at=moment,
    )  # fmt: skip
    settled: list[tuple[str, ...]] = []
    monkeypatch.setattr(desk.decisions, "parked_effects", lambda: [parked])
    monkeypatch.setattr(desk.decisions, "settle_as_done", lambda *a: settled.append(a))
    app = open_page("workflows")
    app.button(key="parked_there_post:x:preview").click().run()
    assert "Paste the id" in toasts(app)
    app.text_input(key="workflows_found_post:x:preview").set_value("42").run()
    app.button(key="parked_there_post:x:preview").click().run()
    assert [call[:2] for call in settled] == [("post:x:preview", "42")]


def test_the_ledger_is_verified_at_the_press_of_a_button(desk: Desk) -> None:
    app = open_page("connections")
    app.button(key="connections_verify").click().run()
    assert "The chain holds" in app.success[0].value
    assert desk.controls.verify().head_sha256 in told(app)


def test_a_broken_workflow_file_is_named_with_its_line(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pathlib import Path

    from core.errors import FileError

    error = FileError(Path("data/workflows/x.yaml"), 7, "nodes[0].uses", "there is no step 'a.b'")
    monkeypatch.setattr(desk.runs, "file_errors", lambda: (error,))
    shown = open_page("workflows").error[0].value.replace("\\", "")
    assert "x.yaml" in shown
    assert "line 7" in shown
    assert "there is no step" in shown


def test_next_session_asks_the_replay_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    pressed: list[str] = []
    monkeypatch.setattr(desk.replay, "press_next", lambda: pressed.append("next"))
    open_page("overview").button(key="shell_next").click().run()
    assert pressed == ["next"]
