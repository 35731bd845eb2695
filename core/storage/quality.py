"""What was refused and how each fetch went."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.feeds import FeedCheck, QuarantinedRow
from core.storage.connection import Store
from core.storage.facts import FactTable

QUARANTINE = FactTable(
    name="quarantine",
    model=QuarantinedRow,
    keys=("source", "kind", "key", "reason"),
    columns=("source", "kind", "key", "reason", "recorded_at"),
)
CHECKS = FactTable(
    name="feed_checks",
    model=FeedCheck,
    keys=("check_id",),
    identity="check_id",
    columns=(
        "feed", "provider", "run_id", "checked_at", "rows_read", "rows_stored", "rows_quarantined",
        "newest_at", "error",
    ),
)  # fmt: skip


class Quality:
    """Refused rows and feed checks."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def quarantine(self, rows: Sequence[QuarantinedRow]) -> int:
        """Keep refused rows; the same row for the same reason is kept once."""
        return QUARANTINE.append(self._store, rows)

    def record_check(self, check: FeedCheck) -> None:
        CHECKS.append(self._store, [check])
