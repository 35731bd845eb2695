"""What the desk does by itself: the clock, the mirror of the runs, expiry, alerts."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from core.domain.flow import RunState
from core.errors import AppError
from core.flow.control import Control
from core.flow.history import HistoryMirror
from core.flow.loader import LoadedWorkflows
from core.flow.triggers import Ticker
from core.replay import run_inputs
from core.steps.alert import send_alert
from core.steps.services import Services

LOG = logging.getLogger(__name__)
MIRROR_SECONDS = 2.0
STALE_AFTER = timedelta(seconds=30)


class Housekeeping:
    """The clock and its small regular duties."""

    def __init__(self, services: Services, control: Control, workflows: LoadedWorkflows) -> None:
        self._services, self._control = services, control
        scheduled = {} if services.clock.is_replay else workflows.workflows
        self._ticker = Ticker(control, scheduled, run_inputs, self._missed)
        self._mirror = HistoryMirror(control, services.storage.history)

    def start(self) -> None:
        self._ticker.add_interval("mirror", MIRROR_SECONDS, self._duties)
        self._ticker.start()

    def stop(self) -> None:
        self._ticker.stop()

    def mirror(self) -> None:
        """Copy the newest runs and steps into the store, and alert on failed ones."""
        self._mirror.sync()

    def _duties(self) -> None:
        try:
            self.mirror()
            self._alert_on_failures()
            if not self._services.clock.is_replay:
                self._services.approvals.expire_due(self._services.clock.now())
        except AppError:
            LOG.exception("a regular duty failed; it is tried again in %s s", MIRROR_SECONDS)

    def _alert_on_failures(self) -> None:
        for run in self._control.runs(20):
            if run.status is RunState.FAILED:
                self._alert(f"alert:run:{run.run_id}", f"{run.workflow} failed", run.error or "")

    def _missed(self, workflow_id: str, instant: datetime) -> None:
        key = f"alert:missed:{workflow_id}@{instant:%Y%m%dT%H%M%SZ}"
        self._alert(key, f"{workflow_id} was missed", f"It was due at {instant.isoformat()}.")

    def _alert(self, key: str, title: str, body: str) -> None:
        send_alert(self._services.ledger, self._services.adapters.alerts, key, title, body)

    def clock_state(self) -> str:
        last = self._ticker.last_tick_at
        if last is None:
            return "not started"
        age = datetime.now(UTC) - last
        return "ok" if age < STALE_AFTER else f"no tick for {age.total_seconds():.0f} s"

    def engine_state(self) -> str:
        open_runs = sum(1 for run in self._control.runs(200) if run.status.is_open)
        return f"ok, {open_runs} open runs"

    def last_runs(self) -> dict[str, str]:
        """Map each workflow to its newest run's state."""
        newest: dict[str, str] = {}
        for run in self._control.runs(100):
            newest.setdefault(run.workflow, f"{run.status} {run.run_id}")
        return newest
