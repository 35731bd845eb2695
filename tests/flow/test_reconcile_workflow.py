"""The workflow on a whole desk with the paper broker: what the desk traded, both sides tell."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core import bootstrap
from core.desk import Desk
from core.desk.reconciliation import Reconciliations
from core.domain.reconciliation import DifferenceKind, RunState
from core.settings import Settings
from core.steps.reconcile import trading_block
from tests.flow.conftest import PLAN_DAY


@contextmanager
def opened(folder: Path) -> Iterator[Desk]:
    desk = bootstrap.build(Settings(data_dir=folder, _env_file=None))
    desk.start_engine()
    try:
        yield desk
    finally:
        desk.close()


@pytest.fixture
def desk(plan_morning: Path, tmp_path: Path) -> Iterator[Desk]:
    with opened(shutil.copytree(plan_morning, tmp_path / "var")) as made:
        yield made


def run(desk: Desk, workflow: str) -> dict[str, str]:
    report = desk.runs.wait(desk.runs.start(workflow, PLAN_DAY))
    assert report.status == "succeeded", report.error
    return {step.id: str(step.status) for step in report.steps}


def trade(desk: Desk) -> str:
    """Approve the morning's order and let it be sent; return its name."""
    [approval] = [one for one in desk.decisions.pending() if one.kind == "trade"]
    report = desk.runs.wait(desk.decisions.approve(approval.approval_id, "test").run_id)
    assert report.status == "succeeded", report.error
    [order] = desk._services.storage.trading.latest_orders()
    return str(order.client_order_id)


def test_desk_and_paper_broker_agree_through_a_traded_day(desk: Desk) -> None:
    key = trade(desk)
    run(desk, "monitor_tactics")
    steps = run(desk, "reconcile")
    assert steps["tell"] == "skipped"
    page = Reconciliations(desk._services)
    assert page.state().state is RunState.AGREED
    assert trading_block(desk._services, "META", "test") == ""
    storage = desk._services.storage
    assert storage.trading.fills(key)
    assert storage.views.order_path(key)["what"].tolist()[0] == "intended"
    run(desk, "close_session")
    assert page.run_now("operator").state is RunState.AGREED


def test_a_broker_that_has_forgotten_a_day_is_not_believed_silently(
    plan_morning: Path, tmp_path: Path
) -> None:
    folder, before = tmp_path / "var", tmp_path / "before"
    for copy in (folder, before):
        shutil.copytree(plan_morning, copy)
    with opened(folder) as desk:
        trade(desk)
        run(desk, "monitor_tactics")
    for file in folder.glob("paper.sqlite*"):
        file.unlink()
    for file in before.glob("paper.sqlite*"):
        shutil.copy(file, folder)
    with opened(folder) as desk:
        page = Reconciliations(desk._services)
        assert page.run_now("test").state is RunState.DIFFERS
        # the plan was stopped out, so both sides are flat: only the money tells
        [found] = page.state().open
        assert found.difference.kind is DifferenceKind.CASH
        assert trading_block(desk._services, "META", "test")
        assert trading_block(desk._services, "AAPL", "test")


def test_a_desk_restored_from_an_older_copy_catches_up(plan_morning: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(plan_morning, tmp_path / "var")
    with opened(folder) as desk:
        key = trade(desk)
        desk._services.storage.backup(tmp_path / "older.duckdb")
        run(desk, "monitor_tactics")
        fills = desk._services.storage.trading.fills(key)
    assert fills
    shutil.copy(tmp_path / "older.duckdb", folder / "desk.duckdb")
    with opened(folder) as desk:
        assert desk._services.storage.trading.fills(key) == []
        assert Reconciliations(desk._services).run_now("test").state is RunState.AGREED
        assert desk._services.storage.trading.fills(key) == fills
