"""Bring an operator's own files into the desk: bars, and the history of a broker."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from core.analysis.bar_files import MAX_BYTES, Options, read_bars
from core.analysis.robinhood import ActivityFile, read_activities
from core.analysis.round_trips import summarize_trips, trade_history
from core.desk.imported_bars import KEPT_PER_REASON, check_bars
from core.domain.feeds import QuarantinedRow
from core.domain.imports import (
    FileReading,
    ImportReport,
    InstrumentKind,
    MigrationReport,
    TradeHistory,
)
from core.domain.market import BAR_COLUMNS
from core.domain.text import plain_text
from core.errors import DomainError, NotFoundError
from core.steps.services import Services

ACTOR = "command line"
REASONS_TOLD = 30
KINDS: tuple[InstrumentKind, ...] = ("stock", "option")


@dataclass(frozen=True)
class _File:
    """The bytes of a file, its name in plain text, and when it was read."""

    content: bytes
    name: str
    read_at: datetime

    @property
    def source(self) -> str:
        return f"import:{self.name}"


@dataclass(frozen=True)
class _Counts:
    read: int
    stored: int
    duplicate: int
    reasons: Mapping[str, int]
    scale_unknown: int = 0


class Imports:
    """Files in, and the report on what they brought."""

    def __init__(self, services: Services) -> None:
        self._storage = services.storage
        self._history: tuple[int, TradeHistory] = (0, trade_history([]))

    def bars(
        self,
        path: Path,
        options: Options | None = None,
        *,
        dry_run: bool = False,
        actor: str = ACTOR,
    ) -> ImportReport:
        """Store the bars of a CSV, Parquet or LEAN file; a dry run only tells what is in it.

        Raises: DomainError if the file as a whole cannot be understood.
        """
        file = _open(path)
        found = read_bars(file.content, file.name, file.source, file.read_at, options or Options())
        checked = check_bars(self._storage, found, file.source, file.read_at)
        good, stored = checked.good, 0
        if not dry_run:
            self._quarantine(checked.refused)
            stored = self._storage.bars.append(good[list(BAR_COLUMNS)]) if len(good) else 0
        counts = _Counts(
            found.rows_read, stored, len(good) - stored, checked.reasons, checked.scale_unknown
        )
        report = _report("bars", file, counts, found.reading, dry_run=dry_run)
        return self._recorded(report, actor)

    def robinhood(
        self,
        path: Path,
        account: str = "robinhood",
        *,
        dry_run: bool = False,
        actor: str = ACTOR,
    ) -> ImportReport:
        """Store the rows of an account-activity report that are not stored yet.

        Raises: DomainError if the file as a whole cannot be understood.
        """
        file = _open(path)
        found = read_activities(file.content, account, file.source, file.read_at)
        known = self._storage.imports.known([row[0].activity_id for row in found.rows])
        fresh = [row for row in found.rows if row[0].activity_id not in known]
        if not dry_run:
            self._quarantine(found.refused)
            self._storage.imports.append([activity for row in fresh for activity in row])
        reasons = Counter(row.reason for row in found.refused)
        counts = _Counts(found.rows_read, len(fresh), len(found.rows) - len(fresh), reasons)
        report = _report("robinhood", file, counts, _reading(found), dry_run=dry_run)
        return self._recorded(report, actor)

    def migration(self) -> MigrationReport:
        """Return what was imported and what the broker's history amounts to."""
        history = self._trade_history()
        trips = history.round_trips
        return MigrationReport(
            imported=self._storage.views.imported_files(),
            history=history,
            total=summarize_trips(trips, history.partial_pnl),
            by_kind={
                kind: summarize_trips([trip for trip in trips if trip.kind == kind])
                for kind in KINDS
            },
        )

    def _trade_history(self) -> TradeHistory:
        """Return the history; activities are only ever added, so their number tells what is new."""
        count = self._storage.imports.count()
        if self._history[0] != count:
            self._history = (count, trade_history(self._storage.imports.activities()))
        return self._history[1]

    def _quarantine(self, rows: Iterable[QuarantinedRow]) -> None:
        """Keep the first rows of each reason; all of them are counted in the report."""
        seen: Counter[str] = Counter()
        kept = []
        for row in rows:
            seen[row.reason] += 1
            if seen[row.reason] <= KEPT_PER_REASON:
                kept.append(row)
        self._storage.quality.quarantine(kept)

    def _recorded(self, report: ImportReport, actor: str) -> ImportReport:
        if not report.dry_run:
            self._storage.imports.record(report)
            said = report.model_dump(
                mode="json", include={"kind", "file_sha256", "rows_stored", "rows_quarantined"}
            )
            self._storage.audit.record(actor, "import", report.file_name, said, report.imported_at)
        return report


def _open(path: Path) -> _File:
    """Return the content of a file.

    Raises: NotFoundError if there is none, DomainError if it cannot be read or is too large.
    """
    name = plain_text(path.name, 50) or "file"
    try:
        if not path.is_file():
            raise NotFoundError(f"there is no file {str(path)!r}")
        if path.stat().st_size > MAX_BYTES:
            raise DomainError(f"{name}: it is larger than {MAX_BYTES >> 20} MB; split it")
        return _File(path.read_bytes(), name, datetime.now(UTC))
    except OSError as error:
        raise DomainError(f"{name}: it cannot be read: {error.strerror}") from None


def _reading(found: ActivityFile) -> FileReading:
    activities = [activity for row in found.rows for activity in row]
    symbols = sorted({activity.instrument for activity in activities if activity.instrument})
    dates = [activity.activity_date for activity in activities]
    return FileReading(
        format=found.format,
        encoding="utf-8",
        delimiter=",",
        decimal_mark=".",
        date_format="M/D/YYYY",
        columns={name: name for name in found.columns},
        symbols_count=len(symbols),
        symbols=tuple(symbols[:50]),
        first_date=min(dates, default=None),
        last_date=max(dates, default=None),
    )


def _report(
    kind: str, file: _File, counts: _Counts, understood: FileReading, *, dry_run: bool
) -> ImportReport:
    refused = sum(counts.reasons.values())
    return ImportReport.model_validate(
        {
            "kind": kind,
            "file_name": file.name,
            "file_sha256": hashlib.sha256(file.content).hexdigest(),
            "imported_at": file.read_at,
            "dry_run": dry_run,
            "rows_read": counts.read,
            "rows_accepted": counts.read - refused,
            "rows_stored": 0 if dry_run else counts.stored,
            "rows_duplicate": 0 if dry_run else counts.duplicate,
            "rows_quarantined": refused,
            "reasons": _told(counts.reasons),
            "scale_unknown_symbols": counts.scale_unknown,
            "understood": understood,
        }
    )


def _told(reasons: Mapping[str, int]) -> dict[str, int]:
    """Return the most frequent reasons, the others as one, and say where not all rows are kept."""
    counted = Counter(reasons).most_common()
    others = sum(rows for _, rows in counted[REASONS_TOLD:])
    told = [*counted[:REASONS_TOLD], *([("other reasons", others)] if others else [])]
    return {
        reason
        if rows <= KEPT_PER_REASON
        else f"{reason} (the first {KEPT_PER_REASON:,} kept)": rows
        for reason, rows in told
    }
