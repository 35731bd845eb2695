"""Start workflows, watch them, and run them again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from core.domain.flow import ApprovalState, RunStatus, StepStatus
from core.domain.reports import FeedReport, PendingReport, RunReport, StepReport, TacticReport
from core.errors import DomainError, FileError, NotFoundError, StaleError
from core.flow.control import Control
from core.flow.diagram import mermaid
from core.flow.due import replayed
from core.flow.loader import LoadedWorkflows
from core.flow.spec import Workflow
from core.flow.triggers import fire_times, next_fire
from core.replay import run_inputs
from core.steps.services import Services

NEW_YORK = ZoneInfo("America/New_York")


class Runs:
    """The workflows and their runs."""

    def __init__(self, services: Services, control: Control, workflows: LoadedWorkflows) -> None:
        self._services, self._control, self._loaded = services, control, workflows

    def workflows(self) -> Mapping[str, Workflow]:
        return self._loaded.workflows

    def file_errors(self) -> tuple[FileError, ...]:
        """Return what is wrong with the workflow files; the others run."""
        return self._loaded.errors

    def start(self, workflow_id: str, session_date: date | None = None) -> str:
        """Start a scheduled workflow for a session (default: today's) and return its run id.

        Raises: NotFoundError, DomainError where the workflow has no slot on that day.
        """
        instant = self._slot(workflow_id, session_date or self._today())
        return self._control.start(workflow_id, self._inputs(instant))

    def report(self, run_id: str) -> RunReport:
        """Return the run with its steps, its tactics and the approvals it is waiting for."""
        status, steps = self._control.status(run_id), self._control.steps(run_id)
        return RunReport(
            run_id=run_id,
            workflow=status.workflow,
            status=status.status,
            steps=tuple(StepReport(id=s.id, status=s.status, seconds=s.seconds) for s in steps),
            feeds=self._feeds(run_id),
            tactics=tuple(TacticReport.model_validate(t) for t in _tactics(steps)),
            pending=self._pending(run_id),
            error=status.error or "",
        )

    def wait(self, run_id: str, timeout_s: float = 120.0) -> RunReport:
        """Wait until the run and what it started have ended, then report."""
        self._control.wait(run_id, timeout_s)
        return self.report(run_id)

    def status(self, run_id: str) -> RunStatus:
        return self._control.status(run_id)

    def steps(self, run_id: str) -> list[StepStatus]:
        return self._control.steps(run_id)

    def recent(self, limit: int = 50, workflow_id: str | None = None) -> list[RunStatus]:
        return self._control.runs(limit, workflow_id)

    def diagram(self, workflow_id: str, run_id: str | None = None) -> str:
        """Return the workflow's graph as Mermaid text, coloured by the run's step states."""
        states = {step.id: step.status for step in self.steps(run_id)} if run_id else {}
        return mermaid(self._workflow(workflow_id), states)

    def next_due(self, workflow_id: str) -> datetime | None:
        """Return when the clock starts it next, None where only a decision does."""
        return next_fire(self._workflow(workflow_id), self._services.clock.now())

    def cancel(self, run_id: str) -> None:
        self._control.cancel(run_id)

    def resume(self, run_id: str) -> None:
        self._control.resume(run_id)

    def fork(self, run_id: str, step_id: str) -> str:
        """Run again from one step on, under a new id; no effect happens twice."""
        return self._control.fork(run_id, step_id)

    def again(self, run_id: str) -> str:
        """Run again from the first step on, under a new id; no effect happens twice."""
        steps = self._control.steps(run_id)
        if not steps:
            raise NotFoundError(f"run {run_id!r} has no steps to run again")
        return self._control.fork(run_id, steps[0].id)

    def _workflow(self, workflow_id: str) -> Workflow:
        workflow = self._loaded.workflows.get(workflow_id)
        if workflow is None:
            known = ", ".join(sorted(self._loaded.workflows))
            raise NotFoundError(f"there is no workflow {workflow_id!r}; known are {known}")
        return workflow

    def _slot(self, workflow_id: str, session_date: date) -> datetime:
        workflow = self._workflow(workflow_id)
        if workflow.schedule is None:
            raise DomainError(f"{workflow_id} is started by a decision, not by hand")
        start = datetime.combine(session_date, time(0), NEW_YORK).astimezone(UTC)
        kept = replayed(workflow) if self._services.clock.is_replay else workflow
        after, until = start - timedelta(seconds=1), start + timedelta(days=1)
        # on a day that the replay leaves out, the real rhythm says when it would have been
        slots = list(fire_times(kept, after, until)) or list(fire_times(workflow, after, until))
        if not slots:
            raise DomainError(f"{workflow_id} has no slot on {session_date}: no trading session")
        return slots[0] if self._services.clock.is_replay else self._slot_until_now(slots)

    def _slot_until_now(self, slots: Sequence[datetime]) -> datetime:
        """Return the one slot of a day; of many, this moment today and the last one of a past day.

        Raises: DomainError for what lies in the future.
        """
        now = self._services.clock.now().replace(microsecond=0)
        if slots[0] > now:
            at = slots[0].astimezone(NEW_YORK)
            raise DomainError(f"it is due at {at:%Y-%m-%d %H:%M} ET and cannot run before")
        if len(slots) == 1:
            return slots[0]
        is_today = now.astimezone(NEW_YORK).date() == slots[0].astimezone(NEW_YORK).date()
        return now if is_today else slots[-1]

    def _inputs(self, instant: datetime) -> dict[str, Any]:
        inputs = run_inputs(instant)
        if not self._services.clock.is_replay:
            return inputs
        position = self._services.state.replay_position()
        if position is None or instant >= position:
            self._services.state.advance_replay(instant)
            return inputs
        return inputs | {"backfill": True}

    def _today(self) -> date:
        today = self._services.clock.now().astimezone(NEW_YORK).date()
        if self._services.clock.is_replay and self._services.state.replay_position() is None:
            raise StaleError("the replay has not begun; name a session with --date")
        return today

    def _feeds(self, run_id: str) -> tuple[FeedReport, ...]:
        checks = self._services.storage.quality.checks_of(run_id)
        fields = set(FeedReport.model_fields)
        return tuple(FeedReport.model_validate(c.model_dump(include=fields)) for c in checks)

    def _pending(self, run_id: str) -> tuple[PendingReport, ...]:
        waiting = self._services.approvals.list(ApprovalState.PENDING)
        fields = set(PendingReport.model_fields)
        return tuple(
            PendingReport.model_validate(approval.model_dump(include=fields))
            for approval in waiting
            if approval.requested_by_run == run_id
        )


def _tactics(steps: list[StepStatus]) -> list[dict[str, Any]]:
    drafted = next((step.output for step in steps if step.uses == "tactic.draft"), None)
    return list((drafted or {}).get("tactics", []))
