"""What readers did with posts, sampled at fixed ages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.domain.content import Publication
from core.domain.engagement import EngagementSample, SampleAge
from core.storage.connection import Store
from core.storage.facts import FactTable

SAMPLES = FactTable(
    name="engagement_samples",
    model=EngagementSample,
    keys=("publication_id", "age"),
    columns=(
        "publication_id", "age", "due_at", "measured_at", "is_late", "counts.impressions",
        "counts.reactions", "counts.comments", "counts.shares", "counts.clicks", "counts.label",
    ),
)  # fmt: skip

AGES = ", ".join(
    f"('{age.value}', interval {int(age.after.total_seconds())} seconds)" for age in SampleAge
)
MISSING = f"""
select p.body, a.age, p.published_at + a.after_publishing as due_at
from publications p cross join (values {AGES}) a(age, after_publishing)
anti join engagement_samples s
    on s.publication_id = p.publication_id and s.age = a.age
where p.published_at + a.after_publishing <= ?
order by due_at, p.publication_id
"""


class Engagement:
    """Samples per publication; each age is sampled once."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(self, samples: Sequence[EngagementSample]) -> int:
        return SAMPLES.append(self._store, samples)

    def missing(self, now: datetime) -> list[tuple[Publication, SampleAge, datetime]]:
        """Return what is due by `now` and not sampled yet, with when it was due, oldest first."""
        return [
            (Publication.model_validate_json(body), SampleAge(age), due_at)
            for body, age, due_at in self._store.all(MISSING, (now,))
        ]

    def samples(self, publication_id: str) -> list[EngagementSample]:
        """Return the samples of one publication, youngest age first."""
        return SAMPLES.find(self._store, "publication_id = ? order by due_at", (publication_id,))
