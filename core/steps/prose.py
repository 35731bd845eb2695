"""The words of a tactic: written, held against the facts, rewritten once, or taken from rules."""

from __future__ import annotations

from core.analysis.claims import check_plan_words
from core.analysis.prompt_data import prose_facts
from core.domain.claims import Claim
from core.domain.insights import Signed, TacticProse, WritingTask
from core.flow.catalog import StepContext
from core.steps.analysts import Held, Sheet, analyst_of, ask_checked
from core.steps.facts import PHRASES


def write_prose(context: StepContext, task: WritingTask) -> Held[TacticProse]:
    """Return prose every claim of which a fact bears, and that does not contradict the plan."""
    analyst, rules, allowed = analyst_of(context), context.services.adapters.analyst, _allowed(task)

    def ask(refused: tuple[str, ...]) -> Signed[TacticProse]:
        return analyst.write(task.model_copy(update={"refused": refused}))

    def check(text: str) -> tuple[Claim, ...]:
        return check_plan_words(text, task.scenario, allowed)

    sheet = Sheet(prose_facts(task), allowed, check)
    return ask_checked(ask, lambda: rules.write(task), dict, sheet)


def wait_clause(context: StepContext, task: WritingTask) -> str:
    """Return what would change the analyst's mind, in the rules' words if its own give orders."""
    said = task.insight.would_change_mind
    if not check_plan_words(said, task.scenario, _allowed(task)):
        return said
    return context.services.adapters.analyst.write(task).value.adaptability


def _allowed(task: WritingTask) -> tuple[str, ...]:
    return (*PHRASES, task.snapshot.session_date.isoformat())
