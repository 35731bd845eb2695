"""Who judges and writes in this run, and what is done with words that no fact bears."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Generic, Literal

from core.analysis.claims import check_claims
from core.domain.claims import Claim, ClaimReport
from core.domain.content import Fact
from core.domain.insights import Signed
from core.domain.model_calls import AnswerT
from core.flow.catalog import StepContext
from core.ports import Analyst
from core.steps.model_analyst import ModelAnalyst
from core.steps.model_desk import ModelDesk

Action = Literal["kept", "rewritten", "replaced"]
Contradictions = Callable[[AnswerT], Mapping[str, tuple[Claim, ...]]]


def analyst_of(context: StepContext) -> Analyst:
    """Return the chosen analyst: the rules, or a model with the rules behind it."""
    services = context.services
    provider, playbook = services.adapters.language_model, services.playbook
    if provider is None:
        return services.adapters.analyst
    calls = services.storage.model_calls
    desk = ModelDesk(provider, playbook.models, services.budget, calls)
    return ModelAnalyst(desk, playbook.prompts, services.adapters.analyst, context.run_id)


@dataclass(frozen=True)
class Sheet:
    """What a text may state: facts, and phrases with digits or capitals that are no claims.

    check: finds what else a text may not say.
    """

    facts: Sequence[Fact]
    allowed: Sequence[str]
    check: Callable[[str], tuple[Claim, ...]] | None = None

    def claims(self, text: str) -> tuple[Claim, ...]:
        claims = check_claims(text, self.facts, self.allowed)
        return (*claims, *self.check(text)) if self.check else claims


@dataclass(frozen=True)
class Held(Generic[AnswerT]):
    """What was said, and the verdict on each of its texts."""

    signed: Signed[AnswerT]
    texts: Mapping[str, str]
    claims: Mapping[str, tuple[Claim, ...]]
    action: Action

    @property
    def refused(self) -> tuple[str, ...]:
        """What no fact bears, each with the reason."""
        failed = [claim for claims in self.claims.values() for claim in claims if not claim.holds]
        return tuple(f"{claim.text}: {claim.reason}" for claim in failed)

    def reports(self, subject_id: str, checked_at: datetime) -> list[ClaimReport]:
        return [
            ClaimReport(
                subject_id=subject_id,
                part=part,
                text=text,
                text_sha256=sha256(text.encode()).hexdigest(),
                claims=self.claims[part],
                action=self.action,
                checked_at=checked_at,
            )
            for part, text in self.texts.items()
        ]


def _nothing(_answer: object) -> Mapping[str, tuple[Claim, ...]]:
    return {}


def ask_checked(
    ask: Callable[[tuple[str, ...]], Signed[AnswerT]],
    instead: Callable[[], Signed[AnswerT]],
    texts_of: Callable[[AnswerT], Mapping[str, str]],
    sheet: Sheet,
    against: Contradictions[AnswerT] = _nothing,
) -> Held[AnswerT]:
    """Return words that hold: the first, those of a second try, or the rules'.

    against: finds, by part, what an answer says against itself.
    """

    def hold(signed: Signed[AnswerT], action: Action) -> Held[AnswerT]:
        texts, wrong = texts_of(signed.value), against(signed.value)
        claims = {part: (*sheet.claims(t), *wrong.get(part, ())) for part, t in texts.items()}
        return Held(signed, texts, claims, action)

    first = hold(ask(()), "kept")
    if not first.refused or first.signed.prompt is None:
        return first
    second = hold(ask(first.refused), "rewritten")
    if not second.refused:
        return second
    reason = f"{second.signed.engine} claims what no fact bears: {second.refused[0]}"
    return hold(instead().model_copy(update={"fallback": reason}), "replaced")
