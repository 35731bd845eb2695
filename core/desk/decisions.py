"""Approve, reject, and settle what nobody but the operator can know."""

from __future__ import annotations

from core.domain.flow import Approval, Decision, EffectRecord, Verdict
from core.domain.order_keys import entry_key
from core.domain.reports import DecisionReport
from core.errors import AppError, InvalidTransitionError, StaleError
from core.steps.services import Services


class Decisions:
    """What waits for the operator."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def pending(self) -> list[Approval]:
        """Return what waits, oldest first; what has expired is not among it."""
        return self._services.approvals.pending(self._services.clock.now())

    def approve(self, approval_id: str, actor: str, reason: str = "") -> DecisionReport:
        """Approve once; the effects follow in their own run.

        Raises: InvalidTransitionError if it is decided already, StaleError if it has expired or
            its subject has changed.
        """
        self._check_unchanged(self._services.approvals.get(approval_id))
        return self._decide(approval_id, Verdict.APPROVED, actor, reason)

    def reject(self, approval_id: str, actor: str, reason: str) -> DecisionReport:
        """Reject once, with the reason; nothing goes out."""
        if not reason.strip():
            raise InvalidTransitionError("a rejection needs a reason")
        return self._decide(approval_id, Verdict.REJECTED, actor, reason.strip())

    def approve_all(self, approval_ids: list[str], actor: str) -> tuple[list[str], list[str]]:
        """Approve several with one click; return the ids done and why the others were not."""
        done, refused = [], []
        for approval_id in approval_ids:
            try:
                done.append(self.approve(approval_id, actor).approval_id)
            except AppError as error:
                refused.append(str(error))
        return done, refused

    def effects(self) -> list[EffectRecord]:
        return self._services.ledger.list()

    def parked_effects(self) -> list[EffectRecord]:
        """Return the effects that may or may not have happened."""
        return self._services.ledger.parked()

    def settle_as_done(self, key: str, external_id: str, actor: str) -> EffectRecord:
        """Record that a parked effect did happen."""
        record = self._services.ledger.settle_done(key, external_id, actor)
        self._audit(actor, "effect settled as done", key, {"external_id": external_id})
        return record

    def settle_as_absent(self, key: str, actor: str) -> EffectRecord:
        """Record that a parked effect did not happen; it may be sent once more."""
        record = self._services.ledger.settle_absent(key, actor)
        self._audit(actor, "effect settled as absent", key, {})
        return record

    def _decide(
        self, approval_id: str, verdict: Verdict, actor: str, reason: str
    ) -> DecisionReport:
        decision = Decision(verdict=verdict, actor=actor, reason=reason)
        now = self._services.clock.now()
        approval = self._services.approvals.decide(approval_id, decision, now)
        return DecisionReport(
            approval_id=approval_id,
            decision=verdict,
            effects=approval.effect_keys if verdict is Verdict.APPROVED else (),
            run_id=approval.follow_up_run_id or "",
        )

    def _check_unchanged(self, approval: Approval) -> None:
        storage = self._services.storage
        if approval.kind == "trade":
            current = self._order_sha256(approval)
        else:
            current = storage.content.get(approval.subject_id).content_sha256
        if current != approval.content_sha256:
            raise StaleError(
                f"{approval.subject_id} has changed since this approval was asked for; "
                "decide on its newest version"
            )

    def _order_sha256(self, approval: Approval) -> str:
        """Return the hash of the newest version's order; another one has been replaced."""
        storage = self._services.storage
        tactic = storage.tactics.get(approval.subject_id)
        return storage.trading.request(entry_key(tactic)).content_sha256

    def _audit(self, actor: str, action: str, subject: str, payload: dict[str, str]) -> None:
        now = self._services.clock.now()
        self._services.storage.audit.record(actor, action, subject, payload, now)
