"""A process that is killed or stopped in the middle of a run, and the one that goes on."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from core.domain.flow import RunState
from core.flow.control import _until
from core.settings import ROOT
from tests.flow import bodies
from tests.flow.conftest import Rig

Start = Callable[..., "subprocess.Popen[str]"]

CHAIN = [
    {"id": "one", "uses": "test.echo"},
    {"id": "two", "uses": "test.echo", "needs": ["one"]},
    {"id": "three", "uses": "test.suicide", "needs": ["two"]},
    {"id": "four", "uses": "test.echo", "needs": ["three"]},
    {"id": "five", "uses": "test.echo", "needs": ["four"]},
]


@pytest.fixture
def start_process(url: str) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-W", "error", "-m", "tests.flow.process", url, *arguments]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline().startswith("up")
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.chaos
@pytest.mark.process
@pytest.mark.parametrize(
    ("url", "queue"),
    [
        ("sqlite", None),
        ("sqlite", "effects"),
        pytest.param("postgres", "effects", marks=pytest.mark.postgres),
    ],
    indirect=["url"],
)
def test_killed_in_step_three_of_five_only_that_step_runs_again(
    rig: Rig, start_process: Start, queue: str | None
) -> None:
    rig.add(*({**node, "queue": queue} for node in CHAIN))
    run_id = rig.control.start("flow", rig.inputs())
    assert start_process().wait(30) == -signal.SIGKILL
    assert rig.control.status(run_id).status is RunState.RUNNING
    start_process()
    assert rig.control.wait(run_id, 30).status is RunState.SUCCEEDED
    expected = ["one", "two", "three", "three", "four", "five"]
    assert bodies.noted(rig.journal) == expected


@pytest.mark.process
def test_sigterm_in_the_middle_of_a_job_lets_the_step_end_and_keeps_its_result(
    rig: Rig, start_process: Start
) -> None:
    rig.add(
        {"id": "one", "uses": "test.wait"},
        {"id": "two", "uses": "test.echo", "needs": ["one"]},
    )
    run_id = rig.control.start("flow", rig.inputs())
    process = start_process()
    assert _until(lambda: bodies.noted(rig.journal) == ["one"], 20)
    process.send_signal(signal.SIGTERM)
    rig.gate.touch()
    assert process.communicate(timeout=30)[0] == "stopped True\n"
    assert process.returncode == 0
    start_process()
    assert rig.control.wait(run_id, 30).status is RunState.SUCCEEDED
    assert bodies.noted(rig.journal) == ["one", "two"]


@pytest.mark.postgres
@pytest.mark.process
@pytest.mark.chaos
@pytest.mark.parametrize("url", ["postgres"], indirect=True)
def test_a_dead_workers_node_is_taken_over_and_a_worker_takes_no_whole_run(
    rig: Rig, start_process: Start
) -> None:
    rig.add(
        {"id": "one", "uses": "test.echo"},
        {"id": "two", "uses": "test.suicide", "queue": "effects", "needs": ["one"]},
    )
    run_id = rig.control.start("flow", rig.inputs())
    worker = start_process("worker-1", "worker")
    owner = Rig(rig.url, rig.database, rig.folder)
    owner.engine._listen = ["runs"]  # so that the worker surely takes the queued node
    owner.start()
    try:
        assert worker.wait(30) == -signal.SIGKILL
        start_process("worker-2", "worker")
        assert rig.control.wait(run_id, 40).status is RunState.SUCCEEDED
    finally:
        owner.stop()
        owner.client.close()
    assert bodies.noted(rig.journal) == ["one", "two", "two"]
