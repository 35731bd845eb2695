"""The engine's runs and steps, mirrored for the pages."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.flow import LogLine, RunRecord, StepRecord
from core.storage.connection import Store
from core.storage.facts import FactTable

RUNS = FactTable(
    name="runs",
    model=RunRecord,
    keys=("record_sha256",),
    identity="record_sha256",
    columns=(
        "run_id", "workflow", "version", "status", "as_of", "created_at", "started_at", "ended_at",
        "error",
    ),
)  # fmt: skip
STEPS = FactTable(
    name="steps",
    model=StepRecord,
    keys=("record_sha256",),
    identity="record_sha256",
    columns=(
        "run_id", "id", "uses", "status", "started_at", "ended_at", "seconds", "attempts", "error",
    ),
)  # fmt: skip
LOG_LINES = FactTable(
    name="log_lines",
    model=LogLine,
    keys=("line_sha256",),
    identity="line_sha256",
    columns=("run_id", "step_id", "logged_at", "level", "text"),
)


class History:
    """Where the flow engine writes what it ran; each change of a run or step is one row."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append_runs(self, records: Sequence[RunRecord]) -> None:
        RUNS.append(self._store, records)

    def append_steps(self, records: Sequence[StepRecord]) -> None:
        STEPS.append(self._store, records)

    def append_log_lines(self, lines: Sequence[LogLine]) -> None:
        LOG_LINES.append(self._store, lines)
