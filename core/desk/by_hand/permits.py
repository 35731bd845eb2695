"""What the discipline policy asks before a plan is broken by hand."""

from __future__ import annotations

from core.desk.discipline import Discipline
from core.domain.discipline import Friction
from core.domain.overrides import OverrideKind
from core.domain.views.positions import HandAction, Word
from core.errors import DomainError, InvalidTransitionError
from core.steps.services import Services

# A stop that is closer than the plan's ends the trade before the plan does.
OVERRIDES = {
    HandAction.FLATTEN: OverrideKind.EARLY_EXIT,
    HandAction.BREAK_EVEN: OverrideKind.EARLY_EXIT,
    HandAction.CANCEL: OverrideKind.SKIPPED_SIGNAL,
}


class Permits:
    """Asks the discipline record; without one, everything may be done."""

    def __init__(self, services: Services, discipline: Discipline | None) -> None:
        self._services, self._discipline = services, discipline

    def friction(self, action: HandAction, tactic_id: str, actor: str) -> Friction | None:
        """Return what an action must ask for, None where it breaks no plan that still goes on."""
        if self._discipline is None or not self._is_open(tactic_id):
            return None
        return self._discipline.friction_for(OVERRIDES[action], actor)

    def check(self, action: HandAction, tactic_id: str, word: Word) -> None:
        """Let an action pass, and keep what was typed for it.

        Raises: DomainError that says what is missing, or why it is blocked.
        """
        if self._discipline is None or not self._is_open(tactic_id):
            return
        kind, (actor, reason, waited_s) = OVERRIDES[action], word
        try:
            self._discipline.permit(kind, tactic_id, reason=reason, waited_s=waited_s, actor=actor)
        except InvalidTransitionError as error:
            raise DomainError(str(error)) from error  # nothing was handled: it may be tried again

    def _is_open(self, tactic_id: str) -> bool:
        return bool(tactic_id) and self._services.storage.tactics.resolution(tactic_id) is None
