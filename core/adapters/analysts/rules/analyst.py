"""An analyst that follows fixed rules; the same question gives the same answer."""

from __future__ import annotations

from core.adapters.analysts.rules.headlines import read_headline
from core.adapters.analysts.rules.opinion import opinion_on
from core.adapters.analysts.rules.prose import prose_for
from core.domain.insights import (
    Extraction,
    HeadlineQuestion,
    Material,
    Opinion,
    TacticProse,
    WritingTask,
)
from core.domain.model_calls import Answer
from core.settings import Settings

ENGINE = "rules/v2"


def create(settings: Settings) -> RulesAnalyst:  # noqa: ARG001 - it has nothing to set
    return RulesAnalyst()


class RulesAnalyst:
    """Trend, momentum and lead vote -1, 0 or +1; two votes ahead make a direction.

    Volatility has no vote: it acts on the size of a trade alone. Headlines are counted by their
    tone; their words are never repeated.
    """

    name = "rules"
    engine = ENGINE

    def extract(self, question: HeadlineQuestion) -> Answer[Extraction]:
        return Answer[Extraction](value=read_headline(question))

    def judge(self, material: Material) -> Answer[Opinion]:
        return Answer[Opinion](value=opinion_on(material))

    def write(self, task: WritingTask) -> Answer[TacticProse]:
        return Answer[TacticProse](value=prose_for(task))
