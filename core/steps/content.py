"""Write posts from facts: every number in a text must be one of its facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from core.analysis.grounding import ungrounded
from core.domain.content import (
    ContentEvent,
    ContentEventKind,
    ContentKind,
    ContentVersion,
    Fact,
    Variant,
)
from core.errors import DomainError
from core.flow.catalog import StepContext, step
from core.steps.facts import Sheet, tactic_sheet
from core.steps.moment import eastern
from core.steps.recaps import recap_sheet

TACTIC_EXPIRES_AFTER = timedelta(hours=8)
RECAP_EXPIRES_AFTER = timedelta(hours=40)


def post_key(content_id: str, platform: str) -> str:
    """Return the business key of a post."""
    return f"post:{content_id}:{platform}"


@step("content.tactic_posts")
def tactic_posts(context: StepContext) -> dict[str, Any]:
    """Write one post per drafted tactic."""
    drafted = []
    for row in context.results["tactic"]["tactics"]:
        tactic = context.services.storage.tactics.get(row["tactic_id"])
        sheet = tactic_sheet(context, tactic)
        version = _version(
            context,
            content_id=f"tactic-{tactic.tactic_id.lower().replace('.', '-')}",
            kind=ContentKind.TACTIC,
            sheet=sheet,
            expires_at=context.as_of + TACTIC_EXPIRES_AFTER,
        )
        drafted.append(_store(context, version))
    return {"contents": drafted}


@step("content.recap")
def recap(context: StepContext) -> dict[str, Any]:
    """Write the end-of-day recap, unless nothing was planned and nothing ended."""
    sheet = recap_sheet(context, context.results["resolve"]["resolved"])
    if sheet is None:
        return {"contents": []}
    version = _version(
        context,
        content_id=f"recap-{context.session_date:%Y%m%d}",
        kind=ContentKind.EOD_RECAP,
        sheet=sheet,
        expires_at=context.as_of + RECAP_EXPIRES_AFTER,
    )
    return {"contents": [_store(context, version)]}


def _version(
    context: StepContext,
    content_id: str,
    kind: ContentKind,
    sheet: Sheet,
    expires_at: datetime,
) -> ContentVersion:
    renderer = context.services.playbook.renderer
    template = {ContentKind.TACTIC: "tactic", ContentKind.EOD_RECAP: "eod_recap"}[kind]
    body = renderer.render(template, sheet.values | {"as_of": eastern(context.as_of)})
    _refuse_ungrounded(content_id, body, sheet.facts, sheet.quoted)
    return ContentVersion(
        content_id=content_id,
        version=1,
        kind=kind,
        subject_id=sheet.subject_id,
        title=body.splitlines()[0].lstrip("# "),
        body=body,
        facts=sheet.facts,
        variants=tuple(_variants(context, body)),
        template=template,
        created_at=context.as_of,
        expires_at=expires_at,
    )


def _variants(context: StepContext, body: str) -> list[Variant]:
    return [
        Variant(
            platform=name,
            body=body,
            format="markdown",
            length=len(body),
            limit=publisher.capabilities().text_limit,
        )
        for name, publisher in context.services.adapters.publishers.items()
    ]


def _refuse_ungrounded(
    content_id: str, body: str, facts: Sequence[Fact], quoted: Sequence[str]
) -> None:
    strangers = ungrounded(body, facts, allowed=quoted)
    if strangers:
        raise DomainError(f"{content_id}: no fact stands behind {', '.join(strangers)}")


def _store(context: StepContext, version: ContentVersion) -> Mapping[str, Any]:
    contents = context.services.storage.content
    contents.append(version)
    drafted = ContentEvent(
        content_id=version.content_id,
        version=version.version,
        kind=ContentEventKind.DRAFTED,
        occurred_at=context.as_of,
        actor=context.run_id,
    )
    contents.append_events([drafted])
    return {"content_id": version.content_id, "content_sha256": version.content_sha256}
