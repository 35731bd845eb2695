"""Approvals: decided once, expiring, and what follows starts with the decision or not at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from core.domain.flow import Approval, ApprovalRequest, ApprovalState, Decision, RunState, Verdict
from core.errors import AppError, InvalidTransitionError, NotFoundError, StaleError
from core.flow.approvals import Approvals
from core.flow.client import RunClient
from core.flow.control import Control
from core.flow.database import open_database
from tests.flow.conftest import Rig, both

NOW = datetime(2026, 11, 24, 13, 20, tzinfo=UTC)
APPROVE = Decision(verdict=Verdict.APPROVED, actor="ada", reason="looks right")
REJECT = Decision(verdict=Verdict.REJECTED, actor="bob", reason="too big")


def request(**changes: Any) -> ApprovalRequest:
    values = {
        "kind": "trade", "subject_id": "t-1", "content_sha256": "a" * 64, "title": "Buy",
        "workflow": "flow", "inputs": {"session_date": "2026-11-24"},
        "effect_keys": ("order:t-1:entry",), "requested_at": NOW,
        "expires_at": NOW + timedelta(hours=1), "requested_by_run": "daily@1",
    }  # fmt: skip
    return ApprovalRequest.model_validate(values | changes)


@pytest.fixture
def desk(rig: Rig) -> Approvals:
    rig.add({"id": "a", "uses": "test.echo"})
    return Approvals(rig.database, rig.client, rig.control.workflow)


def ask(desk: Approvals, **changes: Any) -> Approval:
    return desk.request(request(**changes))


@both
def test_asking_twice_is_asking_once(desk: Approvals) -> None:
    first, second = ask(desk), ask(desk, title="Buy again")
    assert first == second == desk.get(first.approval_id)
    assert (first.state, first.title, len(first.approval_id)) == ("pending", "Buy", 16)
    assert first.effect_keys == ("order:t-1:entry",)
    assert ask(desk, content_sha256="b" * 64).approval_id != first.approval_id


@both
@pytest.mark.parametrize("decision", [APPROVE, REJECT])
def test_a_decision_starts_the_follow_up_with_its_verdict(
    desk: Approvals, rig: Rig, decision: Decision
) -> None:
    asked = ask(desk)
    decided = desk.decide(asked.approval_id, decision, NOW)
    assert (decided.state, decided.decided_by) == (decision.verdict, decision.actor)
    assert decided.follow_up_run_id == f"flow@{asked.approval_id}"
    rig.start()
    assert rig.control.wait(decided.follow_up_run_id, 20).status is RunState.SUCCEEDED
    record = rig.control.changed_since(NOW - timedelta(days=400))[0]
    assert record.as_of == NOW
    assert record.inputs["session_date"] == "2026-11-24"
    assert record.inputs["approval"] == {
        "approval_id": asked.approval_id, "kind": "trade", "subject_id": "t-1",
        "content_sha256": "a" * 64, "verdict": decision.verdict, "actor": decision.actor,
        "reason": decision.reason, "decided_at": NOW.isoformat(),
    }  # fmt: skip


def test_a_second_decision_says_who_decided_what(desk: Approvals) -> None:
    asked = ask(desk)
    desk.decide(asked.approval_id, APPROVE, NOW)
    with pytest.raises(InvalidTransitionError, match="was approved by ada at 2026-11-24 13:20"):
        desk.decide(asked.approval_id, REJECT, NOW)


@both
def test_eight_deciders_make_one_decision_and_one_run(desk: Approvals, rig: Rig) -> None:
    approval_id = ask(desk).approval_id

    def decide(number: int) -> bool:
        decision = Decision(verdict=Verdict.APPROVED, actor=f"decider {number}")
        try:
            return bool(desk.decide(approval_id, decision, NOW))
        except InvalidTransitionError:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(decide, range(8))) == 1
    assert [run.run_id for run in rig.control.runs()] == [f"flow@{approval_id}"]


def test_a_late_decision_fails_closed_and_is_recorded_as_expired(desk: Approvals, rig: Rig) -> None:
    asked = ask(desk)
    with pytest.raises(StaleError, match="ran out"):
        desk.decide(asked.approval_id, APPROVE, asked.expires_at)
    assert desk.get(asked.approval_id).state is ApprovalState.EXPIRED
    record = rig.control.changed_since(NOW)[0]
    assert record.inputs["approval"]["verdict"] == "expired"


def test_expiry_takes_what_is_due_and_nothing_else(desk: Approvals) -> None:
    due, later = ask(desk), ask(desk, subject_id="t-2", expires_at=NOW + timedelta(hours=9))
    now = NOW + timedelta(hours=2)
    assert [item.approval_id for item in desk.pending(NOW)] == sorted(
        [due.approval_id, later.approval_id]
    )
    assert [item.approval_id for item in desk.expire_due(now)] == [due.approval_id]
    assert desk.expire_due(now) == []
    assert desk.pending(now) == [later]
    assert desk.list(ApprovalState.EXPIRED)[0].decided_by == "clock"
    assert desk.list(kind="content") == []


@both
def test_if_the_follow_up_cannot_start_nothing_is_decided(
    desk: Approvals, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    approval_id = ask(desk).approval_id

    def enqueue_then_break(connection: sa.Connection, *arguments: Any) -> None:
        original(connection, *arguments)
        raise RuntimeError("the power goes")

    original = rig.client.enqueue_in_transaction
    monkeypatch.setattr(rig.client, "enqueue_in_transaction", enqueue_then_break)
    with pytest.raises(RuntimeError, match="the power goes"):
        desk.decide(approval_id, APPROVE, NOW)
    assert desk.get(approval_id).state is ApprovalState.PENDING
    assert rig.control.runs() == []


def test_a_missing_workflow_or_approval_decides_nothing(desk: Approvals) -> None:
    asked = ask(desk, workflow="gone")
    for approval_id in (asked.approval_id, "0" * 16):
        with pytest.raises(NotFoundError):
            desk.decide(approval_id, APPROVE, NOW)
    assert desk.get(asked.approval_id).state is ApprovalState.PENDING


def test_an_approval_survives_a_restart(rig: Rig, desk: Approvals) -> None:
    asked = ask(desk)
    rig.client.close()
    rig.database.dispose()
    database = open_database(rig.url)
    client = RunClient(database)
    control = Control(client, rig.workflows)
    again = Approvals(database, client, control.workflow)
    assert again.pending(NOW) == [asked]
    again.decide(asked.approval_id, APPROVE, NOW)
    assert control.runs()[0].run_id == f"flow@{asked.approval_id}"
    client.close()
    database.dispose()


def test_every_refusal_is_an_error_that_the_page_can_show(desk: Approvals) -> None:
    with pytest.raises(AppError):
        desk.get("nothing")
