"""Versions of posts, what was decided on them, and where they are published."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.content import ContentEvent, ContentVersion, Publication
from core.storage.connection import Store
from core.storage.facts import FactTable

VERSIONS = FactTable(
    name="content_versions",
    model=ContentVersion,
    keys=("content_id", "version"),
    columns=(
        "content_id", "version", "kind", "subject_id", "title", "content_sha256", "created_at",
        "expires_at",
    ),
)  # fmt: skip
EVENTS = FactTable(
    name="content_events",
    model=ContentEvent,
    keys=("event_id",),
    columns=("event_id", "content_id", "version", "kind", "platform", "occurred_at", "actor"),
)
PUBLICATIONS = FactTable(
    name="publications",
    model=Publication,
    keys=("publication_id",),
    columns=(
        "publication_id", "content_id", "version", "platform", "external_id", "url", "published_at",
    ),
)  # fmt: skip


class Contents:
    """Everything that is appended about posts."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(self, version: ContentVersion) -> str:
        """Store one version; return the content's id."""
        VERSIONS.append(self._store, [version])
        return version.content_id

    def get(self, content_id: str, version: int | None = None) -> ContentVersion:
        """Return one version, the newest by default.

        Raises: NotFoundError.
        """
        condition = "content_id = ? and (version = ? or ? is null) order by version desc limit 1"
        return VERSIONS.get(self._store, content_id, condition, (content_id, version, version))

    def append_events(self, events: Sequence[ContentEvent]) -> int:
        return EVENTS.append(self._store, events)

    def events(self, content_id: str) -> list[ContentEvent]:
        """Return the events of all versions in the order they occurred."""
        return EVENTS.find(self._store, "content_id = ? order by occurred_at, rowid", (content_id,))

    def append_publication(self, publication: Publication) -> None:
        PUBLICATIONS.append(self._store, [publication])

    def publications(self) -> list[Publication]:
        """Return all publications, oldest first."""
        return PUBLICATIONS.find(self._store, "true order by published_at, rowid")

    def publication(self, publication_id: str) -> Publication:
        """Return one publication.

        Raises: NotFoundError.
        """
        condition = "publication_id = ?"
        return PUBLICATIONS.get(self._store, publication_id, condition, (publication_id,))
