"""Broker activities to round trips: first in, first out, per account and stock or contract."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from operator import attrgetter

from core.analysis.lots import NOTHING, OpenTrade, share_of
from core.analysis.share_splits import split_position
from core.analysis.statistics import ENOUGH, wilson_interval
from core.domain.imports import (
    ActivityCode,
    BrokerActivity,
    InstrumentKind,
    RoundTrip,
    TradeFlag,
    TradeHistory,
    TradeSummary,
)

Code = ActivityCode
OPENS = {Code.BUY, Code.BUY_TO_OPEN, Code.SELL_TO_OPEN}
BUYS = {Code.BUY, Code.BUY_TO_OPEN, Code.BUY_TO_CLOSE}
SELLS = {Code.SELL, Code.SELL_TO_OPEN, Code.SELL_TO_CLOSE}
TRADES = BUYS | SELLS
ENDS = {Code.EXPIRATION, Code.ASSIGNMENT, Code.EXERCISE}
SPLITS = {Code.SPLIT, Code.REVERSE_SPLIT}
BY_HAND = {
    Code.OPTION_ACTION, Code.SHARE_EXCHANGE, Code.MERGER, Code.CONVERSION, Code.SPIN_OFF,
}  # fmt: skip
BOOKED = TRADES | ENDS | SPLITS | BY_HAND


def trade_history(activities: Iterable[BrokerActivity]) -> TradeHistory:
    """Return round trips, open lots and flags; money that belongs to no trade is left out.

    The amounts of all trades = what was realised, less the cost of the open lots, and what the
    flags carry.
    """
    rows: defaultdict[tuple[str, str], list[BrokerActivity]] = defaultdict(list)
    for activity in activities:
        if activity.code in BOOKED:
            rows[activity.account, activity.traded].append(activity)
    books = [_Book(rows[key]) for key in sorted(rows)]
    trips = [trip for book in books for trip in book.trips]
    return TradeHistory(
        round_trips=tuple(sorted(trips, key=attrgetter("closed_date"))),
        open_lots=tuple(lot for book in books for lot in book.trade.lots()),
        flags=tuple(flag for book in books for flag in book.flags),
        partial_pnl=sum((book.trade.pnl for book in books), NOTHING),
    )


def summarize_trips(trips: Sequence[RoundTrip], partial_pnl: Decimal = NOTHING) -> TradeSummary:
    """Return what round trips amount to; what open positions realised so far is no win or loss."""
    results = [trip.realized_pnl for trip in trips]
    wins, losses = [r for r in results if r > 0], [r for r in results if r < 0]
    decided = len(wins) + len(losses)
    low, high = wilson_interval(len(wins), decided) if decided else (None, None)
    return TradeSummary(
        count=len(trips),
        wins=len(wins),
        losses=len(losses),
        realized_pnl=sum(results, NOTHING) + partial_pnl,
        fees=sum((trip.fees for trip in trips), NOTHING),
        win_rate=len(wins) / decided if decided else None,
        win_low=low,
        win_high=high,
        profit_factor=float(sum(wins, NOTHING) / -sum(losses, NOTHING)) if losses else None,
        enough=len(trips) >= ENOUGH and decided > 0,
    )


def is_order_unknown(trades: Sequence[BrokerActivity], held: Decimal) -> bool:
    """Tell whether the order of one day's trades decides where a round trip begins or ends."""
    opening = [row for row in trades if row.code in OPENS]
    closing = [row for row in trades if row.code not in OPENS]
    if not held:
        return min(len(opening), len(closing)) > 1
    closed = sum((row.quantity or NOTHING for row in closing), NOTHING)
    return bool(opening) and bool(closing) and closed >= abs(held)


def possible_order(trades: Sequence[BrokerActivity], held: Decimal) -> list[BrokerActivity]:
    """Return a day's trades in the file's order, or what opens first if that cannot have been."""
    position = held
    for row in trades:
        signed = (row.quantity or NOTHING) * (1 if row.code in BUYS else -1)
        closable = -position if signed > 0 else position
        if row.code not in OPENS and abs(signed) > closable:
            return sorted(trades, key=lambda trade: trade.code not in OPENS)
        position += signed
    return list(trades)


