"""Round trips of a broker's history as trades of the ACTUAL book."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, time
from decimal import Decimal

from core.analysis.discipline.actual import NEW_YORK, ActualTrade, Execution
from core.domain.imports import OPTION_MULTIPLIER, RoundTrip
from core.domain.overrides import MICRO, NOTHING
from core.domain.scenarios import Side
from core.domain.trading import FillLeg

NOON = time(12)  # a day's only moment that is a session's in every time zone of the country


def imported_trades(trips: Iterable[RoundTrip]) -> list[ActualTrade]:
    """Return the trades whose profit is that of the round trips, to the last digit."""
    seen: Counter[str] = Counter()
    found = []
    for trip in trips:
        name = f"{trip.account}:{trip.instrument}:{trip.opened_date}:{trip.closed_date}"
        seen[name] += 1
        found.append(_trade(trip, f"{name}:{seen[name]}"))
    return found


def _trade(trip: RoundTrip, trade_id: str) -> ActualTrade:
    side = Side(trip.side)
    multiplier = OPTION_MULTIPLIER if trip.kind == "option" else 1
    price = Decimal(str(trip.entry_price))
    entered = (trip.quantity * price * multiplier).quantize(MICRO)
    left = entered + side.sign * (trip.realized_pnl + trip.fees)
    return ActualTrade(
        trade_id=trade_id,
        account=trip.account,
        symbol=trip.instrument.split(" ")[0],
        side=side,
        entries=(_execution(trip, trip.opened_date, entered, NOTHING),),
        exits=(_execution(trip, trip.closed_date, left, trip.fees),),
        decided_at=_noon(trip.opened_date),
        has_times=False,
        is_option=trip.kind == "option",
        label="real",
    )


def _execution(trip: RoundTrip, day: date, value: Decimal, fees: Decimal) -> Execution:
    return Execution(
        at=_noon(day),
        quantity=trip.quantity,
        value=value,
        fees=fees,
        leg=FillLeg.EXTERNAL,
        order_id="",
    )


def _noon(day: date) -> datetime:
    return datetime.combine(day, NOON, NEW_YORK)
