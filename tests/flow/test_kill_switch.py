"""The kill switch of a whole desk: halted at once, cleared behind it, also over a kill -9."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core import bootstrap
from core.desk import Desk
from core.domain.guards import HaltDepth
from core.domain.market import BarQuery, Timeframe
from core.domain.orders import OrderStatus
from core.errors import DomainError, InvalidTransitionError
from core.settings import ROOT, Settings
from tests.flow.conftest import PLAN_DAY

FLAT = HaltDepth.FLATTEN


def opened(folder: Path) -> Desk:
    return bootstrap.build(Settings(data_dir=folder, _env_file=None))


@pytest.fixture
def folder(plan_morning: Path, tmp_path: Path) -> Path:
    return shutil.copytree(plan_morning, tmp_path / "var")


@pytest.fixture
def desk(folder: Path) -> Iterator[Desk]:
    made = opened(folder)
    made.start_engine()
    yield made
    made.close()


def trade(desk: Desk) -> str:
    """Approve the morning's order and let it be sent; return its name."""
    [approval] = [one for one in desk.decisions.pending() if one.kind == "trade"]
    desk.runs.wait(desk.decisions.approve(approval.approval_id, "test").run_id)
    [order] = desk._services.storage.trading.latest_orders()
    return str(order.client_order_id)


def fill(desk: Desk) -> None:
    """Show the venue the first bar of the session, in which the entry fills."""
    query = BarQuery(symbol="META", timeframe=Timeframe.FIVE_MINUTES, start=PLAN_DAY, end=PLAN_DAY)
    bars = desk._services.adapters.market_data[0].call(lambda source: source.bars(query))
    desk._services.adapters.broker.process(bars.head(1))  # type: ignore[attr-defined]
    assert desk._services.adapters.broker.positions()


def press(desk: Desk, depth: HaltDepth) -> None:
    halt = desk.controls.halt("a test", "ada", depth)
    assert desk.runs.wait(halt.run_id).status == "succeeded"


def test_entries_are_cancelled_and_what_was_done_is_on_record(desk: Desk) -> None:
    key = trade(desk)
    press(desk, HaltDepth.CANCEL)
    broker = desk._services.adapters.broker
    order = broker.order_by_client_id(key)
    assert order is not None
    assert order.status is OrderStatus.CANCELED
    found = desk.controls.switch()
    assert (found.switch.state, found.switch.reason, found.run) == ("halted", "a test", "succeeded")
    assert found.outcome is not None
    assert (found.outcome.cancelled, found.outcome.is_suspended) == ((key,), True)
    [entry] = [one for one in desk._services.storage.audit.entries(50) if one.action == "halt"]
    assert (entry.actor, '"depth":"cancel"' in entry.payload) == ("ada", True)


def test_positions_are_closed_and_the_books_agree_afterwards(desk: Desk) -> None:
    trade(desk)
    fill(desk)
    press(desk, FLAT)
    assert desk._services.adapters.broker.positions() == []
    fills = desk._services.storage.trading.fills()
    assert sum(one.side.sign * one.quantity for one in fills) == Decimal(0)
    outcome = desk.controls.switch().outcome
    assert outcome is not None
    assert (outcome.left, outcome.is_suspended) == ((), True)
    assert desk.controls.resume("all clear", "ada") == "active"
    assert desk._services.adapters.broker.account().blocked == ""
    assert desk._services.storage.reconciliations.open_differences() == []


def test_the_mildest_depth_only_stops_what_is_new(desk: Desk) -> None:
    trade(desk)
    halt = desk.controls.halt("a test", "ada", HaltDepth.STOP_ENTRIES)
    assert halt.run_id == ""
    assert desk.runs.recent(workflow_id="halt_desk") == []
    assert len(desk._services.adapters.broker.open_orders()) == 1
    assert not desk._services.state.allows_entries()


def test_presses_at_the_same_moment_are_one_run(folder: Path) -> None:
    desk = opened(folder)  # nothing runs, so that the first one is still at work
    try:
        with ThreadPoolExecutor(8) as pool:
            pressed = list(pool.map(lambda _: desk.controls.halt("a", "ada", FLAT), range(8)))
        assert len({halt.run_id for halt in pressed}) == 1
        deeper = desk.controls.halt("b", "ada", HaltDepth.CANCEL)
        assert deeper.run_id not in {halt.run_id for halt in pressed}
        assert len(desk.runs.recent(workflow_id="halt_desk")) == 2
    finally:
        desk.close()


def test_a_second_press_after_the_first_is_done_clears_again(desk: Desk) -> None:
    press(desk, HaltDepth.CANCEL)
    desk.controls.resume("all clear", "ada")
    trade(desk)
    press(desk, HaltDepth.CANCEL)
    assert desk._services.adapters.broker.open_orders() == []


