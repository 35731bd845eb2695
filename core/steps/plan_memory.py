"""The plans of the newest snapshots, so that the next step need not make them again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Lock

from core.analysis.plan import Plan

KEPT = 2_000  # plans; a snapshot's id names all that they are made of, but for the setup files


class PlanMemory:
    """Lost with the process; what is not here is made again, the same."""

    def __init__(self) -> None:
        self._plans: dict[str, Plan] = {}
        self._lock = Lock()

    def keep(self, plans: Mapping[str, Plan]) -> None:
        """Keep plans by the ids of their snapshots; the oldest are forgotten."""
        with self._lock:
            self._plans |= plans
            for snapshot_id in list(self._plans)[: max(0, len(self._plans) - KEPT)]:
                del self._plans[snapshot_id]

    def of(self, snapshot_ids: Sequence[str]) -> dict[str, Plan]:
        with self._lock:
            return {key: self._plans[key] for key in snapshot_ids if key in self._plans}
