"""One comparison, what is open after it, and what that keeps from being traded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import Field

from core.domain.base import Frozen, Sha256, UtcDatetime, content_sha256
from core.domain.reconciliation.cash import CashAnchor, cash_differences
from core.domain.reconciliation.differences import Difference, DifferenceKind, Scope
from core.domain.reconciliation.fills import fill_differences
from core.domain.reconciliation.orders import order_differences
from core.domain.reconciliation.positions import position_differences
from core.domain.reconciliation.sides import BrokerSide, DeskSide

PATIENCE = timedelta(minutes=15)


class RunState(StrEnum):
    AGREED = "agreed"
    DIFFERS = "differs"
    NOT_ANSWERED = "not_answered"


class Verdict(StrEnum):
    """adopted: the broker's story counts. ignored: the difference may stand as it is."""

    ADOPTED = "adopted"
    IGNORED = "ignored"


class ReconciliationRun(Frozen):
    """One comparison. no_answer: why the broker was not heard, "" where it was.

    since: from when on each difference has stood, by its id. orders, positions: told by the
    broker; fills: that have come in with it. anchor: what the next one compares the money with.
    """

    run_id: str
    broker: str
    reconciled_at: UtcDatetime
    no_answer: str = ""
    differences: tuple[Difference, ...] = ()
    since: dict[str, UtcDatetime] = Field(default_factory=dict)
    orders: int = 0
    fills: int = 0
    positions: int = 0
    anchor: CashAnchor | None = None

    @property
    def state(self) -> RunState:
        if self.no_answer:
            return RunState.NOT_ANSWERED
        return RunState.DIFFERS if self.differences else RunState.AGREED

    @property
    def reconciliation_id(self) -> str:
        return content_sha256(self)


class DifferenceResolution(Frozen):
    """What somebody made of a difference that has stood since a moment."""

    difference_id: Sha256
    since: UtcDatetime
    verdict: Verdict
    actor: str = Field(min_length=1)
    reason: str = Field(min_length=1, max_length=500)
    resolved_at: UtcDatetime


@dataclass(frozen=True)
class OpenDifference:
    """A difference that nobody has settled."""

    difference: Difference
    since: datetime

    @property
    def difference_id(self) -> str:
        return self.difference.difference_id


@dataclass(frozen=True)
class Standing:
    """Where desk and broker stand with each other.

    answered_at: of the newest comparison since this process started, None where there is none.
    newest: whichever it was, with an answer or not.
    """

    open: Sequence[OpenDifference] = ()
    answered_at: datetime | None = None
    newest: ReconciliationRun | None = None

    def refusal(self, symbol: str, not_before: datetime | None) -> str:
        """Say why a symbol may not be traded, "" where it may.

        not_before: a comparison from before then is too old; None where any will do.
        """
        for one in self.open:
            if one.difference.stands_in_the_way_of(symbol):
                what = one.difference.kind.replace("_", " ")
                return f"desk and broker differ about {one.difference.subject} ({what}): settle it"
        if self.answered_at is None:
            return f"nothing was compared with the broker yet{self._why()}"
        if not_before is not None and self.answered_at < not_before:
            at = f"{self.answered_at:%Y-%m-%d %H:%M} UTC"
            return f"the last comparison with the broker is of {at}{self._why()}"
        return ""

    def _why(self) -> str:
        has_failed = self.newest is not None and self.newest.no_answer
        return f": {self.newest.no_answer}" if self.newest and has_failed else ""


def reconcile(desk: DeskSide, broker: BrokerSide) -> tuple[Difference, ...]:
    """Return what differs: about orders, then fills, then positions, then cash.

    While shares differ the money must differ too, so it is compared once they agree.
    """
    orders = tuple(order_differences(desk, broker))
    fills = tuple(fill_differences(desk, broker))
    positions = tuple(position_differences(desk, broker))
    lacks_fills = any(one.kind is DifferenceKind.FILL_MISSING for one in fills)
    cash = () if positions or lacks_fills else tuple(cash_differences(desk.cash, broker.account))
    return (*orders, *fills, *positions, *cash)


def blocking(differences: Sequence[Difference]) -> list[Difference]:
    """Return those that keep something from being traded."""
    return [one for one in differences if one.blocks is not Scope.NOTHING]
