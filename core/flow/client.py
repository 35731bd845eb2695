"""Put runs into the engine's queue; needs no engine in its own process."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from dbos import DBOSClient, DBOSPortableJSONSerializer
from dbos import EnqueueOptions as Options

from core.errors import ConfigurationError
from core.flow.spec import Workflow

# Change it by hand, and only when the two workflows of engine.py change their shape:
# runs in flight then need a fork.
APP_VERSION = "flow-1"
APPLICATION = "convergence"
RUN, NODE = "run", "node"
RUNS_QUEUE = "runs"
POLL_S = 0.05
OPEN = ["ENQUEUED", "DELAYED", "PENDING"]

_INSTANT = "%Y%m%dT%H%M%SZ"


class RunClient:
    """The engine's client on our own database connections."""

    def __init__(self, database: sa.Engine) -> None:
        self._database = database
        self._rows = sa.table(
            "workflow_status",
            sa.column("workflow_uuid"),
            sa.column("status"),
            schema=None if database.dialect.name == "sqlite" else "dbos",
        )
        self._open = sa.select(sa.func.count()).where(self._rows.c.status.in_(OPEN))
        # JSON instead of pickle: who can write the database must not be able to run code.
        self.dbos = DBOSClient(
            system_database_engine=database,
            serializer=DBOSPortableJSONSerializer(),
            application_name=APPLICATION,
        )

    def enqueue(self, workflow: Workflow, inputs: Mapping[str, Any], run_id: str) -> str:
        """Put a run into the queue; the same id twice is one run."""
        self.dbos.enqueue(_options(run_id), workflow.snapshot(), dict(inputs))
        return run_id

    def enqueue_in_transaction(
        self, connection: sa.Connection, workflow: Workflow, inputs: Mapping[str, Any], run_id: str
    ) -> None:
        """Put a run into the queue if and only if the caller's transaction commits."""
        self.dbos.enqueue_in_transaction(
            connection, _options(run_id), workflow.snapshot(), dict(inputs)
        )

    def count_open(self, run_ids: Sequence[str] | None = None) -> int:
        """Count what is queued or running, of these runs or of all."""
        # Waiting asks this many times a second, and DBOS would build whole runs for it.
        query = self._open
        if run_ids is not None:
            query = query.where(self._rows.c.workflow_uuid.in_(run_ids))
        with self._database.begin() as connection:
            return int(connection.execute(query).scalar_one())

    def close(self) -> None:
        self.dbos.destroy()


def run_id_at(workflow_id: str, instant: datetime) -> str:
    return f"{workflow_id}@{instant.astimezone(UTC).strftime(_INSTANT)}"


def instant_of(run_id: str) -> datetime | None:
    """Return the instant in a run id, None where it holds something else."""
    if not (match := re.fullmatch(r"[a-z0-9_]+@(\d{8}T\d{6}Z)", run_id)):
        return None
    return datetime.strptime(match[1], _INSTANT).replace(tzinfo=UTC)


def as_of(inputs: Mapping[str, Any]) -> datetime:
    """Return the desk's instant of a run.

    Raises: ConfigurationError if the inputs have none, or one without a time zone.
    """
    try:
        instant = datetime.fromisoformat(str(inputs["as_of"]))
    except (KeyError, ValueError):
        raise ConfigurationError("the inputs of a run need as_of, an ISO time") from None
    if instant.tzinfo is None:
        raise ConfigurationError(f"as_of needs a time zone, not {inputs['as_of']!r}")
    return instant.astimezone(UTC)


def _options(run_id: str) -> Options:
    return {
        "workflow_name": RUN,
        "queue_name": RUNS_QUEUE,
        "workflow_id": run_id,
        "app_version": APP_VERSION,
    }
