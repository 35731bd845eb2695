"""What readers did with a post, measured at fixed ages."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from pydantic import Field

from core.domain.base import Frozen, UtcDatetime
from core.domain.feeds import Label


class SampleAge(StrEnum):
    HOUR_1 = "1h"
    HOUR_6 = "6h"
    HOUR_24 = "24h"
    HOUR_72 = "72h"
    DAY_7 = "7d"
    DAY_30 = "30d"

    @property
    def after(self) -> timedelta:
        number, unit = int(self.value[:-1]), self.value[-1]
        return timedelta(hours=number) if unit == "h" else timedelta(days=number)


class Counts(Frozen):
    """Raw counts of one post; None means that the platform does not tell."""

    impressions: int | None = Field(default=None, ge=0)
    reactions: int | None = Field(default=None, ge=0)
    comments: int | None = Field(default=None, ge=0)
    shares: int | None = Field(default=None, ge=0)
    clicks: int | None = Field(default=None, ge=0)
    label: Label


class EngagementSample(Frozen):
    publication_id: str
    age: SampleAge
    due_at: UtcDatetime
    measured_at: UtcDatetime
    counts: Counts

    @property
    def is_late(self) -> bool:
        """True when it was measured more than a quarter of its age after it was due."""
        return self.measured_at - self.due_at > self.age.after / 4