class _Book:
    """All that happened in one stock or contract of one account."""

    def __init__(self, rows: list[BrokerActivity]) -> None:
        self.account, self.name = rows[0].account, rows[0].traded
        self.kind: InstrumentKind = "option" if rows[0].contract else "stock"
        self.trips: list[RoundTrip] = []
        self.flags: list[TradeFlag] = []
        self._unknown_days: set[date] = set()
        self.trade = self._flat()
        ordered = sorted(rows, key=attrgetter("activity_date", "place"))
        for day, of_day in groupby(ordered, key=attrgetter("activity_date")):
            self._book(day, list(of_day))

    def _flat(self) -> OpenTrade:
        return OpenTrade(self.account, self.name, self.kind)

    def _book(self, day: date, rows: list[BrokerActivity]) -> None:
        """Book one day: splits happen before it, expiries after it."""
        splits = [row for row in rows if row.code in SPLITS]
        if splits:
            self._split(splits)
        trades = [row for row in rows if row.code in TRADES]
        if is_order_unknown(trades, self.trade.held):
            self._unknown_days.add(day)
        for row in possible_order(trades, self.trade.held):
            self._trade(row)
        for row in rows:
            if row.code in ENDS:
                self._end(row)
            elif row.code in BY_HAND:
                self._by_hand(row)

    def _trade(self, row: BrokerActivity) -> None:
        """Close what is open on the other side; what is left opens, or has no opening row."""
        quantity, amount = row.quantity or NOTHING, row.amount or NOTHING
        sign = 1 if row.code in BUYS else -1
        closed = min(quantity, abs(self.trade.held)) if sign * self.trade.held < 0 else NOTHING
        cash = share_of(amount, closed, quantity)
        self._close(row, closed, cash)
        if closed == quantity:
            return
        if row.code in OPENS:
            self.trade.open(row, sign * (quantity - closed), amount - cash)
        else:
            self._without_opening(row, quantity - closed, amount - cash)

    def _end(self, row: BrokerActivity) -> None:
        """Close for nothing; the running position tells the direction."""
        quantity = row.quantity or NOTHING
        closed = min(quantity, abs(self.trade.held))
        self._close(row, closed, NOTHING)
        if closed < quantity:
            self._without_opening(row, quantity - closed, NOTHING)

    def _close(self, row: BrokerActivity, quantity: Decimal, cash: Decimal) -> None:
        if not quantity:
            return
        self.trade.close(row, quantity, cash)
        if not self.trade.held:
            self.trips.append(self.trade.round_trip(self._unknown_days))
            self.trade = self._flat()

    def _split(self, rows: list[BrokerActivity]) -> None:
        after = split_position(self.trade.held, rows)
        if after is None:
            self._flag(rows[0], f"the split does not fit the {self.trade.held:f} held")
        else:
            self.trade.rescale(after)

    def _by_hand(self, row: BrokerActivity) -> None:
        """Sell for cash in a merger; flag what the row alone does not tell."""
        held, amount = self.trade.held, row.amount or NOTHING
        if row.code is Code.MERGER and amount > 0 and row.quantity and row.quantity <= held:
            self._close(row, row.quantity, amount)
        else:
            self._flag(row, "it may change the position; check it by hand", amount)

    def _without_opening(self, row: BrokerActivity, quantity: Decimal, amount: Decimal) -> None:
        self._flag(row, f"no row in the history opened the {quantity:f} it closes", amount)

    def _flag(self, row: BrokerActivity, reason: str, amount: Decimal = NOTHING) -> None:
        self.flags.append(
            TradeFlag(
                account=self.account, instrument=self.name, kind=self.kind,
                activity_date=row.activity_date, code=row.code, reason=reason, amount=amount,
            )
        )  # fmt: skip
