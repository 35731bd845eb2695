"""Hold finished texts against their facts, and keep the verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from core.analysis.claims import check_claims
from core.domain.claims import ClaimReport
from core.errors import DomainError
from core.flow.catalog import StepContext
from core.steps.facts import FactSheet


def refuse_unborne(
    context: StepContext, subject_id: str, sheet: FactSheet, texts: Mapping[str, str]
) -> None:
    """Keep the verdict on each text of a finished post.

    It is made of templates and of words that were checked already: what still has no fact is a
    fault of a template, and no post goes out.
    Raises: DomainError if a fact is missing behind a claim.
    """
    reports = [
        ClaimReport(
            subject_id=subject_id,
            part=part,
            text=text,
            text_sha256=sha256(text.encode()).hexdigest(),
            claims=check_claims(text, sheet.facts, sheet.quoted),
            checked_at=context.as_of,
        )
        for part, text in texts.items()
        if text
    ]
    context.services.storage.claims.append(reports)
    failed = [claim for report in reports for claim in report.failed]
    if failed:
        told = "; ".join(f"{claim.text!r} ({claim.reason})" for claim in failed)
        raise DomainError(f"{subject_id}: no fact stands behind {told}")
