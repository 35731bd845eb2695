"""Give the work of dead processes back to the queues; PostgreSQL only.

At launch DBOS recovers its own executor id alone, so somebody has to look after the others.
"""

from __future__ import annotations

import logging
import os
import socket
import threading

import sqlalchemy as sa
from dbos import DBOS

from core.flow.tables import executors

BEAT_S, DEAD_AFTER_S = 1.0, 6.0

log = logging.getLogger(__name__)


class Watchdog:
    """Beats for this process and recovers those whose beat has stopped."""

    def __init__(self, database: sa.Engine, executor_id: str) -> None:
        self._database, self._executor_id = database, executor_id
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="flow-watchdog", daemon=True)

    def register(self) -> None:
        """Beat for the first time; before any work is taken, so that no death goes unnoticed."""
        with self._database.begin() as connection:
            self._beat(connection, _database_time(connection))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop beating; this process is then recovered by the others like a dead one."""
        self._stop.set()
        self._thread.join(timeout=10)

    def tick(self) -> list[str]:
        """Beat once, recover the dead, and return their ids."""
        with self._database.begin() as connection:
            now = _database_time(connection)
            self._beat(connection, now)
            limit = now - DEAD_AFTER_S
            dead = sa.select(executors.c.id).where(executors.c.seen < limit)
            ids = list(connection.scalars(dead))
        if ids:
            # Compare-and-set on the executor id inside DBOS: several watchdogs do no harm.
            DBOS._recover_pending_workflows(ids)
            log.warning("took over the work of %s", ids)
            with self._database.begin() as connection:
                gone = sa.and_(executors.c.id.in_(ids), executors.c.seen < limit)
                connection.execute(sa.delete(executors).where(gone))
        return ids

    def _run(self) -> None:
        while not self._stop.wait(BEAT_S):
            try:
                self.tick()
            except Exception:
                log.exception("the watchdog missed a beat")

    def _beat(self, connection: sa.Connection, now: float) -> None:
        values = {"seen": now, "pid": os.getpid(), "host": socket.gethostname()}
        mine = executors.c.id == self._executor_id
        if not connection.execute(sa.update(executors).where(mine).values(values)).rowcount:
            connection.execute(sa.insert(executors).values(id=self._executor_id, **values))


def _database_time(connection: sa.Connection) -> float:
    """Read one clock for all processes: the database's."""
    query = sa.select(sa.extract("epoch", sa.func.clock_timestamp()))
    return float(connection.execute(query).scalar_one())
