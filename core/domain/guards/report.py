"""All guards of the account at one moment."""

from __future__ import annotations

from core.domain.guards.facts import AccountFacts
from core.domain.guards.losses import loss_guards
from core.domain.guards.rhythm import rhythm_guards
from core.domain.guards.verdicts import GuardReport, GuardVerdict
from core.domain.risk import GuardLimits, RiskPolicy


def account_guards(limits: GuardLimits, facts: AccountFacts) -> tuple[GuardVerdict, ...]:
    return (*loss_guards(limits, facts), *rhythm_guards(limits, facts))


def report(policy: RiskPolicy, facts: AccountFacts) -> GuardReport:
    """Return what the guards say under the limits of a session; the same facts, the same report."""
    return GuardReport(
        session_date=facts.session_date,
        checked_at=facts.now,
        policy_version=policy.version,
        verdicts=account_guards(policy.guards, facts),
    )
