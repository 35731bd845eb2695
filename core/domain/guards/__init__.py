"""What stops the desk, whatever a single plan is worth: guards of the account and of an order."""

from __future__ import annotations

from core.domain.guards.facts import AccountFacts, EquityMarks, OrderFacts, TradeResult
from core.domain.guards.halting import Halt, HaltDepth, HaltOutcome
from core.domain.guards.order import order_guards
from core.domain.guards.report import account_guards, report
from core.domain.guards.verdicts import (
    GuardAction,
    GuardLock,
    GuardName,
    GuardReport,
    GuardVerdict,
    stricter_state,
)

__all__ = [
    "AccountFacts",
    "EquityMarks",
    "GuardAction",
    "GuardLock",
    "GuardName",
    "GuardReport",
    "GuardVerdict",
    "Halt",
    "HaltDepth",
    "HaltOutcome",
    "OrderFacts",
    "TradeResult",
    "account_guards",
    "order_guards",
    "report",
    "stricter_state",
]
