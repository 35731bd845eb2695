"""The mirror hands over what changed, once."""

from __future__ import annotations

import pytest

from core.domain.flow import RunRecord, RunState, StepRecord
from core.flow.history import HistoryMirror
from tests.flow.conftest import Rig


class Sink:
    def __init__(self) -> None:
        self.runs: list[RunRecord] = []
        self.steps: list[StepRecord] = []
        self.is_broken = False

    def append_runs(self, records: list[RunRecord]) -> None:
        if self.is_broken:
            raise OSError("the disk is full")
        self.runs.extend(records)

    def append_steps(self, records: list[StepRecord]) -> None:
        self.steps.extend(records)


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
