"""The risk policies that the desk has had, and the session in which each became known."""

from __future__ import annotations

from datetime import date

from core.domain.risk import PolicyVersion, RiskPolicy, effective_policy, looser_limits
from core.storage.connection import Store
from core.storage.facts import FactTable

POLICIES = FactTable(
    name="risk_policies",
    model=PolicyVersion,
    keys=("policy_id", "received_at"),
    identity="policy_id",
    columns=("session_date",),
)


class RiskPolicies:
    """Limits as they were adopted; what is raised waits for the next session."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def remember(self, policy: RiskPolicy, session_date: date) -> tuple[str, ...]:
        """Keep a policy that is new; return the limits that it raises."""
        with self._store.write() as cursor:
            known = self.history()
            if known and known[-1].policy == policy:
                return ()
            version = PolicyVersion(policy=policy, session_date=session_date)
            moment = self._store.moments.stamp()
            POLICIES.insert(cursor, self._store, [version], received_at=moment)
        return looser_limits(known[-1].policy, policy) if known else ()

    def history(self) -> list[PolicyVersion]:
        return POLICIES.find(self._store, "true order by received_at, rowid")

    def effective(self, session_date: date) -> RiskPolicy:
        """Return the limits of a session. Raises: NotFoundError if none was ever remembered."""
        return effective_policy(self.history(), session_date)
