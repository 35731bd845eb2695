"""The desk's books against the broker's: orders, fills, positions, cash."""

from core.domain.reconciliation.books import (
    EXTERNAL,
    BookEntry,
    Traded,
    books,
    by_symbol,
    plain,
    traded,
)
from core.domain.reconciliation.cash import CashAnchor, next_anchor
from core.domain.reconciliation.differences import Adoption, Difference, DifferenceKind, Scope
from core.domain.reconciliation.runs import (
    PATIENCE,
    DifferenceResolution,
    OpenDifference,
    ReconciliationRun,
    RunState,
    Standing,
    Verdict,
    blocking,
    reconcile,
)
from core.domain.reconciliation.sides import BrokerSide, DeskSide, Unanswered, Unclear

__all__ = [
    "EXTERNAL",
    "PATIENCE",
    "Adoption",
    "BookEntry",
    "BrokerSide",
    "CashAnchor",
    "DeskSide",
    "Difference",
    "DifferenceKind",
    "DifferenceResolution",
    "OpenDifference",
    "ReconciliationRun",
    "RunState",
    "Scope",
    "Standing",
    "Traded",
    "Unanswered",
    "Unclear",
    "Verdict",
    "blocking",
    "books",
    "by_symbol",
    "next_anchor",
    "plain",
    "reconcile",
    "traded",
]
