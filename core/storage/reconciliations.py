"""Comparisons with the broker, what differed, and what the operator made of it."""

from __future__ import annotations

from datetime import UTC, datetime

from core.domain.reconciliation import (
    Adoption,
    Difference,
    DifferenceResolution,
    OpenDifference,
    ReconciliationRun,
    Standing,
    Traded,
    Verdict,
)
from core.errors import InvalidTransitionError
from core.storage.connection import Store
from core.storage.facts import FactTable

RUNS = FactTable(
    name="reconciliations",
    model=ReconciliationRun,
    keys=("reconciliation_id",),
    columns=("reconciliation_id", "run_id", "reconciled_at", "broker", "state"),
)
DIFFERENCES = FactTable(
    name="reconciliation_differences",
    model=Difference,
    keys=("difference_id",),
    columns=("difference_id", "kind", "subject", "blocks"),
)
RESOLUTIONS = FactTable(
    name="reconciliation_resolutions",
    model=DifferenceResolution,
    keys=("difference_id", "since"),
    columns=("difference_id", "since", "verdict", "actor", "resolved_at"),
)
ANSWERED = "state <> 'not_answered'"
NEWEST = "order by rowid desc limit 1"
ADOPTED = """
select d.body from reconciliation_resolutions r join reconciliation_differences d
using (difference_id) where r.verdict = ? order by r.rowid
"""
TRADED = """
select client_order_id, symbol,
    sum(if(side = 'buy', quantity, 0)), sum(if(side = 'buy', 0, quantity)),
    sum(if(side = 'buy', quantity, -quantity)::decimal(18, 6) * price::decimal(18, 6)), sum(fees),
    sum(quantity::decimal(18, 6) * price::decimal(18, 6)), count(*)
from fills group by client_order_id, symbol order by client_order_id, symbol
"""


class Reconciliations:
    """The comparisons of this account; the newest that was answered tells what is open."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._opened_at = datetime.now(UTC)

    def append(self, run: ReconciliationRun) -> None:
        """Keep a comparison with what differed."""
        with self._store.write() as cursor:
            if run.differences:
                DIFFERENCES.insert(cursor, self._store, run.differences)
            RUNS.insert(cursor, self._store, [run])

    def newest(self) -> ReconciliationRun | None:
        return self._first(f"true {NEWEST}")

    def newest_answered(self) -> ReconciliationRun | None:
        """Return the newest comparison that the broker answered."""
        return self._first(f"{ANSWERED} {NEWEST}")

    def standing(self) -> Standing:
        """Return what is open, and when this process has last heard the broker."""
        answered_at = self._store.all(
            f"select max(reconciled_at) from reconciliations where {ANSWERED} and stored_at >= ?",
            (self._opened_at,),
        )[0][0]
        return Standing(tuple(self.open_differences()), answered_at, self.newest())

    def open_differences(self) -> list[OpenDifference]:
        """Return what the newest answered comparison found and nobody has settled since."""
        run = self.newest_answered()
        if run is None or not run.differences:
            return []
        settled = self._settled()
        found = [OpenDifference(one, run.since[one.difference_id]) for one in run.differences]
        return [one for one in found if (one.difference_id, one.since) not in settled]

    def resolve(self, resolution: DifferenceResolution) -> None:
        """Keep what somebody made of an open difference.

        Raises: InvalidTransitionError for one that is not open, or not any more.
        """
        open_ = {(one.difference_id, one.since) for one in self.open_differences()}
        key = (resolution.difference_id, resolution.since)
        if key not in open_ or not RESOLUTIONS.append(self._store, [resolution]):
            raise InvalidTransitionError(
                f"the difference {resolution.difference_id[:12]} is not open any more; look again"
            )

    def adopted(self) -> list[Adoption]:
        """Return what was taken over from the broker, in order."""
        rows = self._store.all(ADOPTED, (Verdict.ADOPTED,))
        return [Difference.model_validate_json(body).adoption for (body,) in rows]

    def traded(self) -> list[Traded]:
        """Return the fills of each order, summed up as `core.domain.reconciliation.traded` does."""
        return [Traded(*row) for row in self._store.all(TRADED)]

    def owners(self) -> dict[str, str]:
        """Map each entry that the desk has asked for to its tactic."""
        rows = self._store.all("select client_order_id, tactic_id from order_requests")
        return dict(rows)

    def asked_for(self, client_order_id: str) -> tuple[str, int] | None:
        """Return the tactic and the version that an entry was asked for, None for others."""
        row = self._store.one(
            "select tactic_id, version from order_requests where client_order_id = ?",
            (client_order_id,),
        )
        return (str(row[0]), int(row[1])) if row else None

    def _settled(self) -> set[tuple[str, datetime]]:
        rows = self._store.all("select difference_id, since from reconciliation_resolutions")
        return {(difference_id, since) for difference_id, since in rows}

    def _first(self, condition: str) -> ReconciliationRun | None:
        found = RUNS.find(self._store, condition)
        return found[0] if found else None
