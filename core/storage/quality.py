"""What was refused and how each fetch went."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.domain.feeds import DataFinding, FeedCheck, QuarantinedRow
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

FINDINGS = FactTable(
    name="data_findings",
    model=DataFinding,
    keys=("kind", "symbol", "text"),
    columns=("kind", "symbol", "text", "found_at", "run_id"),
)
LAST_SUCCESS = """
select max(checked_at) from feed_checks where feed = ? and error = ''
    and coalesce(body->>'$.note', '') = '' and checked_at <= ?
"""


class Quality:
    """Refused rows, feed checks and what the checks found."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def quarantine(self, rows: Sequence[QuarantinedRow]) -> int:
        """Keep refused rows; the same row for the same reason is kept once."""
        return QUARANTINE.append(self._store, rows)

    def record_check(self, check: FeedCheck) -> None:
        CHECKS.append(self._store, [check])

    def checks_of(self, run_id: str) -> list[FeedCheck]:
        """Return what a run fetched, one check per feed and provider, in the order of the run."""
        return CHECKS.find(self._store, "run_id = ? order by rowid", (run_id,))

    def last_success(self, feed: str, until: datetime) -> datetime | None:
        """Return when, up to a moment, a feed last came whole and without an error."""
        found: datetime | None = self._store.all(LAST_SUCCESS, (feed, until))[0][0]
        return found

    def record_findings(self, findings: Sequence[DataFinding]) -> int:
        """Keep what was found; the same words about the same symbol are kept once."""
        return FINDINGS.append(self._store, findings)
