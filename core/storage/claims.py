"""The verdicts on texts: what each claims, and the fact behind each claim."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.claims import ClaimReport
from core.storage.connection import Store
from core.storage.facts import FactTable

REPORTS = FactTable(
    name="claim_reports",
    model=ClaimReport,
    keys=("report_id",),
    columns=("report_id", "subject_id", "part", "text_sha256", "action", "checked_at"),
)


class Claims:
    """Every verdict, by what the text is about."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(self, reports: Sequence[ClaimReport]) -> None:
        REPORTS.append(self._store, reports)

    def of_subject(self, subject_id: str) -> list[ClaimReport]:
        """Return the newest verdict on each part of a subject's text."""
        condition = (
            "subject_id = ? qualify row_number() over (partition by part order by checked_at desc, "
            "rowid desc) = 1 order by rowid"
        )
        return REPORTS.find(self._store, condition, (subject_id,))
