"""The operator's main paths in a real browser: approve, reject, follow, halt; nothing leaves."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest

from core.settings import ROOT
from tests.browser.conftest import KEEPS_SCREENSHOTS, Server

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket, pytest.mark.timeout(300)]

PAGES = (
    "overview", "approvals", "market", "insights", "tactics", "positions", "track_record",
    "content", "engagement", "workflows", "connections",
)  # fmt: skip
IMAGES = ROOT / "docs" / "images"
SLOW, SETTLED = 30_000, 2_000
LONGER_THAN_THE_INBOX_TICKS = 6_000
REDRAWN = 6_000  # the page draws itself anew once, when the replay has come to rest


@pytest.fixture
def page(server: Server, chromium: Any) -> Any:
    context = chromium.new_context(viewport={"width": 1440, "height": 960}, color_scheme="light")
    fresh = server.watch(context.new_page())
    fresh.set_default_timeout(SLOW)
    yield fresh
    context.close()


def go(page: Any, server: Server, path: str = "") -> None:
    page.goto(f"{server.url}/{path}")
    page.get_by_test_id("stHeading").first.wait_for()


def press(page: Any, name: str) -> Any:
    return page.get_by_role("button", name=name, exact=True)


def toast(page: Any, words: str) -> None:
    page.get_by_test_id("stToast").filter(has_text=words).first.wait_for()


def next_session(page: Any, day: str) -> None:
    """Press the button and wait until the sidebar tells the new session's morning."""
    press(page, "Next session").click()
    page.get_by_test_id("stSidebar").get_by_text(re.compile(f"{day}.*09:00")).wait_for()
    press(page, "Approve both").first.wait_for()
    page.wait_for_timeout(REDRAWN)


def posts(server: Server) -> set[str]:
    """Return what stands in the outbox of the preview publisher."""
    return {path.name for path in (server.folder / "outbox" / "preview").iterdir()}


def ask(server: Server, command: str) -> Any:
    """Ask the running desk by the command line."""
    environment = {**os.environ, "CONVERGENCE_DATA_DIR": str(server.folder)}
    words = [sys.executable, "-m", "core", command, "--json"]
    asked = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, check=True)
    return json.loads(asked.stdout)


def ledger(server: Server) -> list[dict[str, Any]]:
    return list(ask(server, "effects"))


def wait_for_posts(page: Any, server: Server, count: int) -> None:
    """Wait for the outbox, then a little longer: a second post would show up now."""
    for _ in range(60):
        if len(posts(server)) >= count:
            break
        page.wait_for_timeout(250)
    page.wait_for_timeout(SETTLED)
    assert len(posts(server)) == count


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_draws_without_an_error(scheme: str, server: Server, chromium: Any) -> None:
    """With CONVERGENCE_SCREENSHOTS=1 each page is also kept under docs/images."""
    context = chromium.new_context(viewport={"width": 1440, "height": 1080}, color_scheme=scheme)
    page, broken = server.watch(context.new_page()), list[str]()
    page.on("pageerror", lambda error: broken.append(str(error)))
    for name in PAGES:
        go(page, server, "" if name == "overview" else name)
        page.wait_for_timeout(SETTLED)
        assert page.get_by_test_id("stAlertContentError").count() == 0, name
        assert page.get_by_test_id("stException").count() == 0, name
        keep_screenshot(page, f"{name}{'-dark' if scheme == 'dark' else ''}.png")
    context.close()
    assert broken == []


def keep_screenshot(page: Any, name: str) -> None:
    if KEEPS_SCREENSHOTS:
        IMAGES.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=IMAGES / name)


def test_a_double_click_approves_an_order_once(page: Any, server: Server) -> None:
    go(page, server, "approvals")
    press(page, "Order only").dblclick()
    toast(page, "approval given")
    press(page, "Order only").wait_for(state="detached")
    before = posts(server)
    press(page, "Approve").dblclick()
    page.get_by_text("Inbox zero").wait_for()
    wait_for_posts(page, server, len(before) + 1)


def test_a_rejection_keeps_its_dialog_while_the_inbox_ticks(page: Any, server: Server) -> None:
    go(page, server, "approvals")
    next_session(page, "Tue 19 Sep 2023")
    press(page, "Reject").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("too close to ")
    page.wait_for_timeout(LONGER_THAN_THE_INBOX_TICKS)
    dialog.get_by_label("Reason").fill("too close to earnings")
    dialog.get_by_role("button", name="Reject", exact=True).click()
    toast(page, "Rejected the")
    press(page, "Approve both").wait_for(state="detached")


def test_one_click_approves_the_order_and_the_post(page: Any, server: Server) -> None:
    go(page, server, "approvals")
    next_session(page, "Wed 20 Sep 2023")
    before = posts(server)
    press(page, "Approve both").click()
    toast(page, "2 approvals given")
    press(page, "Approve both").wait_for(state="detached")
    wait_for_posts(page, server, len(before) + 1)


def test_a_published_post_can_be_followed(page: Any, server: Server) -> None:
    go(page, server)
    link = page.get_by_test_id("stPageLink").filter(has_text="TBOW Tactic").first
    link.click()
    page.wait_for_url("**/content?post=*")
    page.get_by_text("Rests on").wait_for()
    page.get_by_text("For education only").first.wait_for()
    page.reload()
    page.get_by_text("Rests on").wait_for()


def test_halting_asks_why_and_shows_on_every_page(page: Any, server: Server) -> None:
    go(page, server, "positions")
    press(page, "Halt trading").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("strange prices")
    dialog.get_by_role("button", name="Halt trading", exact=True).click()
    page.get_by_test_id("stSidebar").get_by_text("trading halted").wait_for()
    go(page, server, "tactics")
    press(page, "Resume trading").click()
    dialog.get_by_label("Reason").fill("all clear")
    dialog.get_by_role("button", name="Resume trading", exact=True).click()
    page.get_by_test_id("stSidebar").get_by_text("trading active").wait_for()


def test_a_new_session_lets_an_open_dialog_stand(page: Any, server: Server) -> None:
    go(page, server)
    press(page, "Halt trading").click()
    reason = page.get_by_role("dialog").get_by_label("Reason")
    reason.fill("still thinking")
    ask(server, "next")
    page.wait_for_timeout(REDRAWN)
    assert reason.input_value() == "still thinking"
    page.keyboard.press("Escape")
    page.get_by_text("Session Thu 21 Sep 2023").first.wait_for()


def test_the_log_of_a_run_tells_what_each_step_did(page: Any, server: Server) -> None:
    go(page, server, "workflows?workflows_id=daily_tactic")
    page.get_by_text("Log", exact=True).click()
    page.locator(".st-key-workflows_log canvas").first.wait_for()
    keep_screenshot(page, "run-log.png")


def test_only_what_was_approved_went_out_and_once(server: Server) -> None:
    orders = {row["key"]: row for row in ledger(server) if row["key"].startswith("order:")}
    sessions = {key.split("-")[2]: row for key, row in orders.items()}
    assert {"20230918", "20230920"} <= sessions.keys()
    assert "20230919" not in sessions
    assert {(row["state"], row["attempt"]) for row in orders.values()} == {("done", 1)}


def test_nothing_left_the_address_of_the_desk(server: Server) -> None:
    assert server.foreign == []


def test_the_log_of_the_desk_holds_no_traceback(server: Server) -> None:
    assert "Traceback" not in (server.folder / "server.log").read_text()
