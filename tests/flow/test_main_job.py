"""The main job end to end: one session from data to orders, posts, results and samples."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from core import bootstrap
from core.desk import Desk
from core.domain.content import ContentEventKind
from core.domain.flow import Verdict
from core.errors import DomainError, InvalidTransitionError
from core.replay import APPROVED_BY_REPLAY
from core.settings import Mode, Settings

DAY = date(2023, 6, 15)


@contextmanager
def opened(data_dir: Path) -> Iterator[Desk]:
    desk = bootstrap.build(Settings(data_dir=data_dir))
    desk.start_engine()
    try:
        yield desk
    finally:
        desk.close()


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder after the morning of `DAY`; starting that run again finds it done."""
    folder = tmp_path_factory.mktemp("morning")
    with opened(folder) as fresh:
        run(fresh)
    return folder


@pytest.fixture
def desk(morning: Path, tmp_path: Path) -> Iterator[Desk]:
    shutil.copytree(morning, tmp_path / "var")
    with opened(tmp_path / "var") as own:
        yield own


@pytest.fixture
def living(lived: Path, tmp_path: Path) -> Iterator[Desk]:
    shutil.copytree(lived, tmp_path / "var")
    with opened(tmp_path / "var") as own:
        yield own


def run(desk: Desk, workflow: str = "daily_tactic", day: date = DAY):
    return desk.runs.wait(desk.runs.start(workflow, day))


def approve_all(desk: Desk) -> list[str]:
    effects: list[str] = []
    for approval in desk.decisions.pending():
        report = desk.decisions.approve(approval.approval_id, "test")
        assert desk.runs.wait(report.run_id).status == "succeeded"
        effects.extend(report.effects)
    return effects


def test_a_run_ends_with_tactics_and_approvals_bound_to_hashes(desk: Desk) -> None:
    report = run(desk)
    assert report.status == "succeeded"
    assert report.tactics
    kinds = {pending.kind for pending in report.pending}
    assert "content" in kinds
    assert all(len(pending.content_sha256) == 64 for pending in report.pending)
    subjects = {p.subject_id for p in report.pending if p.kind == "trade"}
    assert subjects <= {tactic.tactic_id for tactic in report.tactics}


def test_approving_leads_to_one_bracket_order_per_trade_and_one_post_per_tactic(desk: Desk) -> None:
    report = run(desk)
    effects = approve_all(desk)
    done = {record.key: record.state for record in desk.decisions.effects()}
    assert sorted(done) == sorted(effects)
    assert set(done.values()) == {"done"}
    posts = [key for key in done if key.startswith("post:tactic-")]
    assert len(posts) == len(report.tactics)
    orders = desk._services.adapters.broker.open_orders()
    assert len(orders) == sum(p.kind == "trade" for p in report.pending)
    assert all(order.bracket is not None for order in orders)


def test_a_second_decision_is_refused(desk: Desk) -> None:
    approval = run(desk).pending[0]
    desk.decisions.approve(approval.approval_id, "test")
    with pytest.raises(InvalidTransitionError, match="approved"):
        desk.decisions.approve(approval.approval_id, "test")
    with pytest.raises(InvalidTransitionError, match="approved"):
        desk.decisions.reject(approval.approval_id, "test", "too late")


def test_a_rejected_post_stays_at_home_with_its_reason(desk: Desk) -> None:
    approval = next(p for p in run(desk).pending if p.kind == "content")
    report = desk.decisions.reject(approval.approval_id, "test", "not today")
    desk.runs.wait(report.run_id)
    assert report.decision is Verdict.REJECTED
    assert desk.decisions.effects() == []
    last = desk._services.storage.content.events(approval.subject_id)[-1]
    assert (last.kind, last.reason) == (ContentEventKind.REJECTED, "not today")


def test_the_same_session_gives_the_same_tactics_bit_for_bit(tmp_path: Path) -> None:
    with opened(tmp_path / "one") as desk:
        first = run(desk)
    with opened(tmp_path / "two") as desk:
        second = run(desk)
    assert first.tactics == second.tactics
    assert [p.content_sha256 for p in first.pending] == [p.content_sha256 for p in second.pending]


def test_a_plan_is_never_made_of_old_bars(data_dir: Path) -> None:
    settings = Settings(data_dir=data_dir, mode=Mode.PAPER)
    desk = bootstrap.build(settings)
    desk.start_engine()
    try:
        report = run(desk, day=date(2024, 3, 4))
    finally:
        desk.close()
    assert report.status == "failed"
    assert "no daily bars of AAPL had come by 2024-03-04" in report.error
    assert report.tactics == ()


def test_a_second_start_is_the_same_run(desk: Desk) -> None:
    assert run(desk).run_id == run(desk).run_id
    assert len(desk.runs.recent()) == 1


def test_a_day_without_a_session_is_refused(desk: Desk) -> None:
    with pytest.raises(DomainError, match="no trading session"):
        desk.runs.start("daily_tactic", date(2023, 6, 17))


def test_a_halted_desk_lets_no_order_out(desk: Desk) -> None:
    trades = [p for p in run(desk).pending if p.kind == "trade"]
    desk.controls.halt("a test", "test")
    for pending in trades:
        report = desk.decisions.approve(pending.approval_id, "test")
        steps = {s.id: s.status for s in desk.runs.wait(report.run_id).steps}
        assert steps["submit"] == "skipped"
    assert desk._services.adapters.broker.open_orders() == []


def test_sessions_replay_into_fills_results_recaps_and_samples(living: Desk) -> None:
    desk = living
    fifth = desk.replay.sessions()[-61]  # what the second published is 72 hours old by then
    desk.replay.advance_to(fifth, APPROVED_BY_REPLAY)
    storage = desk._services.storage
    assert {run.status for run in desk.runs.recent(500)} == {"succeeded"}
    assert storage.trading.fills()
    assert storage.tactics.resolutions(limit=20)
    publications = storage.content.publications()
    assert any(p.content_id.startswith("recap-") for p in publications)
    samples = [s for p in publications for s in storage.engagement.samples(p.publication_id)]
    assert {sample.age for sample in samples} >= {"1h", "6h", "24h", "72h"}
    assert desk.controls.verify().ok
