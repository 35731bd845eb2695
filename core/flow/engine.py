"""The life of the engine: launch with all queues, stop between two nodes."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID

from core.flow import interpreter, runtime
from core.flow.client import (
    APP_VERSION,
    APPLICATION,
    POLL_S,
    RUNS_QUEUE,
    RunClient,
    as_of,
    run_id_at,
)
from core.flow.logbook import open_logbook
from core.flow.spec import Workflow
from core.flow.watchdog import Watchdog

if TYPE_CHECKING:
    from core.steps.services import WorkerServices

LOG = logging.getLogger(__name__)
SLOW_POLL_S = 0.5
WORKFLOWS = (interpreter.run, interpreter.node)  # their import registers them with DBOS


@dataclass(frozen=True)
class Queue:
    """How many at once, and how often an idle process looks."""

    name: str
    poll_s: float
    per_process: int | None = None
    overall: int | None = None


# Parents have a queue of their own: sharing one with their children would deadlock.
QUEUES = (
    Queue(RUNS_QUEUE, POLL_S, per_process=50),
    Queue("effects", POLL_S, overall=4),
    Queue("io", SLOW_POLL_S, per_process=8),
    Queue("cpu", SLOW_POLL_S, per_process=2),
)


class Engine:
    """Runs what is in the queues. One process at a time may use one `executor_id`."""

    def __init__(
        self,
        database: sa.Engine,
        url: str,
        services: WorkerServices,
        executor_id: str = "desk",
        listen: Iterable[str] | None = None,
    ) -> None:
        """`listen` names the queues of a worker process; None is the owner, who takes all."""
        self._database, self._url, self._services = database, url, services
        self._executor_id = executor_id
        self._listen = None if listen is None else list(listen)
        self._client = RunClient(database)
        self._is_alone = database.dialect.name == "sqlite"
        self._watchdog: Watchdog | None = None
        self._is_running = False

    def start(self) -> None:
        """Launch; unfinished runs of this executor id go on where they were."""
        if not self._is_alone:
            self._watchdog = Watchdog(self._database, self._executor_id)
            self._watchdog.register()
        open_logbook()
        runtime.install(runtime.Runtime(self._services, self._client, self._slots()))
        try:
            self._launch()
        except BaseException:
            self._destroy()
            raise
        self._is_running = True
        if self._watchdog is not None:
            self._watchdog.start()

    def _slots(self) -> dict[str, int] | None:
        """Return the limits to keep here where no other process can share the queues."""
        if not self._is_alone:
            return None
        limits = {queue.name: queue.overall or queue.per_process for queue in QUEUES}
        return {name: limit for name, limit in limits.items() if limit}

    def _launch(self) -> None:
        DBOS(config=self._config())
        logging.getLogger("dbos").addFilter(_is_news)
        if self._listen is not None:
            DBOS.listen_queues(self._listen)
        self._register_queues()
        DBOS.launch()

    def execute(self, workflow: Workflow, inputs: Mapping[str, Any]) -> str:
        """Run to the end in this process, past the queue; the same moment twice is one run.

        How it ended is on record: a failed run raises nothing here.
        """
        run_id = run_id_at(workflow.id, as_of(inputs))
        with SetWorkflowID(run_id):
            handle = DBOS.start_workflow(interpreter.run, workflow.snapshot(), dict(inputs))
        try:
            handle.get_result(polling_interval_sec=POLL_S)
        except (Exception, runtime.EngineStoppingError) as error:  # noqa: BLE001 - the engine's edge
            LOG.info("run %s has not succeeded: %s", run_id, error)
        return run_id

    def stop(self, timeout_s: float = 10.0) -> bool:
        """Stop between two nodes; False if a body still ran after `timeout_s`.

        What has not been recorded by then runs again at the next start.
        """
        if not self._is_running:
            return True
        is_idle = runtime.running().stop(timeout_s)
        if self._watchdog is not None:
            self._watchdog.stop()
        self._destroy()
        return is_idle

    def close(self) -> None:
        """Stop, and give the connections to the engine database back."""
        self.stop()
        self._client.close()
        self._database.dispose()

    def _destroy(self) -> None:
        DBOS.destroy(workflow_completion_timeout_sec=0)
        runtime.install(None)
        self._is_running = False

    def _register_queues(self) -> None:
        """Write the queues down before the launch, which else notices them a second later."""
        for queue in QUEUES:
            self._client.dbos.register_queue(
                queue.name,
                worker_concurrency=queue.per_process,
                global_concurrency=queue.overall,
                polling_interval_sec=self._poll_s(queue),
            )

    def _poll_s(self, queue: Queue) -> float:
        """Return how often to look; a process that is alone starts its nodes past their queues."""
        return SLOW_POLL_S if self._is_alone and queue.name != RUNS_QUEUE else queue.poll_s

    def _config(self) -> DBOSConfig:
        return DBOSConfig(
            name=APPLICATION,
            system_database_url=self._url,
            application_version=APP_VERSION,
            executor_id=self._executor_id,
            serializer=DBOSPortableJSONSerializer(),
            log_level="WARNING",
            # Nothing here waits for a notification; the listener's pause only delays a stop.
            notification_listener_polling_interval_sec=0.2,
            # A file does not hang up, so its connections need no test before each use.
            db_engine_kwargs={"pool_pre_ping": not self._is_alone},
        )


def _is_news(record: logging.LogRecord) -> bool:
    """Drop the traceback of a failed node: the interpreter has logged what failed."""
    return not (record.exc_info and isinstance(record.exc_info[1], interpreter.NodeFailedError))


def worker_queues() -> tuple[str, ...]:
    """Return the queues of a worker process: no whole runs, whose own nodes write the store."""
    return tuple(queue.name for queue in QUEUES if queue.name != RUNS_QUEUE)
