"""The words of a tactic: written, held against the facts, rewritten once, or taken from rules."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.claims import ClaimReport
from core.domain.insights import TacticProse, WritingTask
from core.domain.model_calls import PromptReference
from core.flow.catalog import StepContext


@dataclass(frozen=True)
class Written:
    """Prose that holds, who wrote it, and the verdicts on it.

    fallback: why the rules wrote it in place of the chosen analyst.
    """

    prose: TacticProse
    engine: str
    prompt: PromptReference | None
    fallback: str
    reports: tuple[ClaimReport, ...]


def write_prose(context: StepContext, task: WritingTask) -> Written:
    analyst = context.services.adapters.analyst
    prose = analyst.write(task).value
    return Written(prose, analyst.engine, None, "", ())
