"""Where posts go, and what readers did with them."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol, runtime_checkable

from core.domain.content import Post, PostRequest, PublisherCapabilities
from core.domain.engagement import Counts


@runtime_checkable
class Publisher(Protocol):
    """Posts to one platform. Contract: tests/contract/test_publishers.py."""

    name: str
    timeout_s: float

    def capabilities(self) -> PublisherCapabilities: ...

    def publish(self, request: PostRequest, published_at: datetime) -> Post:
        """Post it.

        Raises: RejectedError, UnavailableError (surely not there), OutcomeUnknownError.
        """
        ...

    def find(self, key: str) -> Post | None:
        """Look a post up by its key; None where the platform shows none."""
        ...

    def metrics(self, external_id: str, measured_at: datetime) -> Counts | None:
        """Return the counts of a post, None where it was deleted."""
        ...
