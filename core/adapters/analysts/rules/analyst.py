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
    Signed,
    TacticProse,
    WritingTask,
)
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

    def extract(self, question: HeadlineQuestion) -> Signed[Extraction]:
        return Signed[Extraction](value=read_headline(question), engine=ENGINE)

    def judge(self, material: Material) -> Signed[Opinion]:
        return Signed[Opinion](value=opinion_on(material), engine=ENGINE)

    def write(self, task: WritingTask) -> Signed[TacticProse]:
        return Signed[TacticProse](value=prose_for(task), engine=ENGINE)
