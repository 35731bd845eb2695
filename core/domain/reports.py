"""What the desk answers to the pages and the command line."""

from __future__ import annotations

from datetime import date
from typing import Literal

from core.domain.base import Frozen, UtcDatetime
from core.domain.flow import Verdict


class StepReport(Frozen):
    id: str
    status: str
    seconds: float | None


class TacticReport(Frozen):
    tactic_id: str
    symbol: str
    grade: str
    content_sha256: str


class PendingReport(Frozen):
    approval_id: str
    kind: str
    subject_id: str
    content_sha256: str
    expires_at: UtcDatetime
    title: str = ""


class FeedReport(Frozen):
    """What one provider delivered of one feed in a run."""

    feed: str
    provider: str
    rows_read: int
    rows_stored: int
    rows_quarantined: int
    newest_at: UtcDatetime | None
    error: str
    note: str = ""


class RunReport(Frozen):
    run_id: str
    workflow: str
    status: str
    steps: tuple[StepReport, ...]
    feeds: tuple[FeedReport, ...]
    tactics: tuple[TacticReport, ...]
    pending: tuple[PendingReport, ...]
    error: str = ""


class DecisionReport(Frozen):
    """A decision and the business keys of the effects that follow from it."""

    approval_id: str
    decision: Verdict
    effects: tuple[str, ...]
    run_id: str


class ConnectionReport(Frozen):
    """One adapter: is it chosen, does it answer, what does it say."""

    kind: str
    adapter: str
    configured: bool
    reachable: bool | None
    detail: str


class HealthReport(Frozen):
    status: Literal["ok", "degraded"]
    mode: str
    desk_time: UtcDatetime
    session_date: date
    trading: str
    store: str
    engine: str
    clock: str
    last_runs: dict[str, str]
