"""Reported fundamentals; a restatement is one more row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from core.domain.feeds import Fundamentals
from core.storage.connection import Store
from core.storage.facts import FactTable

FUNDAMENTALS = FactTable(
    name="fundamentals",
    model=Fundamentals,
    keys=("fundamentals_id",),
    identity="fundamentals_id",
    columns=("symbol", "as_of_date", "provider"),
)


class FundamentalFacts:
    """Fundamentals per symbol and date."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(self, items: Sequence[Fundamentals]) -> int:
        return FUNDAMENTALS.append(self._store, items)

    def latest_of(self, symbols: Sequence[str], as_of: date) -> dict[str, Fundamentals]:
        """Return `latest` of several symbols with one query; one without is left out."""
        condition = (
            "list_contains(?, symbol) and as_of_date <= ? qualify row_number() over "
            "(partition by symbol order by as_of_date desc, rowid desc) = 1"
        )
        found = FUNDAMENTALS.find(self._store, condition, (list(symbols), as_of))
        return {item.symbol: item for item in found}

    def latest(self, symbol: str, as_of: date) -> Fundamentals | None:
        """Return the newest of what was reported up to `as_of`; of one date, the last stored."""
        condition = "symbol = ? and as_of_date <= ? order by as_of_date desc, rowid desc limit 1"
        found = FUNDAMENTALS.find(self._store, condition, (symbol, as_of))
        return found[0] if found else None
