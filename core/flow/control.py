"""Start, watch, stop and repeat runs; needs no engine in its own process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Container, Mapping
from datetime import datetime
from typing import Any

from dbos import SetWorkflowID, WorkflowStatus

from core.domain.flow import RunRecord, RunState, RunStatus, StepStatus
from core.errors import InvalidTransitionError, NotFoundError
from core.flow.client import (
    APP_VERSION,
    OPEN,
    RUN,
    RUNS_QUEUE,
    RunClient,
    as_of,
    instant_of,
    run_id_at,
)
from core.flow.progress import child_ids, run_record, step_statuses
from core.flow.spec import Workflow

_LOOK_EVERY_S = 0.01


class Control:
    """The operator's hand on the runs."""

    def __init__(self, client: RunClient, workflows: Mapping[str, Workflow]) -> None:
        self._client, self._dbos, self._workflows = client, client.dbos, workflows

    def workflow(self, workflow_id: str) -> Workflow:
        """Return a workflow. Raises: NotFoundError."""
        try:
            return self._workflows[workflow_id]
        except KeyError:
            raise NotFoundError(f"there is no workflow {workflow_id!r}") from None

    def start(self, workflow_id: str, inputs: Mapping[str, Any], run_id: str | None = None) -> str:
        """Put a run into the queue and return its id; the same id twice is one run."""
        workflow, instant = self.workflow(workflow_id), as_of(inputs)
        run_id = run_id or run_id_at(workflow_id, instant)
        return self._client.enqueue(workflow, inputs, run_id)

    def status(self, run_id: str) -> RunStatus:
        """Return one run. Raises: NotFoundError."""
        return _status(self._record(run_id))

    def steps(self, run_id: str) -> list[StepStatus]:
        """Return every node of the run's snapshot, also those that have not run yet."""
        return self.steps_of(self._record(run_id))

    def steps_of(self, record: RunRecord) -> list[StepStatus]:
        rows = self._dbos.list_workflow_steps(record.run_id)
        ids = child_ids(rows)
        found = self._dbos.list_workflows(workflow_ids=list(ids.values())) if ids else []
        by_id = {row.workflow_id: row for row in found}
        children = {node: by_id[child] for node, child in ids.items() if child in by_id}
        return step_statuses(record, rows, children)

    def runs(self, limit: int = 100, workflow: str | None = None) -> list[RunStatus]:
        """Return runs, the newest first."""
        prefix = None if workflow is None else f"{workflow}@"
        rows = self._dbos.list_workflows(
            name=RUN, workflow_id_prefix=prefix, limit=limit, sort_desc=True
        )
        found = [_status(run_record(row)) for row in rows]
        # SQLite keeps whole seconds, so the desk's instant decides among equals.
        return sorted(found, key=lambda run: (run.created_at, str(run.as_of)), reverse=True)

    def changed_since(self, instant: datetime, known: Container[str] = ()) -> list[RunRecord]:
        """Return what has ended since, and everything still open, without the known runs."""
        ended = self._dbos.list_workflows(name=RUN, completed_after=instant.isoformat())
        open_ = self._dbos.list_workflows(name=RUN, status=OPEN)
        rows = {row.workflow_id: row for row in (*open_, *ended)}
        return [run_record(row) for run_id, row in rows.items() if run_id not in known]

    def newest_instant(self, workflow_id: str) -> datetime | None:
        """Return the newest fire time that was started, None if none ever was."""
        rows = self._dbos.list_workflows(
            name=RUN, workflow_id_prefix=f"{workflow_id}@", limit=200, sort_desc=True,
            load_input=False, load_output=False,
        )  # fmt: skip
        instants = [found for row in rows if (found := instant_of(row.workflow_id))]
        return max(instants, default=None)

    def wait(self, run_id: str, timeout_s: float) -> RunStatus:
        """Wait for the end of a run; returns an open one if the time is up."""
        _until(lambda: not self._client.count_open([run_id]), timeout_s)
        return self.status(run_id)

    def wait_idle(self, timeout_s: float) -> bool:
        """Wait until no run is open or queued, follow-ups included."""
        return _until(lambda: not self._client.count_open(), timeout_s)

    def cancel(self, run_id: str) -> None:
        """Stop a run before its next node; a body that is running ends by itself."""
        status = self.status(run_id).status
        if not status.is_open:
            raise InvalidTransitionError(f"run {run_id} is {status}, it cannot be cancelled")
        self._dbos.cancel_workflow(run_id, cancel_children=True)

    def resume(self, run_id: str) -> None:
        """Let a cancelled run go on where it was."""
        status = self.status(run_id).status
        if status is not RunState.CANCELLED:
            raise InvalidTransitionError(f"run {run_id} is {status}, only a cancelled one resumes")
        # Children first: a parent that finds a cancelled child fails at once.
        cancelled = self._dbos.list_workflows(parent_workflow_id=run_id, status="CANCELLED")
        for child in cancelled:
            queue = _first_argument(child)["node"]["queue"]
            self._dbos.resume_workflow(child.workflow_id, queue_name=queue)
        self._dbos.resume_workflow(run_id, queue_name=RUNS_QUEUE)

    def fork(self, run_id: str, node_id: str) -> str:
        """Run again from one node on, as a new run; effects do not repeat, their keys are kept."""
        start = self._place_of(run_id, node_id)
        copies = self._dbos.list_workflows(forked_from=run_id, load_input=False, load_output=False)
        new_id = f"{run_id}~{len(copies) + 1}"
        with SetWorkflowID(new_id):
            self._dbos.fork_workflow(
                run_id, start, application_version=APP_VERSION, queue_name=RUNS_QUEUE
            )
        return new_id

    def _place_of(self, run_id: str, node_id: str) -> int:
        record = self._record(run_id)
        if record.status.is_open:
            raise InvalidTransitionError(f"run {run_id} is {record.status}, cancel it first")
        rows = self._dbos.list_workflow_steps(run_id, load_output=False)
        for row in rows:
            child = row["child_workflow_id"]
            if (child or "").endswith(f"/{node_id}") or (
                child is None and row["function_name"] == node_id
            ):
                return int(row["function_id"])
        raise NotFoundError(f"run {run_id} has not run a node {node_id!r}")

    def _record(self, run_id: str) -> RunRecord:
        rows = self._dbos.list_workflows(workflow_ids=[run_id], name=RUN)
        if not rows:
            raise NotFoundError(f"there is no run {run_id!r}")
        return run_record(rows[0])


def _status(record: RunRecord) -> RunStatus:
    return RunStatus.model_validate(record.model_dump(include=set(RunStatus.model_fields)))


def _first_argument(row: WorkflowStatus) -> dict[str, Any]:
    return dict((row.input or {"args": [{}]})["args"][0])


def _until(is_true: Callable[[], bool], timeout_s: float) -> bool:
    deadline, never = time.monotonic() + timeout_s, threading.Event()
    while not is_true():
        if time.monotonic() >= deadline:
            return False
        never.wait(_LOOK_EVERY_S)
    return True
