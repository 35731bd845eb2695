"""What the guards say of the account as it is known, for the pages: nobody is asked anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.domain.guards import GuardAction, GuardLock, GuardVerdict, report
from core.domain.risk import looser_limits
from core.steps.guards import known_facts
from core.steps.services import Services

NEAR = 0.75


class MeterState(StrEnum):
    """How a guard stands. near: three quarters of its limit are used. locked: for a while."""

    FREE = "free"
    NEAR = "near"
    LOCKED = "locked"
    BREACHED = "breached"
    MISSING = "missing"


@dataclass(frozen=True)
class Meter:
    """One guard. share: of its limit that is used, None where nobody could tell."""

    verdict: GuardVerdict
    state: MeterState

    @property
    def share(self) -> float | None:
        return self.verdict.share


@dataclass(frozen=True)
class GuardPanel:
    """All guards of the account. equity_as_of: when it was read, None where it never was.

    locks: that hold now. waiting: limits that were raised, and count from the next session on.
    """

    meters: Sequence[Meter]
    locks: Sequence[GuardLock]
    equity_as_of: datetime | None
    policy_version: str
    waiting: Sequence[str]


class Guards:
    """The guards as the store knows them."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def panel(self) -> GuardPanel:
        """Return every guard with its value, its limit and what it asks for."""
        services, now = self._services, self._services.clock.now()
        storage = services.storage
        bare = known_facts(services, None, now)
        account_id = storage.guards.newest_account()
        if account_id is not None:
            equity = storage.guards.equity_marks(account_id, bare.session_date, now)
            bare = bare.model_copy(update={"equity": equity})
        policy = storage.policies.effective(bare.session_date)
        newest = storage.policies.history()[-1].policy
        found = report(policy, bare)
        return GuardPanel(
            meters=[Meter(verdict, _state(verdict)) for verdict in found.verdicts],
            locks=storage.guards.locks_at(now),
            equity_as_of=bare.equity.as_of if bare.equity else None,
            policy_version=policy.version,
            waiting=looser_limits(policy, newest),
        )


def _state(verdict: GuardVerdict) -> MeterState:
    if verdict.until is not None:
        return MeterState.LOCKED
    if verdict.breached:
        is_missing = verdict.value is None and verdict.action is GuardAction.REFUSE
        return MeterState.MISSING if is_missing else MeterState.BREACHED
    return MeterState.NEAR if (verdict.share or 0.0) >= NEAR else MeterState.FREE
