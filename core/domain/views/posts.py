"""Posts: how each stands, and what readers did with it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import pandas as pd

from core.domain.base import Frozen, UtcDatetime
from core.domain.content import ContentEvent, ContentVersion, Publication


class ContentState(StrEnum):
    """`waiting` is written and undecided; `approved` is decided and on no platform yet."""

    DRAFTED = "drafted"
    WAITING = "waiting"
    APPROVED = "approved"
    PUBLISHED = "published"
    EXPIRED = "expired"
    REJECTED = "rejected"


class ContentCard(Frozen):
    """The newest version of a post, how it stands, and where it can be read."""

    content: ContentVersion
    state: ContentState
    reason: str
    changed_at: UtcDatetime
    events: tuple[ContentEvent, ...]
    publications: tuple[Publication, ...]


@dataclass(frozen=True)
class EngagementView:
    """What readers did.

    samples: publication_id, content_id, kind, title, platform, url, published_at, age, due_at,
        measured_at, is_late, impressions, reactions, comments, shares, clicks, label;
        newest publication first, then by age. A missing count is what the platform does not tell.
    totals: kind, platform, age, posts, impressions, reactions, comments, shares, clicks,
        reactions_per_impression.
    """

    samples: pd.DataFrame
    totals: pd.DataFrame
