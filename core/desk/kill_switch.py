"""Halt the desk at once, clear the account behind it, and resume when all is well."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock

from core.domain.flow import RunState, TradingState, TradingSwitch
from core.domain.guards import Halt, HaltDepth, HaltOutcome
from core.domain.reconciliation import blocking
from core.errors import DomainError, InvalidTransitionError
from core.flow.control import Control
from core.replay import run_inputs
from core.steps.broker_switch import resume
from core.steps.guards import look
from core.steps.reconcile import reconcile_now
from core.steps.services import Services

WORKFLOW = "halt_desk"
RECENT = 20


@dataclass(frozen=True)
class SwitchState:
    """Where the switch stands. halt: the newest press of a desk that is halted, if it was pressed.

    run: of what follows from it. outcome: what that has come to, None as long as it runs.
    """

    switch: TradingSwitch
    halt: Halt | None = None
    run: RunState | None = None
    outcome: HaltOutcome | None = None

    @property
    def is_active(self) -> bool:
        return self.switch.state is TradingState.ACTIVE


class KillSwitch:
    """The switch of this desk; there is one process that owns it."""

    def __init__(self, services: Services, control: Control) -> None:
        self._services, self._control = services, control
        self._pressing = Lock()

    def state(self) -> SwitchState:
        switch, guards = self._services.state.trading(), self._services.storage.guards
        halt = guards.newest_halt() if switch.state is TradingState.HALTED else None
        if halt is None or not halt.run_id:
            return SwitchState(switch, halt)
        outcome = guards.outcome_of(halt.run_id)
        return SwitchState(switch, halt, self._control.status(halt.run_id).status, outcome)

    def halt(self, reason: str, actor: str, depth: HaltDepth) -> Halt:
        """Let no new order out from this moment on, then clear the account down to a depth."""
        reason, now = said(reason), self._services.clock.now()
        self._services.state.halt(reason, actor)
        self._audit(actor, "halt", {"reason": reason, "depth": depth.value}, now)
        run_id = self._start(reason, actor, depth) if depth.cancels else ""
        halt = Halt(halted_at=now, depth=depth, reason=reason, actor=actor, run_id=run_id)
        self._services.storage.guards.append_halt(halt)
        return halt

    def resume(self, reason: str, actor: str) -> TradingSwitch:
        """Let entries out again, once guards and books have nothing against it.

        Raises: DomainError that says what to settle first; AdapterError, EffectError from the
            broker. The desk then stays as it is.
        """
        reason, now = said(reason), self._services.clock.now()
        self._check_guards()
        self._check_books()
        resume(self._services, f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
        reconcile_now(self._services, actor, now)
        self._check_books()
        switch = self._services.state.resume(reason, actor)
        self._audit(actor, "resume", {"reason": reason}, now)
        return switch

    def _start(self, reason: str, actor: str, depth: HaltDepth) -> str:
        """Start the run, or join one of this depth that is still at work: two would sell twice."""
        prefix = f"{WORKFLOW}@{depth}-"
        with self._pressing:
            for run in self._control.runs(RECENT, WORKFLOW):
                if run.status.is_open and run.run_id.startswith(prefix):
                    return run.run_id
            # The wall's clock names it: in the replay, time may stand between two presses.
            run_id = f"{prefix}{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}"
            inputs = run_inputs(self._services.clock.now())
            more = {"depth": depth.value, "reason": reason, "actor": actor}
            return self._control.start(WORKFLOW, inputs | more, run_id)

    def _check_guards(self) -> None:
        found = look(self._services)
        if found.asks_for is TradingState.ACTIVE:
            return
        why = "; ".join(one.detail for one in found.breaches if one.action.state is found.asks_for)
        raise DomainError(
            f"a guard asks for {found.asks_for.replace('_', ' ')}: {why}. A limit that is raised "
            "in data/policy.yaml counts from the next session"
        )

    def _check_books(self) -> None:
        standing = self._services.storage.reconciliations.standing()
        found = blocking([one.difference for one in standing.open])
        if found:
            subjects = ", ".join(one.subject for one in found)
            raise DomainError(f"desk and broker differ about {subjects}: settle that first")
        if standing.newest is not None and standing.newest.no_answer:
            raise DomainError(f"the broker does not answer: {standing.newest.no_answer}")

    def _audit(self, actor: str, action: str, payload: dict[str, str], at: datetime) -> None:
        self._services.storage.audit.record(actor, action, "desk", payload, at)


def said(reason: str) -> str:
    """Return a reason. Raises: InvalidTransitionError where none was given."""
    if not reason.strip():
        raise InvalidTransitionError("say why, in a few words")
    return reason.strip()
