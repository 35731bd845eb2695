"""Every page, on an empty desk, on a desk with history, and with a read model that fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.desk import Desk
from core.errors import StoreError
from core.replay import ReplayStatus
from tests.pages.conftest import MAIN, WAITING_DAY, installed, open_page, opened, told

PAGES = (
    "overview", "approvals", "market", "insights", "tactics", "positions", "track_record",
    "discipline", "content", "engagement", "workflows", "connections",
)  # fmt: skip
EMPTY_WORDS = {
    "overview": "Inbox zero",
    "approvals": "Inbox zero",
    "tactics": "No tactic yet",
    "market": "No snapshot yet",
    "insights": "No insight yet",
    "track_record": "No plan has ended yet",
    "discipline": "Made-up trades",
    "positions": "The broker has not been asked yet",
    "content": "No post yet",
    "engagement": "No sample yet",
    "workflows": "No run yet",
    "connections": "No feed has been read yet",
}
FAILING = {
    "overview": ("views", "overview"),
    "approvals": ("views", "decided"),
    "tactics": ("views", "tactic_sessions"),
    "market": ("market", "watch_list"),
    "insights": ("views", "insight_sessions"),
    "track_record": ("track_record", "read"),
    "discipline": ("discipline", "examples"),
    "positions": ("views", "positions"),
    "content": ("views", "content_board"),
    "engagement": ("views", "engagement"),
    "workflows": ("runs", "recent"),
    "connections": ("connections", "report"),
}


def test_the_navigation_lists_every_page_file() -> None:
    files = {path.stem for path in MAIN.parent.glob("*.py")} - {"__init__", "main"}
    assert files == set(PAGES)
    assert all(f'"{name}.py"' in MAIN.read_text(encoding="utf-8") for name in PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_an_empty_page_says_so_in_words(name: str, empty_desk: Desk) -> None:
    app = open_page(name)
    assert not app.exception
    assert not app.error
    assert EMPTY_WORDS[name] in told(app)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_with_history_draws_without_an_error(name: str, desk: Desk) -> None:
    app = open_page(name)
    assert not app.exception
    assert not app.error
    assert app.title[0].value.lower() == name.replace("_", " ")


@pytest.mark.parametrize("name", PAGES)
def test_a_failing_read_model_is_told_in_its_own_words(
    name: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_named: object) -> None:
        raise StoreError("the disk is full")

    part, method = FAILING[name]
    monkeypatch.setattr(getattr(desk, part), method, fail)
    app = open_page(name)
    assert not app.exception
    assert any("the disk is full" in error.value for error in app.error)


def test_an_unexpected_error_is_logged_and_not_shown(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise KeyError("secret-column")

    monkeypatch.setattr(desk.views, "positions", fail)
    app = open_page("positions")
    assert "secret-column" not in told(app)
    assert "could not be drawn" in app.error[0].value
    assert "secret-column" in caplog.text


@pytest.mark.parametrize("name", PAGES)
def test_every_page_tells_the_state_of_the_desk(name: str, desk: Desk) -> None:
    app = open_page(name)
    badges = told(app)
    assert "DEMO" in badges
    assert "trading active" in badges
    assert "SYNTHETIC" in badges
    assert "Mon 18 Sep 2023, 08:15 EDT" in badges
    assert app.button(key="shell_halt").label == "Halt trading"


def test_a_desk_on_the_wall_clock_has_no_demo_banner(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(data_dir, mode="paper") as desk:
        installed(desk, monkeypatch)
        app = open_page("overview")
        assert not app.exception
        assert not app.error
        assert "PAPER" in told(app)
        assert "prices are real" not in told(app)


def test_a_desk_that_is_being_filled_shows_how_far_it_is(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = ReplayStatus(
        done=12, total=60, session_date=WAITING_DAY, is_filling=True, has_ended=False
    )
    monkeypatch.setattr(desk.replay, "status", lambda: status)
    app = open_page("approvals")
    assert not app.error
    assert "Replaying session 12 of 60 sessions" in app.get("progress")[0].text
    assert "until the desk is filled" in told(app)
    assert app.button(key="shell_next").disabled
