"""The money on both sides: what the fills must have left of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from core.domain.base import Frozen, UtcDatetime
from core.domain.reconciliation.differences import Adoption, Difference, DifferenceKind, Scope
from core.domain.trading import CENT, Account, Money

FEES = Decimal("0.00005")  # of the turnover: regulators' fees are charged at the end of the day
SMALL = Decimal("0.001")  # of equity: interest, dividends, and fees of data are shown, no more


class CashAnchor(Frozen):
    """A moment at which the money agreed. USD.

    opening: what there must have been before the first fill. fills, turnover: all until then.
    """

    as_of: UtcDatetime
    opening: Money
    fills: int
    turnover: Money


class CashBook(Frozen):
    """What all fills and adoptions have done to the money since the first one. USD.

    flow: what they have brought in. anchor: None before the first comparison.
    """

    flow: Money = Decimal(0)
    fills: int = 0
    turnover: Money = Decimal(0)
    anchor: CashAnchor | None = None

    @property
    def expected(self) -> Decimal | None:
        return None if self.anchor is None else self.anchor.opening + self.flow

    @property
    def tolerance(self) -> Decimal:
        """A cent for the sum, one for each fill since the anchor, and the fees no fill tells."""
        fills, turnover = self.fills, self.turnover
        if self.anchor is not None:
            fills, turnover = fills - self.anchor.fills, turnover - self.anchor.turnover
        return CENT * (1 + fills) + FEES * turnover


def cash_differences(book: CashBook, account: Account) -> Iterator[Difference]:
    """Yield that the money differs by more than rounding and fees."""
    if book.expected is None:
        return
    missing = account.cash - book.expected
    if abs(missing) <= book.tolerance:
        return
    is_small = abs(missing) <= SMALL * abs(account.equity)
    yield Difference(
        kind=DifferenceKind.CASH,
        subject=account.account_id,
        desk=f"{book.expected:,.2f} USD are expected after all fills",
        broker=f"{account.cash:,.2f} USD, {missing:+,.2f}",
        blocks=Scope.NOTHING if is_small else Scope.ALL,
        adoption=Adoption(cash=missing),
    )


def next_anchor(
    book: CashBook, account: Account, differences: Sequence[Difference], at: datetime
) -> CashAnchor:
    """Return what the next comparison starts from: a new anchor each day on which all agrees.

    The one of the day before lets the evening's fees pass with the fills that they are for.
    """
    is_of_today = book.anchor is not None and book.anchor.as_of.date() >= at.date()
    if book.anchor is not None and (differences or is_of_today):
        return book.anchor
    opening = account.cash - book.flow
    return CashAnchor(as_of=at, opening=opening, fills=book.fills, turnover=book.turnover)
