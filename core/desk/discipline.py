"""What the operator did between the plan and the account: the record, and what it asks of him."""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

from core.analysis.discipline.case import Rules
from core.analysis.discipline.changes import is_person
from core.analysis.discipline.examples import example_notes, examples
from core.analysis.discipline.levels import friction, level_of
from core.analysis.discipline.record import Judged, discipline_record
from core.analysis.discipline.scores import cost_group
from core.domain.base import SYMBOL_PATTERN
from core.domain.discipline import Friction, Level, LevelState
from core.domain.overrides import (
    Emotion,
    Override,
    OverrideKind,
    OverrideNote,
    identify,
    plan_case,
)
from core.domain.two_books import DisciplineRecord
from core.errors import InvalidTransitionError
from core.steps.discipline import first_of_window
from core.steps.moment import session_of
from core.steps.services import Services


class _Word(NamedTuple):
    reason: str
    emotion: Emotion | None
    actor: str


class Discipline:
    """Both books, why they differ, and how far the desk gets in the way."""

    def __init__(self, services: Services) -> None:
        self._services, self._storage = services, services.storage
        self._policy = services.playbook.discipline

    def read(self) -> DisciplineRecord:
        """Return the desk's own record."""
        views = self._storage.views
        judged = Judged(
            views.book_comparisons(), views.standing_overrides(), views.override_notes()
        )
        return discipline_record(judged, self.level(), self._today(), self._policy)

    def examples(self) -> DisciplineRecord:
        """Return the made-up trades of the demo, judged by the real rules; none is ever stored."""
        today = self._today()
        rules = Rules.of(self._policy, self._services.playbook.policy.guards)
        found = examples(today, rules)
        overrides = [one for judgement in found for one in judgement.overrides]
        judged = Judged([one.comparison for one in found], overrides, example_notes(found))
        level = level_of(overrides, self._first(today), today, self._policy)
        return discipline_record(judged, level, today, self._policy, is_synthetic=True)

    def level(self) -> LevelState:
        """Return the level of now: overrides grow old even if nothing new is judged."""
        today = self._today()
        standing = self._storage.views.standing_overrides()
        return level_of(standing, self._first(today), today, self._policy)

    def explain(
        self, override_id: str, reason: str, emotion: Emotion | None, actor: str
    ) -> OverrideNote:
        """Keep why an override was done; the newest word on it counts, and none is lost.

        Raises: NotFoundError, InvalidTransitionError for a reason that says too little.
        """
        self._refuse_short(reason)
        kind = self._storage.overrides.get(override_id).kind
        return self._note(override_id, kind, _Word(reason, emotion, actor))

    def report(
        self, kind: OverrideKind, symbol: str, reason: str, emotion: Emotion | None, actor: str
    ) -> Override:
        """Keep an override that the operator tells of himself, as no detector can see it."""
        self._refuse_short(reason)
        if symbol and not re.fullmatch(SYMBOL_PATTERN, symbol):
            raise InvalidTransitionError(f"{symbol!r} is no symbol; leave it empty")
        now = self._services.clock.now()
        told = Override(
            kind=kind,
            case_id=f"self:{now.isoformat()}:{symbol}",
            account=actor,
            occurred_at=now,
            session_date=session_of(now),
            symbol=symbol,
            detected_by="self",
        )
        self._storage.overrides.append([], [told], now)
        self._note(told.override_id, kind, _Word(reason, emotion, actor))
        return told

    def friction_for(self, kind: OverrideKind, actor: str) -> Friction:
        """Return what an action that overrides a plan must ask for; a policy is asked nothing."""
        standing = self._storage.views.standing_overrides()
        own = [one for one in standing if one.kind is kind]
        so_far = cost_group(kind.value, own, self._policy.enough)
        level = self.level().level if is_person(actor) else Level.OBSERVE
        return friction(kind, level, so_far, self._policy)

    def permit(
        self, kind: OverrideKind, tactic_id: str, *, reason: str, waited_s: float, actor: str
    ) -> Friction:
        """Let an action on a plan happen that overrides it, and keep what was typed for it.

        Raises: InvalidTransitionError that says what is still missing, or why it is blocked.
        """
        asked = self.friction_for(kind, actor)
        refusal = asked.refusal(reason, waited_s)
        if refusal:
            raise InvalidTransitionError(refusal)
        if reason.strip():
            version = self._storage.tactics.get(tactic_id).version
            account = self._services.adapters.broker.name
            key = identify(kind, plan_case(tactic_id, version), account)
            self._note(key, kind, _Word(reason, None, actor))
        return asked

    def _note(self, key: str, kind: OverrideKind, word: _Word) -> OverrideNote:
        now = self._services.clock.now()
        note = OverrideNote(
            override_id=key,
            noted_at=now,
            actor=word.actor,
            reason=word.reason.strip()[:500],
            emotion=word.emotion,
        )
        self._storage.overrides.append_note(note)
        told = {"kind": kind.value, "reason": note.reason, "emotion": word.emotion or ""}
        self._storage.audit.record(word.actor, "override explained", key, told, now)
        return note

    def _refuse_short(self, reason: str) -> None:
        shortest = self._policy.reason_characters
        if len(reason.strip()) < shortest:
            raise InvalidTransitionError(f"type the reason, in at least {shortest} characters")

    def _today(self) -> date:
        return session_of(self._services.clock.now())

    def _first(self, today: date) -> date:
        return first_of_window(today, self._policy.window_sessions)
