"""Copy runs and steps into the store, where they are looked at but never controlled."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from core.domain.base import Frozen, content_sha256
from core.domain.flow import LogLine, RunRecord, RunState, StepRecord
from core.flow.control import Control
from core.flow.logbook import LOGBOOK

RecordT = TypeVar("RecordT", bound=Frozen)

_OVERLAP = timedelta(seconds=5)  # a run may be committed later than the time it carries
_START = datetime(1970, 1, 1, tzinfo=UTC)


class HistorySink(Protocol):
    """Appends records; the same record twice does no harm."""

    def append_runs(self, records: list[RunRecord]) -> None: ...

    def append_steps(self, records: list[StepRecord]) -> None: ...

    def append_log_lines(self, lines: list[LogLine]) -> None: ...


class HistoryMirror:
    """Hands over what has changed since the last call."""

    def __init__(self, control: Control, sink: HistorySink, since: datetime | None = None) -> None:
        """`since` is how far the sink already is; None copies everything once."""
        self._control, self._sink = control, sink
        self._cursor = since or _START
        self._seen: dict[str, str] = {}
        self._settled: set[str] = set()

    def sync(self) -> int:
        """Copy, and return the number of records appended."""
        self._sync_log()
        next_cursor = datetime.now(UTC) - _OVERLAP
        changed = self._control.changed_since(self._cursor, self._settled)
        runs = self._unseen((record.run_id, record) for record in changed)
        steps = self._unseen(
            (f"{record.run_id}/{step.id}", StepRecord(run_id=record.run_id, **step.model_dump()))
            for record in changed
            for step in self._control.steps_of(record)
        )
        if runs:
            self._sink.append_runs(list(runs.values()))
        if steps:
            self._sink.append_steps(list(steps.values()))
        # Only what the sink has taken counts as seen: an error is tried again.
        self._seen.update({key: content_sha256(record) for key, record in (runs | steps).items()})
        self._settled.update(record.run_id for record in changed if _is_settled(record))
        self._cursor = next_cursor
        return len(runs) + len(steps)

    def _sync_log(self) -> None:
        lines = LOGBOOK.waiting()
        if lines:
            self._sink.append_log_lines(lines)
            LOGBOOK.taken(lines)

    def _unseen(self, records: Iterable[tuple[str, RecordT]]) -> dict[str, RecordT]:
        return {
            key: record for key, record in records if self._seen.get(key) != content_sha256(record)
        }


def _is_settled(record: RunRecord) -> bool:
    """Tell whether nothing can change any more; a cancelled run may still end a step, or resume."""
    return record.status in {RunState.SUCCEEDED, RunState.FAILED}
