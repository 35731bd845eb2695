"""The words of a tactic: written, held against the facts, rewritten once, or taken from rules."""

from __future__ import annotations

from core.analysis.prompt_data import prose_facts
from core.domain.insights import TacticProse, WritingTask
from core.flow.catalog import StepContext
from core.steps.analysts import Held, Sheet, analyst_of, ask_checked
from core.steps.facts import PHRASES


def write_prose(context: StepContext, task: WritingTask) -> Held[TacticProse]:
    """Return prose every claim of which a fact bears."""
    analyst = analyst_of(context)
    return ask_checked(
        lambda refused: analyst.write(task.model_copy(update={"refused": refused})),
        lambda: context.services.adapters.analyst.write(task),
        dict,
        Sheet(prose_facts(task), (*PHRASES, task.snapshot.session_date.isoformat())),
    )
