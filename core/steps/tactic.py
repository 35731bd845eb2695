"""Draft the day's tactics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from core.domain.lifecycle import TacticEventKind
from core.domain.tactics import Tactic
from core.flow.catalog import StepContext, step
from core.steps.drafting import MORNING, Candidate, candidates, choose, draft_tactic, slot_of
from core.steps.tactic_events import event


@step("tactic.draft")
def draft(context: StepContext) -> dict[str, Any]:
    """Draft the day's best plans, or one plan to wait when nothing is worth it.

    A symbol has one open plan at most; a later `slot` of the day adds only plans to trade.
    """
    slot = slot_of(context)
    chosen = choose(context, _marked(context, candidates(context)))
    if slot != MORNING:
        chosen = [candidate for candidate in chosen if candidate.scenario]
    tactics = [draft_tactic(context, candidate, slot) for candidate in chosen]
    storage = context.services.storage
    for tactic in tactics:
        storage.tactics.append(tactic)
    storage.tactics.append_events([event(t, TacticEventKind.DRAFTED, context) for t in tactics])
    return {"tactics": [summary(tactic) for tactic in tactics]}


def _marked(context: StepContext, found: Sequence[Candidate]) -> list[Candidate]:
    """Mark the symbols that have an open plan of an earlier day or of another slot."""
    own = context.session_date, slot_of(context)
    taken = {
        tactic.symbol
        for tactic in context.services.storage.tactics.unresolved(context.session_date)
        if (tactic.session_date, tactic.slot) != own
    }
    return [replace(one, is_taken=one.snapshot.symbol in taken) for one in found]


def summary(tactic: Tactic) -> dict[str, Any]:
    """Return what the command line and the pages list of a tactic."""
    return {
        "tactic_id": tactic.tactic_id,
        "symbol": tactic.symbol,
        "grade": tactic.grade.value,
        "content_sha256": tactic.content_sha256,
    }
