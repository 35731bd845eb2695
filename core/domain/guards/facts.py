"""What the guards look at: the marked equity, results and entries of the account, one order."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pydantic import Field

from core.domain.base import Frozen, Number, UtcDatetime
from core.domain.feeds import Quote
from core.domain.orders import OrderRequest
from core.domain.scenarios import Grade

NEW_YORK = ZoneInfo("America/New_York")
ONE_DAY = timedelta(days=1)


def day_start(session_date: date) -> datetime:
    """Return the midnight in New York at which a session's day begins."""
    return datetime.combine(session_date, time(0), NEW_YORK).astimezone(UTC)


def week_start(session_date: date) -> datetime:
    return day_start(session_date - timedelta(days=session_date.weekday()))


def day_end(moment: datetime) -> datetime:
    """Return the midnight in New York after a moment."""
    return day_start(moment.astimezone(NEW_YORK).date() + ONE_DAY)


class EquityMarks(Frozen):
    """The marked equity, realised and unrealised, in USD at the moments that guards measure from.

    Each is what was last read before that moment, or first of all; what came in or went out
    since is taken into account. latest: as of `as_of`. peak: the highest ever read.
    """

    as_of: UtcDatetime
    latest: float
    day_start: float
    week_start: float
    peak: float


class TradeResult(Frozen):
    """What a trade of the account has made after fees, in USD.

    r: in parts of what was at risk, None where no stop said how much that was.
    """

    closed_at: UtcDatetime
    profit: Number
    r: Number | None

    @property
    def is_loss(self) -> bool:
        return self.profit < 0


class AccountFacts(Frozen):
    """What is known of the account at a moment of a session.

    equity: None where nobody could tell, and `silence` says why. results: the newest ones,
    oldest first, all of the session among them. entries: when the session's entries went out.
    grade: of the plan that is to be entered, None where none is.
    """

    now: UtcDatetime
    session_date: date
    equity: EquityMarks | None
    silence: str = ""
    results: tuple[TradeResult, ...] = ()
    trades_today: int = Field(default=0, ge=0)
    entries: tuple[UtcDatetime, ...] = ()
    grade: Grade | None = None

    @property
    def results_today(self) -> tuple[TradeResult, ...]:
        start = day_start(self.session_date)
        return tuple(result for result in self.results if result.closed_at >= start)


class OrderFacts(Frozen):
    """An entry that is to go out. sent_at: of the orders of the last minutes."""

    now: UtcDatetime
    request: OrderRequest
    quote: Quote | None
    sent_at: tuple[UtcDatetime, ...] = ()
