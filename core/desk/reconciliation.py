"""Desk and broker side by side: what differs, and what the operator makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from core.domain.order_events import OrderEventKind
from core.domain.reconciliation import (
    Adoption,
    DifferenceKind,
    DifferenceResolution,
    OpenDifference,
    ReconciliationRun,
    RunState,
    Verdict,
    blocking,
)
from core.errors import InvalidTransitionError
from core.steps.order_events import Teller
from core.steps.reconcile import reconcile_now
from core.steps.services import Services


@dataclass(frozen=True)
class ReconciliationState:
    """What the positions page shows of the comparison with the broker.

    newest: the last comparison, None where there never was one; state is then None, too.
    age: of the last one that the broker answered. ignored: differences that may stand.
    """

    newest: ReconciliationRun | None
    state: RunState | None
    age: timedelta | None
    open: Sequence[OpenDifference]
    ignored: int

    @property
    def blocks(self) -> bool:
        """Whether something may not be traded for it."""
        return bool(blocking([one.difference for one in self.open]))


class Reconciliations:
    """The comparison with the broker, and its differences."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._kept = services.storage.reconciliations

    def state(self) -> ReconciliationState:
        """Return how desk and broker stand with each other."""
        newest, answered = self._kept.newest(), self._kept.newest_answered()
        open_ = self._kept.open_differences()
        now = self._services.clock.now()
        return ReconciliationState(
            newest=newest,
            state=newest.state if newest else None,
            age=now - answered.reconciled_at if answered else None,
            open=open_,
            ignored=len(answered.differences) - len(open_) if answered else 0,
        )

    def run_now(self, actor: str) -> ReconciliationRun:
        """Compare now, outside the clock's rhythm."""
        return reconcile_now(self._services, actor, self._services.clock.now())

    def adopt(self, difference_id: str, actor: str, reason: str) -> DifferenceResolution:
        """Let the broker's story count, and take over what it takes to agree.

        Raises: InvalidTransitionError if it is not open any more, without a reason, or where
            there is nothing to take over.
        """
        one = self._open(difference_id)
        if one.difference.adoption == Adoption():
            raise InvalidTransitionError(
                f"of {one.difference.subject} the broker tells nothing that could be taken over: "
                "set it right there, or ignore it"
            )
        resolution = self._resolution(one, Verdict.ADOPTED, actor, reason)
        self._take_over(one.difference.adoption, actor, resolution.reason)
        return self._settle(one, resolution)

    def ignore(self, difference_id: str, actor: str, reason: str) -> DifferenceResolution:
        """Let a difference stand as it is; another one of the same thing is told again.

        Raises: InvalidTransitionError if it is not open any more, or without a reason.
        """
        one = self._open(difference_id)
        return self._settle(one, self._resolution(one, Verdict.IGNORED, actor, reason))

    def _open(self, difference_id: str) -> OpenDifference:
        found = (o for o in self._kept.open_differences() if o.difference_id == difference_id)
        one = next(found, None)
        if one is None:
            raise InvalidTransitionError(
                f"the difference {difference_id[:12]} is not open any more; look again"
            )
        if one.difference.kind is DifferenceKind.ORDER_UNCLEAR:
            raise InvalidTransitionError(
                f"{one.difference.subject} may be at the broker: settle the parked effect itself"
            )
        return one

    def _resolution(
        self, one: OpenDifference, verdict: Verdict, actor: str, reason: str
    ) -> DifferenceResolution:
        if not reason.strip():
            raise InvalidTransitionError("say why, in a few words")
        return DifferenceResolution(
            difference_id=one.difference_id,
            since=one.since,
            verdict=verdict,
            actor=actor,
            reason=reason.strip()[:500],
            resolved_at=self._services.clock.now(),
        )

    def _take_over(self, adoption: Adoption, actor: str, reason: str) -> None:
        """Keep the order and the fills; what changes the books is read from the resolution.

        It comes first, so that a crash in between leaves the difference open, to be adopted again.
        """
        trading = self._services.storage.trading
        trading.append_fills(adoption.fills)
        if adoption.order is not None:
            trading.append_orders([adoption.order])
            now = self._services.clock.now()
            teller = Teller(self._services.storage, actor, now)
            teller.tell(adoption.order, OrderEventKind.ADOPTED, reason)

    def _settle(
        self, one: OpenDifference, resolution: DifferenceResolution
    ) -> DifferenceResolution:
        self._kept.resolve(resolution)
        payload = {
            "kind": one.difference.kind.value,
            "subject": one.difference.subject,
            "desk": one.difference.desk,
            "broker": one.difference.broker,
            "reason": resolution.reason,
        }
        action = f"difference {resolution.verdict}"
        audit, at = self._services.storage.audit, resolution.resolved_at
        audit.record(resolution.actor, action, one.difference_id, payload, at)
        return resolution
