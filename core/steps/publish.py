"""Publish approved posts, once per platform."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.domain.base import content_sha256
from core.domain.content import (
    ContentEvent,
    ContentEventKind,
    ContentKind,
    ContentVersion,
    Post,
    PostRequest,
    Publication,
)
from core.domain.lifecycle import TacticEvent, TacticEventKind
from core.errors import (
    EffectParkedError,
    EffectRejectedError,
    RejectedError,
    StaleError,
)
from core.flow.catalog import StepContext, step
from core.flow.effects import Lookup
from core.ports import Publisher
from core.steps.alert import send_alert
from core.steps.content import post_key
from core.steps.fresh_price import fresh_doubt

POST_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True)
class PublishPost:
    """The effect of one post on one platform."""

    publisher: Publisher
    published_at: datetime
    refusal: str = ""  # counts at a send alone: a post that is out already is still found

    @property
    def target(self) -> str:
        return self.publisher.name

    @property
    def timeout_s(self) -> float:
        return self.publisher.timeout_s

    @property
    def lookup(self) -> Lookup:
        return self.publisher.capabilities().lookup

    def send(self, key: str, request: dict[str, Any]) -> dict[str, Any]:
        if self.refusal:
            raise RejectedError(self.target, "publish", self.refusal)
        post = PostRequest.model_validate(request)
        return self.publisher.publish(post, self.published_at).model_dump(mode="json")

    def find(self, key: str, request: dict[str, Any]) -> dict[str, Any] | None:
        post = self.publisher.find(key)
        return post.model_dump(mode="json") if post else None


@step("publish.prepare")
def prepare(context: StepContext) -> dict[str, Any]:
    """Check that the post is the approved one and still timely; list what goes where."""
    approval = context.inputs["approval"]
    version = context.services.storage.content.get(approval["subject_id"])
    if version.content_sha256 != approval["content_sha256"]:
        raise StaleError(f"{version.content_id}: the text has changed since it was approved")
    if not context.inputs.get("backfill") and context.services.clock.now() > version.expires_at:
        _append(context, version, ContentEventKind.EXPIRED)
        return {"requests": {}, "reason": "the post was approved, but its time has passed"}
    doubt = _late(context, version.kind) or _doubt(context, version)
    if doubt:
        return _hold_back(context, version, doubt)
    requests = {
        variant.platform: PostRequest(
            key=post_key(version.content_id, variant.platform),
            title=version.title,
            body=variant.body,
            format=variant.format,
            kind=version.kind,
        ).model_dump(mode="json")
        for variant in version.variants
    }
    return {"requests": requests, **dict.fromkeys(requests, True)}


def _doubt(context: StepContext, version: ContentVersion) -> str:
    """Say why a tactic should not be published as it is."""
    if version.kind is not ContentKind.TACTIC:
        return ""
    tactic = context.services.storage.tactics.get(version.subject_id, version.version)
    return fresh_doubt(context, tactic)


def _late(context: StepContext, kind: ContentKind) -> str:
    """Say that too much time has passed since the decision: a morning plan is none at noon."""
    if kind is not ContentKind.TACTIC or context.inputs.get("backfill"):
        return ""
    decided_at = datetime.fromisoformat(context.inputs["approval"]["decided_at"])
    is_late = context.services.clock.now() - decided_at > POST_WITHIN
    return "more than ten minutes have passed since it was approved" if is_late else ""


def _hold_back(context: StepContext, version: ContentVersion, doubt: str) -> dict[str, Any]:
    _append(context, version, ContentEventKind.EXPIRED)
    services = context.services
    send_alert(
        services.ledger,
        services.adapters.alerts,
        f"alert:held-back:{version.content_id}:{version.version}",
        f"{version.title} was approved and is not published",
        f"{doubt}. A later look of the day may bring another plan.",
    )
    return {"requests": {}, "reason": doubt}


@step("publish.send")
def send(context: StepContext) -> dict[str, Any]:
    """Send one platform's variant through the effects ledger."""
    platform = context.options["platform"]
    request = context.results["prepare"]["requests"][platform]
    publisher = context.services.adapters.publishers[platform]
    refusal = _late(context, ContentKind(request["kind"]))  # the queue may have held it up
    effect = PublishPost(publisher, context.as_of, refusal)
    record = context.services.ledger.apply(request["key"], effect, request)
    return {"post": record.response, "attempt": record.attempt}


@step("publish.book")
def book(context: StepContext) -> dict[str, Any]:
    """Record where the post now stands; what failed or is parked fails this run."""
    platform = context.options["platform"]
    result = context.results[platform]
    approval = context.inputs["approval"]
    version = context.services.storage.content.get(approval["subject_id"])
    if "error" in result:
        raise _failure(context, version, platform, str(result["error"]))
    post = Post.model_validate(result["post"])
    key = post_key(version.content_id, platform)
    publication = Publication(
        publication_id=content_sha256({"key": key, "external_id": post.external_id})[:16],
        content_id=version.content_id,
        version=version.version,
        content_sha256=version.content_sha256,
        platform=platform,
        external_id=post.external_id,
        url=post.url,
        guarantee=context.services.adapters.publishers[platform].capabilities().guarantee,
        published_at=post.published_at,
    )
    context.services.storage.content.append_publication(publication)
    _append(context, version, ContentEventKind.PUBLISHED, platform)
    _mark_tactic_published(context, version, publication)
    return {"publication_id": publication.publication_id, "url": post.url}


def _failure(
    context: StepContext, version: ContentVersion, platform: str, error: str
) -> EffectParkedError | EffectRejectedError:
    key = post_key(version.content_id, platform)
    record = context.services.ledger.get(key)
    if record is not None and record.state == "rejected":
        return EffectRejectedError(key, record.note or error)
    return EffectParkedError(key, error)


def _append(
    context: StepContext, version: ContentVersion, kind: ContentEventKind, platform: str = ""
) -> None:
    event = ContentEvent(
        content_id=version.content_id,
        version=version.version,
        kind=kind,
        platform=platform,
        occurred_at=context.as_of,
        actor=context.run_id,
    )
    context.services.storage.content.append_events([event])


def _mark_tactic_published(
    context: StepContext, version: ContentVersion, publication: Publication
) -> None:
    kinds = {
        ContentKind.TACTIC: TacticEventKind.PUBLISHED,
        ContentKind.TACTIC_UPDATE: TacticEventKind.UPDATE_POSTED,
    }
    if version.kind not in kinds:
        return
    own = version.version if version.kind is ContentKind.TACTIC else None
    tactic = context.services.storage.tactics.get(version.subject_id, own)
    event = TacticEvent(
        tactic_id=tactic.tactic_id,
        version=tactic.version,
        kind=kinds[version.kind],
        occurred_at=publication.published_at,
        actor=context.run_id,
        payload={"subject": publication.platform, "url": publication.url},
    )
    context.services.storage.tactics.append_events([event])