def test_an_order_that_was_approved_before_does_not_go_out_after(desk: Desk) -> None:
    press(desk, HaltDepth.CANCEL)
    [approval] = [one for one in desk.decisions.pending() if one.kind == "trade"]
    report = desk.runs.wait(desk.decisions.approve(approval.approval_id, "test").run_id)
    assert {step.id: step.status for step in report.steps}["submit"] == "skipped"
    assert desk._services.adapters.broker.fills_since("") == ([], "")


@pytest.mark.parametrize("reason", ["", "  "])
def test_halting_and_resuming_need_a_reason(desk: Desk, reason: str) -> None:
    for press_ in (desk.controls.halt, desk.controls.resume):
        with pytest.raises(InvalidTransitionError, match="say why"):
            press_(reason, "ada")
    assert desk.controls.trading_state() == "active"


# resuming


def test_resuming_is_refused_while_desk_and_broker_differ(desk: Desk) -> None:
    press(desk, HaltDepth.CANCEL)
    broker = desk._services.adapters.broker
    fill_by_hand = broker.trade_by_hand  # type: ignore[attr-defined]
    fill_by_hand("META", Decimal(7), Decimal(280))
    with pytest.raises(DomainError, match="desk and broker differ about META"):
        desk.controls.resume("all clear", "ada")
    assert desk.controls.trading_state() == "halted"
    fill_by_hand("META", Decimal(-7), Decimal(280))
    with pytest.raises(DomainError, match="desk and broker differ"):
        desk.controls.resume("all clear", "ada")


def test_resuming_is_refused_while_a_guard_asks_for_more(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    press(desk, HaltDepth.CANCEL)
    broker, yesterday = desk._services.adapters.broker, desk.clock.now() - timedelta(days=1)
    told = broker.account().model_copy(update={"as_of": yesterday})
    lost = told.model_copy(update={"equity": told.equity * Decimal("0.9")})
    desk._services.storage.trading.append_account(told)
    monkeypatch.setattr(type(broker), "account", lambda self: lost)
    with pytest.raises(DomainError, match=r"a guard asks for reduce only: 10\.00% is lost"):
        desk.controls.resume("all clear", "ada")
    assert desk.controls.trading_state() == "halted"


def test_a_restart_keeps_the_desk_halted_with_its_reason(folder: Path) -> None:
    desk = opened(folder)
    desk.controls.halt("strange prices", "ada", HaltDepth.STOP_ENTRIES)
    desk.close()
    again = opened(folder)
    try:
        found = again.controls.switch()
        assert (found.switch.state, found.switch.updated_by) == ("halted", "ada")
        assert found.halt is not None
        assert (found.halt.depth, found.switch.reason) == ("stop_entries", "strange prices")
    finally:
        again.close()


# kill -9


@pytest.mark.process
@pytest.mark.chaos
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", ["close_position", "suspend"])
def test_killed_in_the_middle_of_flattening_the_next_process_ends_it(
    folder: Path, call: str, when: str
) -> None:
    desk = opened(folder)
    desk.start_engine()
    trade(desk)
    fill(desk)
    desk.close()
    command = [sys.executable, "-m", "tests.flow.halting_process", str(folder), call, when]
    assert subprocess.run(command, cwd=ROOT, timeout=60, check=False).returncode == -signal.SIGKILL
    again = opened(folder)
    try:
        assert again.controls.trading_state() == "halted"
        again.start_engine()
        [run] = again.runs.recent(workflow_id="halt_desk")
        assert again.runs.wait(run.run_id).status == "succeeded"
        outcome = again.controls.switch().outcome
        assert outcome is not None
        assert (outcome.left, outcome.is_suspended) == ((), True)
        assert again._services.adapters.broker.positions() == []
        exits = [one for one in again._services.storage.trading.fills() if one.leg != "entry"]
        assert len(exits) == 1
    finally:
        again.close()


@pytest.mark.process
@pytest.mark.chaos
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_in_the_middle_of_cancelling_the_next_process_ends_it(
    folder: Path, when: str
) -> None:
    desk = opened(folder)
    desk.start_engine()
    key = trade(desk)
    desk.close()
    command = [sys.executable, "-m", "tests.flow.halting_process", str(folder), "cancel", when]
    assert subprocess.run(command, cwd=ROOT, timeout=60, check=False).returncode == -signal.SIGKILL
    again = opened(folder)
    try:
        again.start_engine()
        [run] = again.runs.recent(workflow_id="halt_desk")
        assert again.runs.wait(run.run_id).status == "succeeded"
        order = again._services.adapters.broker.order_by_client_id(key)
        assert order is not None
        assert order.status is OrderStatus.CANCELED
    finally:
        again.close()
