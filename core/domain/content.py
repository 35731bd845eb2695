"""Posts: one text made from facts, its variants per platform, and what was published."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from core.domain.base import Frozen, Later, Number, Sha256, UtcDatetime, content_sha256


class ContentKind(StrEnum):
    TACTIC = "tactic"
    TACTIC_UPDATE = "tactic_update"
    EOD_RECAP = "eod_recap"
    WEEKLY_RECAP = "weekly_recap"


class Guarantee(StrEnum):
    """How a platform keeps a post from appearing twice."""

    NATIVE_KEY = "native_key"
    CLIENT_ID = "client_id"
    FIND_BACK = "find_back"
    NONE = "none"


class Fact(Frozen):
    """One number or name that a text may state."""

    fact_id: Annotated[str, Field(min_length=1)]
    value: Number | str
    unit: Literal["usd", "fraction", "r", "count", "index", "date", "text"]


class Variant(Frozen):
    """The text as one platform gets it."""

    platform: str
    body: str
    format: Literal["markdown", "html", "plain"]
    length: int = Field(ge=1)
    limit: int | None = None

    @model_validator(mode="after")
    def _fits(self) -> Variant:
        if self.limit is not None and self.length > self.limit:
            raise ValueError(f"{self.platform}: {self.length} characters, {self.limit} allowed")
        return self


class ContentVersion(Frozen):
    """One immutable version of a post. short_form: the same in at most 1,000 characters."""

    content_id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9\-]*$")]
    version: int = Field(ge=1)
    kind: ContentKind
    subject_id: str
    title: str
    body: str
    facts: tuple[Fact, ...]
    variants: tuple[Variant, ...] = Field(min_length=1)
    template: str
    short_form: Later[str] = None
    created_at: UtcDatetime
    expires_at: UtcDatetime

    @property
    def content_sha256(self) -> Sha256:
        return content_sha256(self)

    def variant(self, platform: str) -> Variant | None:
        return next((v for v in self.variants if v.platform == platform), None)


class ContentEventKind(StrEnum):
    DRAFTED = "drafted"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"


class ContentEvent(Frozen):
    content_id: str
    version: int
    kind: ContentEventKind
    platform: str = ""
    occurred_at: UtcDatetime
    actor: str
    reason: str = ""

    @property
    def event_id(self) -> str:
        parts = {"content_id", "version", "kind", "platform"}
        return content_sha256(self.model_dump(mode="json", include=parts))


class PostRequest(Frozen):
    """What a publisher is asked to post; `key` is the effect's business key."""

    key: Annotated[str, Field(min_length=1, max_length=200)]
    title: str
    body: str
    format: Literal["markdown", "html", "plain"]
    kind: ContentKind


class Post(Frozen):
    """What a platform says of a post that is there."""

    external_id: str
    url: str
    published_at: UtcDatetime


class Publication(Frozen):
    """One content version on one platform."""

    publication_id: str
    content_id: str
    version: int
    content_sha256: Sha256
    platform: str
    external_id: str
    url: str
    guarantee: Guarantee
    published_at: UtcDatetime


class PublisherCapabilities(Frozen):
    """What a platform can do, shown in the app."""

    guarantee: Guarantee
    lookup: Literal["authoritative", "best_effort", "none"]
    text_limit: int | None
    format: Literal["markdown", "html", "plain"]
    metrics: bool
