"""Runs and their steps, approvals, effects and the desk's switch, as the operator sees them."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from core.domain.base import Frozen, Sha256, UtcDatetime

Json = dict[str, Any]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class RunState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_open(self) -> bool:
        return self in {RunState.QUEUED, RunState.RUNNING}


class StepState(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"


class RunStatus(Frozen):
    """One run of a workflow. `started_at` is None while it waits in its queue."""

    run_id: str
    workflow: str
    version: str
    status: RunState
    as_of: UtcDatetime | None
    created_at: UtcDatetime
    started_at: UtcDatetime | None = None
    ended_at: UtcDatetime | None = None
    error: str | None = None
    forked_from: str | None = None


class StepStatus(Frozen):
    """One node of a run; `output` of a skipped one says why."""

    id: str
    uses: str
    status: StepState
    started_at: UtcDatetime | None = None
    ended_at: UtcDatetime | None = None
    seconds: float | None = None
    attempts: int = 0
    error: str | None = None
    error_kind: str | None = None
    output: Json | None = None


class RunRecord(RunStatus):
    """A run as history keeps it: with the inputs and the snapshot of the workflow it ran."""

    inputs: Json
    spec: Json


class StepRecord(StepStatus):
    """A step as history keeps it."""

    run_id: str


class LogLine(Frozen):
    """One line that a step logged."""

    run_id: str
    step_id: str
    logged_at: UtcDatetime
    level: str
    text: str


class Verdict(StrEnum):
    """`superseded` closes the question: a newer version asks its own."""

    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


class ApprovalState(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


class Decision(Frozen):
    """What was decided, by whom."""

    verdict: Verdict
    actor: str = Field(min_length=1)
    reason: str = ""


class ApprovalRequest(Frozen):
    """Asks for one decision on exactly one content; `workflow` runs on any verdict."""

    kind: Name
    subject_id: str = Field(min_length=1)
    content_sha256: Sha256
    title: str
    workflow: Name
    inputs: Json = Field(default_factory=dict)
    effect_keys: tuple[str, ...] = ()
    requested_at: UtcDatetime
    expires_at: UtcDatetime
    requested_by_run: str | None = None

    @property
    def approval_id(self) -> str:
        """The same for the same kind, subject and content: asking twice is asking once."""
        text = f"{self.kind}|{self.subject_id}|{self.content_sha256}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]


class Approval(Frozen):
    """A request and what became of it."""

    approval_id: str
    kind: str
    subject_id: str
    content_sha256: Sha256
    title: str
    workflow: str
    inputs: Json
    effect_keys: tuple[str, ...]
    requested_at: UtcDatetime
    expires_at: UtcDatetime
    requested_by_run: str | None
    state: ApprovalState
    decided_at: UtcDatetime | None = None
    decided_by: str | None = None
    reason: str | None = None
    follow_up_run_id: str | None = None


class EffectState(StrEnum):
    """`unknown` may have happened: it is looked up, or waits for the operator."""

    INTENDED = "intended"
    SENDING = "sending"
    DONE = "done"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


class EffectRecord(Frozen):
    """One order, post or alert under its business key."""

    key: str
    target: str
    state: EffectState
    attempt: int
    request: Json
    external_id: str | None = None
    response: Json | None = None
    note: str | None = None
    created_at: UtcDatetime
    updated_at: UtcDatetime


class TradingState(StrEnum):
    """`reduce_only` lets positions close; `halted` sends nothing."""

    ACTIVE = "active"
    REDUCE_ONLY = "reduce_only"
    HALTED = "halted"


class TradingSwitch(Frozen):
    """The trading state, who set it and why."""

    state: TradingState = TradingState.ACTIVE
    reason: str = ""
    updated_by: str = ""
    updated_at: UtcDatetime | None = None
