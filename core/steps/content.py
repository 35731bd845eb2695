"""Write posts from facts: every claim of a text must be borne by one of its facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from core.domain.content import (
    ContentEvent,
    ContentEventKind,
    ContentKind,
    ContentVersion,
    Variant,
)
from core.domain.tactics import Tactic
from core.flow.catalog import StepContext, step
from core.steps.claims import refuse_unborne
from core.steps.facts import FactSheet, tactic_sheet
from core.steps.moment import eastern
from core.steps.recaps import recap_sheet
from core.steps.updates import update_sheet
from core.steps.week import weekly_sheet


@dataclass(frozen=True)
class Kind:
    """How a kind of post is made, and for how long its text is good."""

    kind: ContentKind
    template: str
    lasts: timedelta
    short_template: str = ""


TACTIC = Kind(ContentKind.TACTIC, "tactic", timedelta(hours=8), "tactic_short")
UPDATE = Kind(ContentKind.TACTIC_UPDATE, "tactic_update", timedelta(hours=8))
EOD_RECAP = Kind(ContentKind.EOD_RECAP, "eod_recap", timedelta(hours=40))
WEEKLY_RECAP = Kind(ContentKind.WEEKLY_RECAP, "weekly_recap", timedelta(days=4))


def post_key(content_id: str, platform: str) -> str:
    """Return the business key of a post."""
    return f"post:{content_id}:{platform}"


def tactic_content_id(tactic_id: str) -> str:
    return f"tactic-{tactic_id.lower().replace('.', '-')}"


def update_content_id(news: Mapping[str, Any]) -> str:
    """Return the id of the post that tells one thing about a tactic: each is told once."""
    number = f"-{news['target']}" if news.get("target") else ""
    return f"{tactic_content_id(news['tactic_id'])}-{news['what'].replace('_', '-')}{number}"


@step("content.tactic_posts")
def tactic_posts(context: StepContext) -> dict[str, Any]:
    """Write one post per drafted tactic."""
    drafted = []
    for row in context.results["tactic"]["tactics"]:
        tactic: Tactic = context.services.storage.tactics.get(row["tactic_id"])
        content_id = tactic_content_id(tactic.tactic_id)
        drafted.append(
            _write(context, TACTIC, content_id, tactic_sheet(context, tactic), tactic.version)
        )
    return {"contents": drafted}


@step("content.updates")
def updates(context: StepContext) -> dict[str, Any]:
    """Write one post per thing that happened to a published tactic."""
    drafted = []
    for row in context.results["look"]["news"]:
        tactic: Tactic = context.services.storage.tactics.get(row["tactic_id"])
        sheet = update_sheet(context, tactic, row)
        drafted.append(_write(context, UPDATE, update_content_id(row), sheet))
    return {"contents": drafted}


@step("content.recap")
def recap(context: StepContext) -> dict[str, Any]:
    """Write the end-of-day recap, unless nothing was planned and nothing ended."""
    sheet = recap_sheet(context, context.results["resolve"]["resolved"])
    if sheet is None:
        return {"contents": []}
    content_id = f"recap-{context.session_date:%Y%m%d}"
    return {"contents": [_write(context, EOD_RECAP, content_id, sheet)]}


@step("content.weekly_recap")
def weekly_recap(context: StepContext) -> dict[str, Any]:
    """Write the week's recap, unless nothing was published in it."""
    sheet = weekly_sheet(context)
    if sheet is None:
        return {"contents": []}
    content_id = f"week-{context.session_date:%G-w%V}"
    return {"contents": [_write(context, WEEKLY_RECAP, content_id, sheet)]}


def _write(
    context: StepContext, kind: Kind, content_id: str, sheet: FactSheet, version: int = 1
) -> Mapping[str, Any]:
    values = sheet.values | {"as_of": eastern(context.as_of)}
    renderer = context.services.playbook.renderer
    body = renderer.render(kind.template, values)
    short = renderer.render(kind.short_template, values) if kind.short_template else None
    refuse_unborne(context, content_id, sheet, {"body": body, "short_form": short or ""})
    made = ContentVersion(
        content_id=content_id,
        version=version,
        kind=kind.kind,
        subject_id=sheet.subject_id,
        title=body.splitlines()[0].lstrip("# "),
        body=body,
        facts=sheet.facts,
        variants=tuple(_variants(context, body)),
        template=kind.template,
        short_form=short,
        created_at=context.as_of,
        expires_at=context.as_of + kind.lasts,
    )
    return _store(context, made)


def _variants(context: StepContext, body: str) -> Sequence[Variant]:
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
