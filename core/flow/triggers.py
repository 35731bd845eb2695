"""The clock of the desk: it only puts due runs into the queue, so that two clocks fire once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.executors.base import BaseExecutor
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.job import Job
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from core.flow.client import run_id_at
from core.flow.control import Control
from core.flow.due import fire_times, judge, next_fire, schedule
from core.flow.spec import Workflow

__all__ = ["Ticker", "fire_times", "next_fire", "schedule"]

BEAT_S = 5.0
_CATCH_UP = timedelta(days=7)

log = logging.getLogger(__name__)

InputsFor = Callable[[datetime], Mapping[str, Any]]
OnMissed = Callable[[str, datetime], None]


class Ticker:
    """Fires workflows by their schedules, and small housekeeping functions by intervals."""

    def __init__(
        self,
        control: Control,
        workflows: Mapping[str, Workflow],
        inputs_for: InputsFor,
        on_missed: OnMissed,
    ) -> None:
        """`inputs_for` gives the inputs of a run at an instant, with `as_of` among them.

        `on_missed` is told the workflow and the fire time that was passed over; after a restart
        it may be told again.
        """
        self._control, self._inputs_for, self._on_missed = control, inputs_for, on_missed
        self._workflows = {key: item for key, item in workflows.items() if item.schedule}
        self._must_catch_up = False
        self._reported: set[str] = set()
        self.last_tick_at: datetime | None = None
        executors = {"default": _Enqueuer(self._submit), "housekeeping": ThreadPoolExecutor(4)}
        self._scheduler = BackgroundScheduler(timezone=UTC, executors=executors)

    def start(self) -> None:
        """Start what is due since the last stop, then keep the time."""
        for workflow in self._workflows.values():
            # All missed times reach `_submit`; the rule of the workflow decides about them there.
            self._scheduler.add_job(
                _nothing, _DueTrigger(workflow), id=workflow.id, coalesce=False,
                misfire_grace_time=None,
            )  # fmt: skip
        self.add_interval("beat", BEAT_S, self._beat)
        self._catch_up()
        self._beat()
        self._scheduler.start()

    def stop(self) -> None:
        """Stop; waits for housekeeping that is running."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def next_fires(self) -> dict[str, datetime]:
        """Return when each workflow is due next, by its id."""
        now = datetime.now(UTC)
        found = ((key, next_fire(item, now)) for key, item in self._workflows.items())
        return {key: instant for key, instant in found if instant is not None}

    def add_interval(self, name: str, seconds: float, function: Callable[[], object]) -> None:
        """Call `function` every `seconds`, never twice at once; its errors are logged."""
        self._scheduler.add_job(
            function, IntervalTrigger(seconds=seconds, timezone=UTC), id=f"interval:{name}",
            executor="housekeeping", coalesce=True, misfire_grace_time=None, max_instances=1,
        )  # fmt: skip

    def _beat(self) -> None:
        if self._must_catch_up:
            self._catch_up()
        self.last_tick_at = datetime.now(UTC)

    def _catch_up(self) -> None:
        """Look at the fire times since each workflow's newest run, at most a week back."""
        self._must_catch_up = False
        now = datetime.now(UTC)
        for workflow in self._workflows.values():
            newest = self._control.newest_instant(workflow.id)
            # A workflow that never ran has missed nothing but what is still within its grace.
            after = now - workflow.misfire.grace if newest is None else max(newest, now - _CATCH_UP)
            self._submit(workflow.id, list(fire_times(workflow, after, now)))

    def _submit(self, workflow_id: str, due: Sequence[datetime]) -> None:
        try:
            self._fire(self._workflows[workflow_id], due)
        except Exception:
            # The database may be away for a moment: the next beat looks again.
            self._must_catch_up = True
            log.exception("could not start %s", workflow_id)

    def _fire(self, workflow: Workflow, due: Sequence[datetime]) -> None:
        judged = judge(workflow.misfire, due, datetime.now(UTC))
        for instant in judged.missed:
            self._report(workflow.id, instant)
        for instant in judged.run:
            run_id = run_id_at(workflow.id, instant)
            self._control.start(workflow.id, self._inputs_for(instant), run_id)

    def _report(self, workflow_id: str, instant: datetime) -> None:
        run_id = run_id_at(workflow_id, instant)
        if run_id not in self._reported:
            log.warning("%s was due at %s and was missed", workflow_id, instant)
            self._on_missed(workflow_id, instant)
            self._reported.add(run_id)


class _DueTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler is untyped
    """Asks our own rules for the next fire time."""

    def __init__(self, workflow: Workflow) -> None:
        self._workflow = workflow

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime | None:
        return next_fire(self._workflow, previous or now)


class _Enqueuer(BaseExecutor):  # type: ignore[misc]  # APScheduler is untyped
    """Runs nothing itself: hands every due job with its fire times over."""

    def __init__(self, submit: Callable[[str, Sequence[datetime]], None]) -> None:
        super().__init__()
        self._submit = submit

    def _do_submit_job(self, job: Job, run_times: Sequence[datetime]) -> None:
        self._submit(job.id, [time.astimezone(UTC) for time in run_times])
        self._run_job_success(job.id, [])


def _nothing() -> None:
    """Stand for a job; the executor starts the run."""
