"""What happens to a tactic: appended events, of which `core.domain.tactic_state` is the fold."""

from __future__ import annotations

import math
from enum import StrEnum

from pydantic import Field, model_validator

from core.domain.base import Frozen, UtcDatetime, content_sha256
from core.domain.resolutions import Outcome


class TacticEventKind(StrEnum):
    DRAFTED = "drafted"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    UPDATE_POSTED = "update_posted"
    ARMED = "armed"
    TRIGGERED = "triggered"
    OPENED = "opened"
    TARGET_HIT = "target_hit"
    STOP_MOVED = "stop_moved"
    RESOLVED = "resolved"
    NEVER_TRIGGERED = "never_triggered"
    INVALIDATED = "invalidated"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    CORRECTED = "corrected"


class Track(StrEnum):
    """The lives of a tactic that do not wait for each other.

    publishing: of the version as a whole. order and plan: of each of its scenarios, the order as
    it is approved and sent, the plan as the bars play it out by rule.
    """

    PUBLISHING = "publishing"
    ORDER = "order"
    PLAN = "plan"


Kind = TacticEventKind
PUBLISHING = frozenset(
    {
        Kind.DRAFTED, Kind.APPROVED, Kind.REJECTED, Kind.EXPIRED, Kind.SCHEDULED, Kind.PUBLISHED,
        Kind.UPDATE_POSTED,
    }
)  # fmt: skip
DECISIONS = frozenset({Kind.APPROVED, Kind.REJECTED, Kind.EXPIRED, Kind.SUPERSEDED})
# What tells two events of one kind apart, beside the target and the subject.
DETAILS = {
    Kind.STOP_MOVED: ("price",),
    Kind.UPDATE_POSTED: ("url",),
    Kind.CORRECTED: ("outcome", "system_r"),
}
# What an event must tell, in numbers and in words.
NUMBERS = {Kind.STOP_MOVED: ("price",), Kind.CORRECTED: ("system_r",)}
WORDS = {Kind.CORRECTED: ("reason",)}


class TacticEvent(Frozen):
    """One appended fact about a tactic; scenario_key is empty for the tactic as a whole.

    payload: `subject` is "trade" for a decision about the order, "plan" where a plan is cancelled
        and not its order alone, else the platform; `target` is the number of the target, `price`
        of a moved stop the new one. A correction tells outcome, system_r and reason.
    """

    tactic_id: str
    version: int
    scenario_key: str = ""
    kind: TacticEventKind
    occurred_at: UtcDatetime
    actor: str
    payload: dict[str, str | float | int | bool | None] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _says_enough(self) -> TacticEvent:
        missing = [n for n in NUMBERS.get(self.kind, ()) if not _is_number(self.payload.get(n))]
        missing += [n for n in WORDS.get(self.kind, ()) if not _is_said(self.payload.get(n))]
        if missing:
            raise ValueError(f"a {self.kind} event must tell its {' and '.join(missing)}")
        if self.kind is Kind.CORRECTED:
            Outcome(str(self.payload.get("outcome")))
        return self

    @property
    def event_id(self) -> str:
        """The same fact has the same id, so a repeated step appends nothing."""
        names = ("target", "subject", *DETAILS.get(self.kind, ()))
        parts = self.model_dump(
            mode="json", include={"tactic_id", "version", "scenario_key", "kind"}
        )
        return content_sha256({**parts, **{name: self.payload.get(name) for name in names}})

    @property
    def track(self) -> Track:
        subject = self.payload.get("subject")
        if subject == "trade" and self.kind in DECISIONS:
            return Track.ORDER
        if self.kind is Kind.CANCELLED:
            return Track.PLAN if subject == "plan" else Track.ORDER
        if self.kind is Kind.ARMED:
            return Track.ORDER
        return Track.PUBLISHING if self.kind in PUBLISHING else Track.PLAN


def _is_said(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_number(value: object) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool) and math.isfinite(value)
