"""Calls of language models: what they answered is there to be used again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.domain.model_calls import ModelCall
from core.storage.connection import Store
from core.storage.facts import FactTable

CALLS = FactTable(
    name="model_calls",
    model=ModelCall,
    keys=("call_id",),
    columns=(
        "call_id", "request_sha256", "subject_id", "stage", "engine", "status", "run_id",
        "requested_at", "usage.cost_usd",
    ),
)  # fmt: skip


class ModelCalls:
    """Everything that was asked of models."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(self, calls: Sequence[ModelCall]) -> None:
        CALLS.append(self._store, calls)

    def answered(self, request_sha256: str) -> ModelCall | None:
        """Return the first call that answered this request, None where none did."""
        condition = "request_sha256 = ? and status = 'answered' order by rowid limit 1"
        found = CALLS.find(self._store, condition, (request_sha256,))
        return found[0] if found else None

    def of_subject(self, subject_id: str) -> list[ModelCall]:
        """Return the calls about one headline, snapshot or insight, in their order."""
        return CALLS.find(self._store, "subject_id = ? order by rowid", (subject_id,))

    def between(self, start: datetime, end: datetime) -> list[ModelCall]:
        """Return the calls of [start, end), in their order."""
        condition = "requested_at >= ? and requested_at < ? order by rowid"
        return CALLS.find(self._store, condition, (start, end))
