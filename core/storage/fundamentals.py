"""Reported fundamentals; a restatement is one more row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from core.domain.feeds import Fundamentals
from core.storage.connection import Store
from core.storage.facts import FactTable

EVER = datetime(9999, 1, 1, tzinfo=UTC)
FUNDAMENTALS = FactTable(
    name="fundamentals",
    model=Fundamentals,
    keys=("fundamentals_id",),
    identity="fundamentals_id",
    columns=("symbol", "as_of_date", "provider"),
    known_by="received_at",
)


class FundamentalFacts:
    """Fundamentals per symbol and date."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(self, items: Sequence[Fundamentals], received_at: datetime) -> int:
        return FUNDAMENTALS.append(self._store, items, received_at=received_at)

    def latest_of(
        self, symbols: Sequence[str], as_of: date, known_by: datetime = EVER
    ) -> dict[str, Fundamentals]:
        """Return the newest of what was reported up to a date and received by a moment, by symbol.

        Of one date the last received counts; a symbol without a report is left out.
        """
        condition = (
            "list_contains(?, symbol) and as_of_date <= ? and received_at <= ? "
            "qualify row_number() over "
            "(partition by symbol order by as_of_date desc, received_at desc, rowid desc) = 1"
        )
        found = FUNDAMENTALS.find(self._store, condition, (list(symbols), as_of, known_by))
        return {item.symbol: item for item in found}
