"""The life of a tactic: appended events, of which its state is the fold."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from core.domain.base import Frozen, UtcDatetime, content_sha256


class TacticEventKind(StrEnum):
    DRAFTED = "drafted"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    PUBLISHED = "published"
    ARMED = "armed"
    TRIGGERED = "triggered"
    OPENED = "opened"
    TARGET_HIT = "target_hit"
    RESOLVED = "resolved"
    NEVER_TRIGGERED = "never_triggered"
    INVALIDATED = "invalidated"
    CANCELLED = "cancelled"


class TacticEvent(Frozen):
    """One appended fact about a tactic; scenario_key is empty for the tactic as a whole."""

    tactic_id: str
    version: int
    scenario_key: str = ""
    kind: TacticEventKind
    occurred_at: UtcDatetime
    actor: str
    payload: dict[str, str | float | int | bool | None] = Field(default_factory=dict)

    @property
    def event_id(self) -> str:
        """The same fact has the same id, so a repeated step appends nothing."""
        detail = {"target": self.payload.get("target"), "subject": self.payload.get("subject")}
        parts = self.model_dump(
            mode="json", include={"tactic_id", "version", "scenario_key", "kind"}
        )
        return content_sha256({**parts, **detail})
