"""A run follows its snapshot: conditions, errors, retries, forks, cancels."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from core.domain.flow import RunState
from core.errors import ConfigurationError, InvalidTransitionError, NotFoundError
from core.flow.effects import EffectLedger
from tests.flow import bodies
from tests.flow.conftest import AS_OF, Rig, both
from tests.flow.servers import Server

ECHO = {"uses": "test.echo"}


@both
def test_a_run_passes_results_options_and_the_desks_time_to_its_nodes(rig: Rig) -> None:
    run_id = rig.run({"id": "a", **ECHO, "with": {"n": 1}}, {"id": "b", **ECHO, "needs": ["a"]})
    a, b = rig.control.steps(run_id)
    assert run_id == "flow@20261124T131500Z"
    assert a.output is not None
    assert (a.output["as_of"], a.output["session_date"], a.output["n"]) == (AS_OF, "2026-11-24", 1)
    assert b.output is not None
    assert b.output["seen"] == {"a": a.output}


@both
def test_a_queued_node_runs_as_a_child_beside_the_inline_ones(rig: Rig) -> None:
    run_id = rig.run(
        {"id": "queued", **ECHO, "queue": "effects"},
        {"id": "inline", **ECHO},
        {"id": "last", **ECHO, "needs": ["queued", "inline"]},
    )
    assert rig.control.status(run_id).status is RunState.SUCCEEDED
    steps = rig.control.steps(run_id)
    assert [step.status for step in steps] == ["succeeded"] * 3
    assert all(step.seconds is not None and step.attempts == 1 for step in steps)


def test_a_node_is_skipped_when_its_condition_is_false_or_a_needed_node_was_skipped(
    rig: Rig,
) -> None:
    run_id = rig.run(
        {"id": "a", **ECHO, "with": {"ok": False}},
        {"id": "b", **ECHO, "needs": ["a"], "when": "a.ok"},
        {"id": "c", **ECHO, "needs": ["b"], "queue": "effects"},
    )
    assert rig.states(run_id) == {"a": "succeeded", "b": "skipped", "c": "skipped"}
    assert rig.control.steps(run_id)[1].output == {"skipped": "a.ok is not true"}
    assert bodies.noted(rig.journal) == ["a"]


def test_a_failed_node_ends_the_run_and_names_itself(rig: Rig) -> None:
    run_id = rig.run({"id": "a", "uses": "test.fail"}, {"id": "b", **ECHO, "needs": ["a"]})
    status = rig.control.status(run_id)
    assert (status.status, status.error) == (RunState.FAILED, "a: ValueError: broken on purpose")
    assert rig.states(run_id) == {"a": "failed", "b": "pending"}


def test_on_error_continue_hands_the_error_to_the_next_node(rig: Rig) -> None:
    run_id = rig.run(
        {"id": "a", "uses": "test.fail", "on_error": "continue"},
        {"id": "b", **ECHO, "needs": ["a"]},
    )
    assert rig.states(run_id) == {"a": "failed", "b": "succeeded"}
    output = rig.control.steps(run_id)[1].output
    assert output is not None
    assert output["seen"]["a"]["error"] == "ValueError: broken on purpose"


def test_only_a_retryable_error_is_tried_again(rig: Rig) -> None:
    retry = {"attempts": 3, "wait_s": 0.01}
    run_id = rig.run(
        {"id": "soft", "uses": "test.flaky", "with": {"times": 2}, "retry": retry},
        {"id": "hard", "uses": "test.flaky", "with": {"final": True}, "retry": retry,
         "on_error": "continue"},
        {"id": "bug", "uses": "test.fail", "retry": retry, "on_error": "continue"},
    )  # fmt: skip
    attempts = {step.id: (str(step.status), step.attempts) for step in rig.control.steps(run_id)}
    assert attempts == {"soft": ("succeeded", 3), "hard": ("failed", 1), "bug": ("failed", 1)}


def test_a_retryable_error_fails_after_the_last_attempt(rig: Rig) -> None:
    node = {"id": "a", "uses": "test.flaky", "with": {"times": 9}}
    run_id = rig.run({**node, "retry": {"attempts": 2, "wait_s": 0.01}})
    assert rig.control.status(run_id).error == "a: test.read: try 2"
    assert rig.control.steps(run_id)[0].error_kind == "UnavailableError"


def test_a_result_that_is_not_json_fails_its_node(rig: Rig) -> None:
    run_id = rig.run({"id": "a", "uses": "test.not_json"})
    assert "not JSON compliant" in str(rig.control.status(run_id).error)


def test_the_same_run_id_twice_is_one_run(rig: Rig) -> None:
    run_id = rig.run({"id": "a", **ECHO})
    assert rig.control.start("flow", rig.inputs()) == run_id
    assert rig.control.wait_idle(10)
    assert bodies.noted(rig.journal) == ["a"]


def test_an_edit_of_the_workflow_does_not_touch_a_run_that_waits(rig: Rig) -> None:
    old = rig.add({"id": "a", **ECHO})
    run_id = rig.control.start("flow", rig.inputs())
    rig.add({"id": "b", **ECHO})
    rig.start()
    assert rig.control.wait(run_id, 10).version == old.version
    assert bodies.noted(rig.journal) == ["a"]


@both
def test_a_fork_runs_again_from_one_node_on_and_repeats_no_effect(
    make_rig: Callable[..., Rig], database: Any
) -> None:
    server = Server("authoritative")
    services = SimpleNamespace(ledger=EffectLedger(database, "test"), broker=server)
    rig = make_rig(services)
    run_id = rig.run(
        {"id": "a", **ECHO},
        {"id": "send", "uses": "test.effect", "needs": ["a"], "queue": "effects"},
        {"id": "z", **ECHO, "needs": ["send"]},
    )
    forks = [rig.control.fork(run_id, "send"), rig.control.fork(run_id, "a")]
    assert [rig.control.wait(fork, 10).status for fork in forks] == [RunState.SUCCEEDED] * 2
    assert forks == [f"{run_id}~1", f"{run_id}~2"]
    assert rig.control.status(forks[0]).forked_from == run_id
    assert sorted(bodies.noted(rig.journal)) == sorted(["a", "send", "z"] * 2 + ["send", "z"])
    assert server.effects == {"order:one:entry": 1}


def test_a_cancelled_run_resumes_where_it_was(rig: Rig) -> None:
    rig.add(
        {"id": "a", **ECHO},
        {"id": "b", "uses": "test.wait", "needs": ["a"]},
        {"id": "c", "uses": "test.wait", "needs": ["a"], "queue": "effects"},
        {"id": "d", **ECHO, "needs": ["b", "c"]},
    )
    rig.start()
    run_id = rig.control.start("flow", rig.inputs())
    _until(lambda: {"b", "c"} <= set(bodies.noted(rig.journal)))
    assert rig.states(run_id) == {"a": "succeeded", "b": "running", "c": "running", "d": "pending"}
    rig.control.cancel(run_id)
    assert rig.control.status(run_id).status is RunState.CANCELLED
    rig.gate.touch()
    rig.control.resume(run_id)
    assert rig.control.wait(run_id, 20).status is RunState.SUCCEEDED
    assert bodies.noted(rig.journal).count("a") == 1
    assert bodies.noted(rig.journal).count("d") == 1


def test_control_refuses_what_the_state_of_a_run_forbids(rig: Rig) -> None:
    run_id = rig.run({"id": "a", **ECHO})
    with pytest.raises(InvalidTransitionError, match="succeeded"):
        rig.control.cancel(run_id)
    with pytest.raises(InvalidTransitionError, match="only a cancelled one"):
        rig.control.resume(run_id)
    with pytest.raises(NotFoundError, match="has not run a node 'x'"):
        rig.control.fork(run_id, "x")
    with pytest.raises(NotFoundError, match="no run 'flow@nothing'"):
        rig.control.status("flow@nothing")
    with pytest.raises(NotFoundError, match="no workflow 'other'"):
        rig.control.start("other", rig.inputs())


@pytest.mark.parametrize("inputs", [{}, {"as_of": "soon"}, {"as_of": "2026-11-24T13:15:00"}])
def test_a_run_needs_an_instant_with_a_time_zone(rig: Rig, inputs: dict[str, Any]) -> None:
    rig.add({"id": "a", **ECHO})
    with pytest.raises(ConfigurationError, match="as_of"):
        rig.control.start("flow", inputs)


def test_runs_are_listed_newest_first_by_workflow(rig: Rig) -> None:
    rig.add({"id": "a", **ECHO})
    rig.add({"id": "a", **ECHO}, id="other")
    rig.start()
    for day in (1, 2, 3):
        rig.control.start("flow", rig.inputs(as_of=f"2026-11-0{day}T13:15:00Z"))
    rig.control.start("other", rig.inputs())
    assert rig.control.wait_idle(20)
    assert [run.run_id[5:13] for run in rig.control.runs(2, "flow")] == ["20261103", "20261102"]
    assert len(rig.control.runs()) == 4


def test_a_stop_ends_between_two_nodes_and_the_next_start_goes_on(rig: Rig) -> None:
    rig.add(
        {"id": "a", "uses": "test.wait"},
        {"id": "b", **ECHO, "needs": ["a"]},
    )
    rig.start()
    run_id = rig.control.start("flow", rig.inputs())
    _until(lambda: bodies.noted(rig.journal) == ["a"])
    rig.gate.touch()
    assert rig.stop()
    rig.start()
    assert rig.control.wait(run_id, 20).status is RunState.SUCCEEDED
    assert bodies.noted(rig.journal) == ["a", "b"]


def test_a_stop_does_not_wait_for_a_body_beyond_its_timeout(rig: Rig) -> None:
    rig.add({"id": "a", "uses": "test.wait"}, {"id": "b", **ECHO, "needs": ["a"]})
    rig.start()
    run_id = rig.control.start("flow", rig.inputs())
    _until(lambda: bodies.noted(rig.journal) == ["a"])
    assert not rig.stop(timeout_s=0.1)
    rig.gate.touch()
    rig.start()
    assert rig.control.wait(run_id, 20).status is RunState.SUCCEEDED
    assert bodies.noted(rig.journal) == ["a", "a", "b"]


def test_a_stop_leaves_no_thread_behind_that_holds_up_the_end_of_the_process(rig: Rig) -> None:
    before = set(threading.enumerate())
    rig.add({"id": "a", "uses": "test.wait", "queue": "effects"})
    rig.start()
    rig.control.start("flow", rig.inputs())
    _until(lambda: bodies.noted(rig.journal) == ["a"])
    rig.stop(timeout_s=0.1)
    rig.gate.touch()
    _until(lambda: set(threading.enumerate()) <= before)


def test_a_stop_without_a_start_does_nothing(rig: Rig) -> None:
    assert rig.engine.stop()


def test_a_stop_ends_the_wait_for_a_retry(rig: Rig) -> None:
    retry = {"attempts": 2, "wait_s": 600}
    rig.add({"id": "a", "uses": "test.flaky", "retry": retry})
    rig.start()
    run_id = rig.control.start("flow", rig.inputs())
    _until(lambda: bodies.noted(rig.journal) == ["a"])
    assert rig.stop()
    rig.start()
    assert rig.control.wait(run_id, 20).status is RunState.SUCCEEDED


def _until(is_true: Callable[[], bool], timeout_s: float = 10) -> None:
    from core.flow.control import _until as until

    assert until(is_true, timeout_s)
