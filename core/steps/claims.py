"""Hold texts against their facts, and keep the verdicts."""

from __future__ import annotations

from collections.abc import Mapping

from core.analysis.grounding import ungrounded
from core.errors import DomainError
from core.flow.catalog import StepContext
from core.steps.facts import Sheet


def refuse_unborne(
    context: StepContext, subject_id: str, sheet: Sheet, texts: Mapping[str, str]
) -> None:
    """Keep the verdict on each text. Raises: DomainError if a fact is missing behind a claim.

    A finished post is made of templates and of words that were checked already: what still has no
    fact is a fault of a template, and no post goes out.
    """
    for part, text in texts.items():
        strangers = ungrounded(text, sheet.facts, allowed=sheet.quoted)
        if strangers:
            told = ", ".join(strangers)
            raise DomainError(f"{subject_id} ({part}): no fact stands behind {told}")
