"""Reported fundamentals; a restatement is one more row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from core.domain.feeds import Fundamentals
from core.storage.configurations import Configurations
from core.storage.connection import Store
from core.storage.facts import FactTable
from core.storage.moments import EVER

STALE = timedelta(days=400)  # a year's report and the time until the next one is out
FUNDAMENTALS = FactTable(
    name="fundamentals",
    model=Fundamentals,
    keys=("fundamentals_id",),
    identity="fundamentals_id",
    columns=("symbol", "as_of_date", "provider"),
    known_by="received_at",
)

LATEST = """
list_contains(?, symbol) and as_of_date <= ? and received_at <= ? qualify row_number() over (
    partition by symbol order by as_of_date < ?,
        if(as_of_date < ?, 0, coalesce(list_position(?, provider), 1000)),
        as_of_date desc, received_at desc, rowid desc) = 1
"""


class FundamentalFacts:
    """Fundamentals per symbol and date."""

    def __init__(self, store: Store, configurations: Configurations) -> None:
        self._store, self._configurations = store, configurations

    def append(self, items: Sequence[Fundamentals], received_at: datetime | None = None) -> int:
        """Store the reports that are new; without a moment they are received as they are stored."""
        return FUNDAMENTALS.append(self._store, items, received_at=received_at)

    def latest_of(
        self, symbols: Sequence[str], as_of: date, known_by: datetime = EVER
    ) -> dict[str, Fundamentals]:
        """Return what was reported up to a date and received by a moment, one report per symbol.

        The newest of the preferred provider, unless it is older than 400 days: then the newest of
        all. Of one date the last received counts; a symbol without a report is left out.
        """
        preferred = list(self._configurations.as_of(known_by).fundamentals)
        oldest = as_of - STALE
        params = (list(symbols), as_of, known_by, oldest, oldest, preferred)
        found = FUNDAMENTALS.find(self._store, LATEST, params)
        return {item.symbol: item for item in found}
