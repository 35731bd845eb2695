"""The kill switch on every page, and the guards as meters: one press, one call, said in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.desk import Desk
from core.desk.guards import GuardPanel, MeterState
from core.desk.kill_switch import SwitchState
from core.domain.flow import RunState, TradingState, TradingSwitch
from core.domain.guards import GuardLock, GuardName, Halt, HaltDepth, HaltOutcome
from core.errors import DomainError
from tests.pages.conftest import open_page, toasts, told

NOON = datetime(2023, 9, 18, 16, 0, tzinfo=UTC)
RUN = "halt_desk@flatten-20230918T160000Z"
HALTED = TradingSwitch(
    state=TradingState.HALTED, reason="strange prices", updated_by="ada", updated_at=NOON
)
PRESSED = Halt(halted_at=NOON, depth=HaltDepth.FLATTEN, reason="x", actor="ada", run_id=RUN)


def pressing(times: int, **session: Any) -> AppTest:
    """Confirm in the dialog, once or more often."""

    def script(times: int, session: dict[str, object]) -> None:
        import streamlit as st

        from pages.components import flash, kill_switch

        st.session_state.update(session)
        for _ in range(times):
            kill_switch.press()
        flash.show()

    keys = {f"kill_switch_{name}": value for name, value in session.items()}
    return AppTest.from_function(script, args=(times, keys)).run()


def showing(desk: Desk, monkeypatch: pytest.MonkeyPatch, **state: Any) -> AppTest:
    found = SwitchState(**{"switch": HALTED, "halt": PRESSED, **state})
    monkeypatch.setattr(desk.controls, "switch", lambda: found)
    return open_page("content")


# the press


@pytest.mark.parametrize("depth", list(HaltDepth))
def test_a_press_halts_to_the_chosen_depth_under_the_typed_reason(
    desk: Desk, depth: HaltDepth
) -> None:
    app = pressing(1, reason="strange prices", depth=depth, asked="halt")
    assert "Trading is halted" in toasts(app)
    found = desk.controls.switch()
    assert found.halt is not None
    assert (found.halt.depth, found.halt.actor) == (depth, "test@example.com")
    assert found.switch.reason == "strange prices"


def test_a_double_click_is_one_press(desk: Desk) -> None:
    app = pressing(2, reason="strange prices", depth=HaltDepth.CANCEL, asked="halt")
    assert len(app.toast) == 1
    assert len(desk.runs.recent(workflow_id="halt_desk")) == 1
    assert len(desk.views.halts()) == 1


def test_a_press_without_a_reason_changes_nothing(desk: Desk) -> None:
    app = pressing(1, reason="  ", depth=HaltDepth.FLATTEN, asked="halt")
    assert "Say why" in toasts(app)
    assert desk.controls.trading_state() == "active"


def test_a_page_that_is_loaded_again_presses_nothing(desk: Desk) -> None:
    desk.controls.halt("a test", "ada", HaltDepth.STOP_ENTRIES)
    for _ in range(2):
        open_page("positions")
    assert len(desk.views.halts()) == 1
    app = pressing(1, reason="left over in the field")
    assert len(app.toast) == 0


def test_resuming_tells_what_stands_against_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.controls.halt("a test", "ada", HaltDepth.STOP_ENTRIES)

    def refuse(reason: str, actor: str) -> None:
        raise DomainError("desk and broker differ about META: settle that first")

    with monkeypatch.context() as patch:
        patch.setattr(desk.controls, "resume", refuse)
        app = pressing(1, reason="all clear", asked="resume")
        assert "desk and broker differ about META" in toasts(app)
    assert desk.controls.trading_state() == "halted"
    assert "active again" in toasts(pressing(1, reason="all clear", asked="resume"))
    assert desk.controls.trading_state() == "active"


# what every page shows


def test_an_active_desk_shows_one_button(desk: Desk) -> None:
    app = open_page("market")
    assert app.button(key="shell_halt").label == "Halt trading"
    assert "trading active" in told(app)
    with pytest.raises(KeyError):
        app.button(key="shell_resume")


def test_a_halted_desk_says_why_by_whom_and_since_when(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = showing(desk, monkeypatch, halt=None)
    text = told(app)
    assert "trading halted" in text
    assert "strange prices" in text
    assert "by ada, since 18 Sep, 12:00 EDT" in text
    assert app.button(key="shell_resume").label == "Resume trading"
    assert app.button(key="shell_halt").label == "Halt deeper"


def test_a_reason_is_shown_as_it_was_typed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = HALTED.model_copy(update={"reason": "lost $5 :red[really] <b>"})
    text = told(showing(desk, monkeypatch, switch=typed, halt=None))
    assert r"lost \$5 \:red\[really\] \<b\>" in text


def outcome(**changes: Any) -> HaltOutcome:
    values = {
        "run_id": RUN, "depth": HaltDepth.FLATTEN, "recorded_at": NOON, "cancelled": ("a", "b"),
        "closed": ("c",), "is_suspended": True,
    }  # fmt: skip
    return HaltOutcome(**{**values, **changes})


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"run": RunState.RUNNING}, "The account is being cleared"),
        ({"run": RunState.FAILED}, "has failed"),
        (
            {"run": RunState.SUCCEEDED, "outcome": outcome()},
            "2 orders cancelled, 1 position closed, flat. The broker takes no new order.",
        ),
        (
            {"run": RunState.SUCCEEDED, "outcome": outcome(left=("5 TSLA are held",))},
            "- 5 TSLA are held",
        ),
    ],
)
def test_what_the_kill_switch_has_come_to_is_said_in_words(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, state: dict[str, Any], words: str
) -> None:
    assert words in told(showing(desk, monkeypatch, **state))


# the guards


@pytest.fixture
def panel(desk: Desk) -> GuardPanel:
    return desk.guards.panel()


def drawn(panel: GuardPanel) -> AppTest:
    def script(panel: object) -> None:
        from pages.components.guard_panel import guard_panel

        guard_panel(panel)

    return AppTest.from_function(script, args=(panel,)).run()


def test_each_guard_is_a_bar_with_its_numbers_beside_it(panel: GuardPanel) -> None:
    app = drawn(panel)
    assert not app.exception
    bars = app.get("progress")
    assert len(bars) == len(panel.meters) == 7
    texts = " ".join(bar.text for bar in bars)
    assert "Day loss" in texts
    assert "of 3.00 %" in texts
    assert "of 2]" in texts


def test_a_breached_guard_says_both_numbers_and_its_bar_is_full(panel: GuardPanel) -> None:
    first = panel.meters[0]
    said = first.verdict.model_copy(
        update={"value": 0.05, "breached": True, "detail": "5.00% is lost; the limit is 3.00%"}
    )
    meter = type(first)(said, MeterState.BREACHED)
    app = drawn(type(panel)([meter], [], NOON, "1", []))
    assert app.get("progress")[0].value == 100
    assert "breached" in app.get("progress")[0].text
    assert "5.00% is lost; the limit is 3.00%" in told(app)


def test_locks_and_limits_that_wait_are_told(panel: GuardPanel) -> None:
    lock = GuardLock(name=GuardName.COOLDOWN, until=NOON + timedelta(minutes=5), reason="a loss")
    app = drawn(type(panel)([], [lock], None, "1", ["guards.day_loss_fraction"]))
    assert "No entry until 18 Sep, 12:05 EDT: a loss" in told(app)
    assert "From the next session on: 1 raised limit (day loss fraction)." in told(app)
    assert "equity never read" in told(app)


def test_a_desk_that_has_never_read_its_account_shows_what_is_missing(empty_desk: Desk) -> None:
    panel = empty_desk.guards.panel()
    assert [meter.state for meter in panel.meters[:3]] == [MeterState.MISSING] * 3
    assert "equity; never read; the limit is 15.00%" in told(drawn(panel))
