"""How past plans have done, and the public ledger of them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from core.analysis.credibility import (
    KIND_AND_SIDE,
    calibrate,
    credibility,
    overall,
    reconcile,
)
from core.domain.track_record import LedgerHead, PlanRecord
from core.domain.views import TrackRecord
from core.errors import StoreError
from core.steps.services import Services
from core.storage.ledger import Ledger
from core.storage.views.track_record import TrackRecordViews

RESULT = (
    "outcome", "system_r", "actual_r", "slippage_r", "mae_r", "mfe_r", "resolved_at", "label",
)  # fmt: skip
PLAN = (
    "tactic_id", "version", "scenario_key", "symbol", "session_date", "timeframe", "setup", "side",
    "grade", "score", "published_at",
)  # fmt: skip


class TrackRecords:
    """Statistics of what is stored, and its export."""

    def __init__(self, services: Services) -> None:
        storage = services.storage
        self._storage, self._ledger = storage, Ledger(storage.store)
        self._views = TrackRecordViews(storage.store, storage.bars)

    def read(self) -> TrackRecord:
        """Return the whole track record."""
        plans = self._views.plan_records()
        return TrackRecord(
            total=overall(plans),
            rows=credibility(plans),
            rows_by_side=credibility(plans, KIND_AND_SIDE),
            calibration=calibrate(plans),
            resolved=_resolved(plans),
            reconciliation=reconcile(plans),
            ledger=self._ledger.head(),
        )

    def ledger_head(self) -> LedgerHead:
        return self._ledger.head()

    def export(self, folder: Path) -> LedgerHead:
        """Write the public ledger and the script that verifies it into `folder`.

        Raises: StoreError if the desk's own chain does not hold, see also `Ledger.export`.
        """
        report = self._storage.audit.verify()
        if not report.ok:
            raise StoreError(
                f"the audit chain does not hold at entry {report.first_bad}, so no ledger can be "
                "made of it; restore a backup"
            )
        return self._ledger.export(folder)


def _resolved(plans: list[PlanRecord]) -> pd.DataFrame:
    rows = [
        {
            **{name: getattr(plan, name) for name in PLAN},
            **{name: getattr(plan.resolution, name) for name in RESULT},
            "is_corrected": plan.is_corrected,
        }
        for plan in plans
        if plan.resolution
    ]
    frame = pd.DataFrame(rows, columns=[*PLAN, *RESULT, "is_corrected"])
    return frame.sort_values("resolved_at", ascending=False, kind="stable", ignore_index=True)
