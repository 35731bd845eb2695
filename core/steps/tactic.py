"""Draft the day's tactics."""

from __future__ import annotations

from typing import Any

from core.domain.lifecycle import TacticEventKind
from core.domain.tactics import Tactic
from core.flow.catalog import StepContext, step
from core.steps.drafting import candidates, choose, draft_tactic
from core.steps.tactic_events import event

MORNING = "AM"


@step("tactic.draft")
def draft(context: StepContext) -> dict[str, Any]:
    """Draft the day's best plans, or one plan to wait when nothing is worth it.

    A later `slot` of the day adds only plans to trade, of symbols that have none open.
    """
    slot = str(context.options.get("slot", MORNING))
    chosen = choose(context, candidates(context))
    if slot != MORNING:
        open_ = context.services.storage.tactics.unresolved(context.session_date)
        taken = {tactic.symbol for tactic in open_}
        chosen = [c for c in chosen if c.scenario and c.snapshot.symbol not in taken]
    tactics = [draft_tactic(context, candidate, slot) for candidate in chosen]
    storage = context.services.storage
    for tactic in tactics:
        storage.tactics.append(tactic)
    storage.tactics.append_events([event(t, TacticEventKind.DRAFTED, context) for t in tactics])
    return {"tactics": [summary(tactic) for tactic in tactics]}


def summary(tactic: Tactic) -> dict[str, Any]:
    """Return what the command line and the pages list of a tactic."""
    return {
        "tactic_id": tactic.tactic_id,
        "symbol": tactic.symbol,
        "grade": tactic.grade.value,
        "content_sha256": tactic.content_sha256,
    }
