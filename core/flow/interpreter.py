"""Run any workflow: two generic DBOS workflows that follow the snapshot in their input."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo

from dbos import DBOS, SetWorkflowID, StepOptions, WorkflowHandle

from core.domain.flow import Json
from core.errors import AppError, ConfigurationError
from core.flow import runtime
from core.flow.catalog import STEPS, Body, StepContext
from core.flow.client import NODE, POLL_S, RUN, as_of
from core.flow.logbook import inside
from core.flow.spec import Node, Workflow, skip_reason

if TYPE_CHECKING:
    from core.steps.services import Services

log = logging.getLogger(__name__)

RESULT_LIMIT = 256 * 1024  # bytes of JSON; bigger data goes to the store, a step returns its id


class NodeFailedError(AppError):
    """A node failed whose `on_error` is fail."""


@DBOS.workflow(name=RUN)
def run(spec: Json, inputs: Json) -> Json:
    """Run the snapshot of a workflow; the result of each node by its id."""
    workflow = Workflow.model_validate(spec)
    results: dict[str, Json] = {}
    for wave in workflow.waves():
        skipped = {node.id: reason for node in wave if (reason := skip_reason(node, results))}
        results.update({node_id: {"skipped": reason} for node_id, reason in skipped.items()})
        todo = [node for node in wave if node.id not in skipped]
        tasks = {node.id: _task(workflow, node, inputs, results) for node in todo}
        outcomes = _run_wave(todo, tasks)
        results.update({node.id: _result(node, outcomes[node.id]) for node in todo})
    return results


@DBOS.workflow(name=NODE)
def node(task: Json) -> Json:
    """Run one queued node, maybe in another process."""
    return _run_body(task)


def _run_wave(todo: Sequence[Node], tasks: Mapping[str, Json]) -> dict[str, Json]:
    """Start the queued nodes, run the others here meanwhile, then collect.

    A failure is raised by the caller after all have ended, so that nothing is left running.
    """
    children: dict[str, WorkflowHandle[Json]] = {}
    for queued in (node for node in todo if node.queue):
        with SetWorkflowID(f"{DBOS.workflow_id}/{queued.id}"):
            children[queued.id] = _start_child(str(queued.queue), tasks[queued.id])
    outcomes = {item.id: _run_body(tasks[item.id]) for item in todo if not item.queue}
    # DBOS would wait without noticing a stop, and hold up the end of the process.
    runtime.running().wait_for_children([child.workflow_id for child in children.values()])
    for node_id, child in children.items():
        outcomes[node_id] = child.get_result(polling_interval_sec=POLL_S)
    return outcomes


def _start_child(queue: str, task: Json) -> WorkflowHandle[Json]:
    """Let any process take the node; one that is alone need not wait for its own queue."""
    if runtime.running().is_alone:
        return DBOS.start_workflow(node, task)
    return DBOS.enqueue_workflow(queue, node, task)


def _task(workflow: Workflow, item: Node, inputs: Json, results: Mapping[str, Json]) -> Json:
    schedule = workflow.schedule
    return {
        "run_id": DBOS.workflow_id,
        "workflow_id": workflow.id,
        "timezone": schedule.timezone if schedule else "America/New_York",
        "node": item.model_dump(mode="json", by_alias=True),
        "inputs": inputs,
        "results": {needed: results[needed] for needed in item.needs},
    }


def _run_body(task: Json) -> Json:
    engine = runtime.running()
    with engine.slot(task["node"]["queue"]), engine.body():
        options = StepOptions(name=task["node"]["id"])
        return DBOS.run_step(options, _attempts, engine, task)


def _attempts(engine: runtime.Runtime, task: Json) -> Json:
    """Call the body until it succeeds or must not be tried again.

    The outcome is returned, not raised: an error comes back from the database without its class.
    """
    item, started_ms = Node.model_validate(task["node"]), _now_ms()
    attempt = 1
    while (outcome := _attempt(engine, item, task, attempt)) is None:
        engine.pause(item.retry.wait_after(attempt))
        attempt += 1
    # DBOS on SQLite keeps whole seconds for queued nodes, so the times are kept here.
    return {**outcome, "attempts": attempt, "started_ms": started_ms, "ended_ms": _now_ms()}


def _attempt(engine: runtime.Runtime, item: Node, task: Json, attempt: int) -> Json | None:
    """Call the body once; None where it is worth trying again."""
    with inside(task["run_id"], item.id):
        log.debug("%s starts, attempt %s of %s", item.uses, attempt, item.retry.attempts)
        try:
            result = _checked(_body(item)(_context(engine, item, task)))
        except Exception as error:  # noqa: BLE001 - the edge of the engine
            if attempt >= item.retry.attempts or not getattr(error, "retryable", False):
                return _error(error)
            wait_s = item.retry.wait_after(attempt)
            log.warning("attempt %s failed, the next one in %.1f s: %s", attempt, wait_s, error)
            return None
        log.debug("%s is done", item.uses)
        return {"result": result}


def _error(error: Exception) -> Json:
    kind = type(error).__name__
    message = str(error) if isinstance(error, AppError) else f"{kind}: {error}"
    log.warning("a step failed: %s", message, exc_info=not isinstance(error, AppError))
    return {"error": message, "error_kind": kind}


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _body(item: Node) -> Body:
    if item.uses not in STEPS:
        raise ConfigurationError(f"there is no step {item.uses!r} in this process")
    return STEPS[item.uses]


def _context(engine: runtime.Runtime, item: Node, task: Json) -> StepContext:
    instant = as_of(task["inputs"])
    return StepContext(
        run_id=task["run_id"],
        workflow_id=task["workflow_id"],
        node_id=item.id,
        as_of=instant,
        session_date=_session_date(task, instant),
        inputs=task["inputs"],
        results=task["results"],
        options=item.options,
        # The nodes that a worker takes use nothing that only the desk's process has.
        services=cast("Services", engine.services),
    )


def _session_date(task: Json, instant: datetime) -> date:
    if given := task["inputs"].get("session_date"):
        return date.fromisoformat(given)
    return instant.astimezone(ZoneInfo(task["timezone"])).date()


def _checked(result: Json) -> Json:
    text = json.dumps(result, allow_nan=False)
    if len(text) > RESULT_LIMIT:
        raise ValueError(f"the result has {len(text)} bytes of JSON, more than {RESULT_LIMIT}")
    return dict(json.loads(text))


def _result(item: Node, outcome: Json) -> Json:
    if "error" not in outcome:
        return dict(outcome["result"])
    if item.on_error == "fail":
        raise NodeFailedError(f"{item.id}: {outcome['error']}")
    return {"error": outcome["error"], "error_kind": outcome["error_kind"]}
