"""How much may be risked: one versioned policy, one pure sizing rule, every refusal explained."""

from __future__ import annotations

from core.domain.risk.book import Book, OpenPosition
from core.domain.risk.decision import (
    FRACTIONAL_SHARES,
    WHOLE_SHARES,
    Constraint,
    RungState,
    SizeDecision,
    SizeInput,
)
from core.domain.risk.limits import GuardLimits, Stricter
from core.domain.risk.policy import ApprovalPolicy, RiskPolicy
from core.domain.risk.sizing import size, size_option
from core.domain.risk.versions import PolicyVersion, effective_policy, looser_limits

__all__ = [
    "FRACTIONAL_SHARES",
    "WHOLE_SHARES",
    "ApprovalPolicy",
    "Book",
    "Constraint",
    "GuardLimits",
    "OpenPosition",
    "PolicyVersion",
    "RiskPolicy",
    "RungState",
    "SizeDecision",
    "SizeInput",
    "Stricter",
    "effective_policy",
    "looser_limits",
    "size",
    "size_option",
]
