"""The mirror hands over what changed, once."""

from __future__ import annotations

import logging

import pytest

from core.domain.flow import LogLine, RunRecord, RunState, StepRecord
from core.flow.history import HistoryMirror
from tests.flow.conftest import Rig


class Sink:
    def __init__(self) -> None:
        self.runs: list[RunRecord] = []
        self.steps: list[StepRecord] = []
        self.lines: list[LogLine] = []
        self.is_broken = False

    def append_runs(self, records: list[RunRecord]) -> None:
        if self.is_broken:
            raise OSError("the disk is full")
        self.runs.extend(records)

    def append_steps(self, records: list[StepRecord]) -> None:
        self.steps.extend(records)

    def append_log_lines(self, lines: list[LogLine]) -> None:
        if self.is_broken:
            raise OSError("the disk is full")
        self.lines.extend(lines)


def test_each_state_of_a_run_is_handed_over_once(rig: Rig) -> None:
    sink = Sink()
    mirror = HistoryMirror(rig.control, sink)
    rig.add({"id": "a", "uses": "test.echo"}, {"id": "b", "uses": "test.fail", "needs": ["a"]})
    run_id = rig.control.start("flow", rig.inputs())
    assert mirror.sync() == 3
    assert mirror.sync() == 0
    rig.start()
    rig.control.wait(run_id, 20)
    mirror.sync()
    assert mirror.sync() == 0
    assert [run.status for run in sink.runs] == [RunState.QUEUED, RunState.FAILED]
    newest = {step.id: step for step in sink.steps}
    assert [step.id for step in sink.steps] == ["a", "b", "a", "b"]
    assert newest["b"].error == "ValueError: broken on purpose"
    assert (newest["a"].run_id, newest["a"].uses) == (run_id, "test.echo")
    assert sink.runs[-1].spec == rig.workflows["flow"].snapshot()
    assert sink.runs[-1].inputs == rig.inputs()


def test_what_the_sink_refused_is_handed_over_again(rig: Rig) -> None:
    sink = Sink()
    mirror = HistoryMirror(rig.control, sink)
    rig.run({"id": "a", "uses": "test.echo"})
    sink.is_broken = True
    with pytest.raises(OSError, match="the disk is full"):
        mirror.sync()
    sink.is_broken = False
    assert mirror.sync() == 2


def test_a_new_mirror_starts_where_the_sink_already_is(rig: Rig) -> None:
    run_id = rig.run({"id": "a", "uses": "test.echo"})
    ended_at = rig.control.status(run_id).ended_at
    assert ended_at is not None
    later = ended_at.replace(year=ended_at.year + 1)
    assert HistoryMirror(rig.control, Sink(), since=later).sync() == 0


def test_what_a_step_went_through_can_be_read_in_the_log_of_its_run(rig: Rig) -> None:
    sink = Sink()
    retry = {"attempts": 2, "wait_s": 0.01}
    run_id = rig.run({"id": "a", "uses": "test.flaky", "with": {"times": 1}, "retry": retry})
    HistoryMirror(rig.control, sink).sync()
    mine = [(line.step_id, line.level, line.text) for line in sink.lines if line.run_id == run_id]
    assert mine == [
        ("a", "debug", "test.flaky starts, attempt 1 of 2"),
        ("a", "warning", "attempt 1 failed, the next one in 0.0 s: test.read: try 1"),
        ("a", "debug", "test.flaky starts, attempt 2 of 2"),
        ("a", "debug", "test.flaky is done"),
    ]


def test_log_lines_that_the_sink_refused_are_handed_over_again(rig: Rig) -> None:
    sink = Sink()
    mirror = HistoryMirror(rig.control, sink)
    run_id = rig.run({"id": "a", "uses": "test.echo"})
    sink.is_broken = True
    with pytest.raises(OSError, match="the disk is full"):
        mirror.sync()
    sink.is_broken = False
    mirror.sync()
    mirror.sync()
    texts = [line.text for line in sink.lines if line.run_id == run_id]
    assert texts == ["test.echo starts, attempt 1 of 1", "test.echo is done"]


def test_what_is_logged_outside_of_a_step_is_in_no_log(rig: Rig) -> None:
    sink = Sink()
    mirror = HistoryMirror(rig.control, sink)
    rig.start()
    mirror.sync()
    sink.lines.clear()
    logging.getLogger("core.flow.engine").info("nobody's line")
    mirror.sync()
    assert sink.lines == []
