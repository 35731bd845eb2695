"""Runs and steps, as the engine mirrored them."""

from __future__ import annotations

import pandas as pd

from core.domain.flow import RunRecord
from core.storage.history import RUNS as RECORDS
from core.storage.views.base import StoreView

NEWEST_RUNS = """
select run_id, workflow, status, as_of, created_at, started_at, ended_at,
    epoch(ended_at - started_at) as seconds, error
from runs qualify row_number() over (partition by run_id order by rowid desc) = 1
"""
LAST_RUNS = f"""
select workflow, run_id, status, as_of, started_at, ended_at, seconds, error
from ({NEWEST_RUNS})
qualify row_number() over (partition by workflow order by created_at desc, run_id desc) = 1
order by workflow
"""
STEPS = """
with newest as (
    select *, min(rowid) over (partition by id) as first_row
    from steps where run_id = ?
    qualify row_number() over (partition by id order by rowid desc) = 1
)
select id, uses, status, started_at, ended_at, seconds, attempts, error,
    body->>'$.error_kind' as error_kind, body->>'$.output' as output
from newest order by started_at nulls last, first_row
"""
LOG = """
select logged_at, step_id, level, text from log_lines where run_id = ? order by logged_at, rowid
limit ?
"""


class RunViews(StoreView):
    """What the engine ran."""

    def runs(self, limit: int = 100) -> pd.DataFrame:
        """Return the newest runs, newest first.

        Shape: run_id, workflow, status, as_of, created_at, started_at, ended_at, seconds, error.
        """
        sql = f"from ({NEWEST_RUNS}) order by created_at desc, run_id desc limit ?"
        return self._store.frame(sql, (limit,))

    def last_runs(self) -> pd.DataFrame:
        """Return the newest run of each workflow with the columns of `Overview.runs`."""
        return self._store.frame(LAST_RUNS)

    def run(self, run_id: str) -> RunRecord:
        """Return one run with its inputs and the workflow as it was run.

        Raises: NotFoundError.
        """
        condition = "run_id = ? order by rowid desc limit 1"
        return RECORDS.get(self._store, run_id, condition, (run_id,))

    def steps(self, run_id: str) -> pd.DataFrame:
        """Return the steps of a run in the order they started.

        Shape: id, uses, status, started_at, ended_at, seconds, attempts, error, error_kind,
            output (JSON text).
        """
        return self._store.frame(STEPS, (run_id,))

    def run_log(self, run_id: str, limit: int = 1000) -> pd.DataFrame:
        """Return what the steps of a run logged, oldest first.

        Shape: logged_at, step_id, level, text.
        """
        return self._store.frame(LOG, (run_id, limit))
