"""Sample every post at its fixed ages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.domain.content import Publication
from core.domain.engagement import EngagementSample, SampleAge
from core.flow.catalog import StepContext, step


@step("engagement.collect")
def collect(context: StepContext) -> dict[str, Any]:
    """Store one sample per due age; a deleted post gives none."""
    engagement, now = context.services.storage.engagement, context.services.clock.now()
    samples = [
        sample
        for publication, age, due_at in engagement.missing(now)
        if (sample := _sample(context, publication, age, due_at)) is not None
    ]
    return {"samples": engagement.append(samples), "due": len(samples)}


def _sample(
    context: StepContext, publication: Publication, age: SampleAge, due_at: datetime
) -> EngagementSample | None:
    publisher = context.services.adapters.publishers.get(publication.platform)
    if publisher is None:
        return None  # the platform is not configured any more; the gap stays visible
    now = context.services.clock.now()
    counts = publisher.metrics(publication.external_id, now)
    if counts is None:
        return None
    return EngagementSample(
        publication_id=publication.publication_id,
        age=age,
        due_at=due_at,
        measured_at=now,
        counts=counts,
    )
