"""An analyst that asks a language model, and the rules where it has no answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean

from core.analysis.language import is_english
from core.analysis.prompt_data import headline_data, opinion_data, opinion_facts, prose_data
from core.analysis.prompts import PromptLibrary
from core.domain.base import Frozen
from core.domain.insights import (
    Extraction,
    HeadlineQuestion,
    Material,
    Opinion,
    Sample,
    Signed,
    TacticProse,
    WritingTask,
)
from core.domain.model_calls import AnswerT, Prompt, Stage, Usage
from core.domain.scenarios import Bias
from core.domain.text import plain_text
from core.ports import Analyst
from core.steps.model_desk import ModelDesk, NoAnswer, Question

ABSTAINS = "abstains"
SHOWN_CHARACTERS = 60
CAUTION = (ABSTAINS, Bias.NEUTRAL, Bias.BEARISH, Bias.BULLISH)  # which of two equal sides counts


class ModelAnalyst:
    """Reads, judges and writes with one model. Contract: tests/flow/test_model_analyst.py.

    It never fails for the model's sake: without an answer the rules give theirs, and say why.
    """

    def __init__(
        self, desk: ModelDesk, prompts: PromptLibrary, rules: Analyst, run_id: str
    ) -> None:
        self.name, self.engine = desk.model.name, desk.model.engine
        self._desk, self._prompts, self._rules, self._run_id = desk, prompts, rules, run_id

    def extract(self, question: HeadlineQuestion) -> Signed[Extraction]:
        prompt = self._prompts.render(Stage.EXTRACTION, headline_data(question))
        news_id = question.headline.news_id
        outcome = self._desk.ask(self._question(prompt, Extraction, news_id, _anything))
        if isinstance(outcome, NoAnswer):
            return self._instead(self._rules.extract(question), outcome.reason)
        return self._signed(prompt, outcome.value, outcome.usage)

    def judge(self, material: Material) -> Signed[Opinion]:
        """Ask as often as the policy says; the majority counts, as far as it agrees."""
        prompt = self._prompts.render(Stage.SYNTHESIS, opinion_data(material))
        check = _opinion_check(material)
        opinions, usage, failures = list[Opinion](), Usage(), list[str]()
        wanted = self._desk.policy.stages[Stage.SYNTHESIS].samples
        snapshot_id = material.snapshot.snapshot_id
        for number in range(wanted):
            question = self._question(prompt, Opinion, snapshot_id, check, number)
            outcome = self._desk.ask(question)
            if isinstance(outcome, NoAnswer):
                failures.append(outcome.reason)
            else:
                opinions.append(_without_side(outcome.value))
                usage += outcome.usage
            if 2 * len(failures) >= wanted:  # no majority of the samples can be had
                return self._instead(self._rules.judge(material), failures[-1])
        return self._agreed(prompt, opinions, usage)

    def write(self, task: WritingTask) -> Signed[TacticProse]:
        prompt = self._prompts.render(Stage.WRITING, prose_data(task))
        insight_id = task.insight.insight_id
        outcome = self._desk.ask(self._question(prompt, TacticProse, insight_id, _check_prose))
        if isinstance(outcome, NoAnswer):
            return self._instead(self._rules.write(task), outcome.reason)
        return self._signed(prompt, outcome.value, outcome.usage)

    def _question(
        self,
        prompt: Prompt,
        shape: type[AnswerT],
        subject_id: str,
        check: Callable[[AnswerT], object],
        sample: int = 0,
    ) -> Question[AnswerT]:
        return Question(self._run_id, subject_id, prompt, shape, check, sample)

    def _signed(self, prompt: Prompt, value: AnswerT, usage: Usage) -> Signed[AnswerT]:
        return Signed(value=value, engine=self.engine, prompt=prompt.reference, usage=usage)

    def _instead(self, signed: Signed[AnswerT], reason: str) -> Signed[AnswerT]:
        """Let the rules' answer say why it stands there."""
        return signed.model_copy(update={"fallback": f"{self.engine}: {reason}"})

    def _agreed(self, prompt: Prompt, opinions: Sequence[Opinion], usage: Usage) -> Signed[Opinion]:
        sides = [ABSTAINS if opinion.abstains else opinion.stance for opinion in opinions]
        side = max(CAUTION, key=sides.count)
        agreeing = [one for one, taken in zip(opinions, sides, strict=True) if taken == side]
        agreement = len(agreeing) / len(opinions)
        conviction = fmean(opinion.conviction for opinion in agreeing) * agreement
        opinion = agreeing[0].model_copy(update={"conviction": round(conviction, 4)})
        if len(opinions) == 1:
            return self._signed(prompt, opinion, usage)
        disagreement = round(1 - agreement, 4)
        return self._signed(prompt, opinion, usage).model_copy(
            update={
                "samples": tuple(_sample(opinion) for opinion in opinions),
                "disagreement": disagreement,
                "needs_operator": disagreement > self._desk.policy.escalate_above,
            }
        )


def _sample(opinion: Opinion) -> Sample:
    return Sample(stance=opinion.stance, conviction=opinion.conviction, abstains=opinion.abstains)


def _without_side(opinion: Opinion) -> Opinion:
    """Take an abstention at its word, whatever else it says."""
    if not opinion.abstains:
        return opinion
    return opinion.model_copy(update={"stance": Bias.NEUTRAL, "conviction": 0.0, "preferred": ""})


def _anything(_answer: Frozen) -> None:
    """Accept what has the shape."""


def _opinion_check(material: Material) -> Callable[[Opinion], None]:
    facts = {fact.fact_id for fact in opinion_facts(material)}
    plans = {scenario.key for scenario in material.candidates}

    def check(opinion: Opinion) -> None:
        cited = {fact_id for driver in opinion.drivers for fact_id in driver.fact_ids}
        named = {*opinion.vetoed, *filter(None, (opinion.preferred,))}
        _refuse(cited - facts, "it cites what is no fact")
        _refuse(named - plans, "it names what is no plan")
        _refuse({opinion.preferred} & {*opinion.vetoed}, "it prefers a plan that it vetoes")
        texts = opinion.summary, *(driver.text for driver in opinion.drivers)
        _check_english(*texts, *opinion.risks, opinion.would_change_mind)

    return check


def _check_prose(prose: TacticProse) -> None:
    _check_english(*(text for _, text in prose))


def _refuse(found: set[str], complaint: str) -> None:
    if found:
        raise ValueError(f"{complaint}: {plain_text(min(found), SHOWN_CHARACTERS)!r}")


def _check_english(*texts: str) -> None:
    if not is_english(" ".join(texts)):
        raise ValueError(f"it is not in English: {plain_text(texts[0], SHOWN_CHARACTERS)!r}")
