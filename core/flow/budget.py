"""What language models may cost on a day: set aside before a call, settled after it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import ROUND_CEILING, Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core.domain.model_calls import DayBudget
from core.flow.tables import model_budgets

NEW_YORK = ZoneInfo("America/New_York")
MICRO = Decimal(1_000_000)


class Reservation(NamedTuple):
    """What is set aside for one call."""

    day: date
    micro_usd: int


class Budget:
    """The days by the wall's clock in New York: money is real in a replay, too.

    A process that dies between `reserve` and `settle` leaves its reservation on the day's row,
    where it counts as taken, until `close_left_over` at the next start or the end of the day.
    """

    def __init__(
        self,
        database: sa.Engine,
        limit_usd: Decimal,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database, self._limit, self._now = database, limit_usd, now

    def reserve(self, usd: Decimal) -> Reservation | None:
        """Set so much aside, for the most that a call can cost; None if the day has less left."""
        reservation = Reservation(self._today(), _micro(usd))
        self._open(reservation.day)
        row = model_budgets.c
        taken = row.spent_micro_usd + row.reserved_micro_usd + reservation.micro_usd
        fits = taken <= int(self._limit * MICRO)
        values = {"reserved_micro_usd": row.reserved_micro_usd + reservation.micro_usd}
        same_day = row.day == reservation.day.isoformat()
        return reservation if self._change(sa.and_(same_day, fits), values) else None

    def settle(self, reservation: Reservation, cost_usd: Decimal) -> None:
        """Put what the call cost in the place of what was set aside for it."""
        row = model_budgets.c
        values = {
            "reserved_micro_usd": row.reserved_micro_usd - reservation.micro_usd,
            "spent_micro_usd": row.spent_micro_usd + _micro(cost_usd),
        }
        self._change(row.day == reservation.day.isoformat(), values)

    def close_left_over(self) -> None:
        """Count as spent what an earlier process left set aside; call it before the first call."""
        row = model_budgets.c
        values = {
            "reserved_micro_usd": 0,
            "spent_micro_usd": row.spent_micro_usd + row.reserved_micro_usd,
        }
        self._change(row.reserved_micro_usd > 0, values)

    def today(self) -> DayBudget:
        day = self._today()
        query = sa.select(model_budgets).where(model_budgets.c.day == day.isoformat())
        with self._database.begin() as connection:
            row = connection.execute(query).one_or_none()
        return DayBudget(
            day=day,
            limit_usd=self._limit,
            spent_usd=Decimal(row.spent_micro_usd if row else 0) / MICRO,
            reserved_usd=Decimal(row.reserved_micro_usd if row else 0) / MICRO,
        )

    def _today(self) -> date:
        return self._now().astimezone(NEW_YORK).date()

    def _open(self, day: date) -> None:
        values = {"day": day.isoformat(), "spent_micro_usd": 0, "reserved_micro_usd": 0}
        statement = sa.insert(model_budgets).values(updated_at=self._now(), **values)
        try:
            with self._database.begin() as connection:
                connection.execute(statement)
        except sa.exc.IntegrityError:
            pass  # it is open

    def _change(self, where: sa.ColumnElement[bool], values: dict[str, Any]) -> bool:
        update = sa.update(model_budgets).where(where)
        with self._database.begin() as connection:
            result = connection.execute(update.values(updated_at=self._now(), **values))
            return bool(result.rowcount)


def _micro(usd: Decimal) -> int:
    """Return millionths of a dollar, rounded up: a cost never vanishes."""
    return int((usd * MICRO).to_integral_value(rounding=ROUND_CEILING))
