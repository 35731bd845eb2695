"""Turn what the engine has recorded into the state of runs and their nodes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from core.domain.flow import Json, RunRecord, RunState, StepState, StepStatus
from core.flow.spec import Node, Workflow, skip_reason, version_of

RUN_STATES = {
    "ENQUEUED": RunState.QUEUED,
    "DELAYED": RunState.QUEUED,
    "PENDING": RunState.RUNNING,
    "SUCCESS": RunState.SUCCEEDED,
    "ERROR": RunState.FAILED,
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": RunState.FAILED,
    "CANCELLED": RunState.CANCELLED,
}


class EngineRow(Protocol):
    """What we read of a DBOS workflow."""

    workflow_id: str
    status: Any
    input: Any
    output: Any
    error: Any
    created_at: int | None
    dequeued_at: int | None
    completed_at: int | None
    forked_from: str | None


@dataclass(frozen=True)
class _Entry:
    """What is recorded about one node."""

    state: StepState
    started_at: datetime | None = None
    outcome: Json = field(default_factory=dict)


def run_record(row: EngineRow) -> RunRecord:
    """Return the run with the snapshot and the inputs that it was started with."""
    spec, inputs = row.input["args"]
    return RunRecord(
        run_id=row.workflow_id,
        workflow=spec["id"],
        version=version_of(spec),
        status=RUN_STATES[row.status],
        as_of=inputs.get("as_of"),
        created_at=_instant(row.created_at) or datetime.fromtimestamp(0, UTC),
        started_at=_instant(row.dequeued_at),
        ended_at=_instant(row.completed_at),
        error=None if row.error is None else str(row.error),
        forked_from=row.forked_from,
        inputs=inputs,
        spec=spec,
    )


def child_ids(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the ids of the queued nodes' own runs by node id."""
    ids = (row["child_workflow_id"] for row in rows)
    return {str(item).rsplit("/", 1)[1]: str(item) for item in ids if item and "/" in str(item)}


def step_statuses(
    record: RunRecord, rows: Sequence[Mapping[str, Any]], children: Mapping[str, EngineRow]
) -> list[StepStatus]:
    """Join the snapshot with what has been recorded, in the order of the snapshot."""
    workflow = Workflow.model_validate(record.spec)
    entries = {**_inline(rows), **{key: _child(row) for key, row in children.items()}}
    results: dict[str, Json] = {}
    found: dict[str, StepStatus] = {}
    for wave in workflow.waves():
        is_here = record.status is RunState.RUNNING and _is_reached(wave, results)
        for node in wave:
            status = _status(node, entries.get(node.id), results)
            if is_here and status.status is StepState.PENDING and not node.queue:
                status = status.model_copy(update={"status": StepState.RUNNING})
                is_here = False  # the nodes without a queue run one after the other
            found[node.id] = status
            if (result := _result(node, status)) is not None:
                results[node.id] = result
    return [found[node.id] for node in workflow.nodes]


def _inline(rows: Iterable[Mapping[str, Any]]) -> dict[str, _Entry]:
    entries = {}
    for row in rows:
        outcome = row["output"]
        if row["child_workflow_id"] or not isinstance(outcome, dict):
            continue
        entries[row["function_name"]] = _Entry(_state(outcome), outcome=outcome)
    return entries


def _child(row: EngineRow) -> _Entry:
    if row.status == "SUCCESS":
        return _Entry(_state(row.output), outcome=row.output)
    if row.status == "PENDING":
        return _Entry(StepState.RUNNING, _instant(row.dequeued_at))
    if RUN_STATES[row.status] is RunState.FAILED:
        outcome = {"error": str(row.error or row.status), "error_kind": str(row.status)}
        return _Entry(StepState.FAILED, _instant(row.dequeued_at), outcome)
    return _Entry(StepState.PENDING)


def _status(node: Node, entry: _Entry | None, results: Mapping[str, Json]) -> StepStatus:
    if entry is None:
        reason = skip_reason(node, results) if results.keys() >= set(node.needs) else None
        if reason is None:
            return StepStatus(id=node.id, uses=node.uses, status=StepState.PENDING)
        output = {"skipped": reason}
        return StepStatus(id=node.id, uses=node.uses, status=StepState.SKIPPED, output=output)
    outcome = entry.outcome
    started, ended = outcome.get("started_ms"), outcome.get("ended_ms")
    return StepStatus(
        id=node.id,
        uses=node.uses,
        status=entry.state,
        started_at=_instant(started) or entry.started_at,
        ended_at=_instant(ended),
        seconds=None if started is None or ended is None else (ended - started) / 1000,
        attempts=outcome.get("attempts", 0),
        error=outcome.get("error"),
        error_kind=outcome.get("error_kind"),
        output=outcome.get("result"),
    )


def _result(node: Node, status: StepStatus) -> Json | None:
    """Return what later nodes see of this one, None if they cannot run."""
    if status.status is StepState.FAILED and node.on_error == "continue":
        return {"error": status.error, "error_kind": status.error_kind}
    if status.status in {StepState.SUCCEEDED, StepState.SKIPPED}:
        return status.output
    return None


def _is_reached(wave: Sequence[Node], results: Mapping[str, Json]) -> bool:
    return all(needed in results for node in wave for needed in node.needs)


def _state(outcome: Mapping[str, Any]) -> StepState:
    return StepState.FAILED if "error" in outcome else StepState.SUCCEEDED


def _instant(ms: int | None) -> datetime | None:
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC)
