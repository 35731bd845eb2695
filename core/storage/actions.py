"""Splits and dividends, and quotes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from core.domain.feeds import CorporateAction, Quote
from core.storage.connection import Store
from core.storage.facts import FactTable

ACTIONS = FactTable(
    name="corporate_actions",
    model=CorporateAction,
    keys=("action_id",),
    identity="action_id",
    columns=("symbol", "kind", "ex_date", "ratio", "amount_usd", "provider"),
    known_by="received_at",
)
QUOTES = FactTable(
    name="quotes",
    model=Quote,
    keys=("symbol", "provider", "quoted_at"),
    columns=("symbol", "provider", "quoted_at", "bid", "ask", "last"),
    known_by="received_at",
)


class Actions:
    """Corporate actions per symbol."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(self, actions: Sequence[CorporateAction], received_at: datetime) -> int:
        return ACTIONS.append(self._store, actions, received_at=received_at)

    def known_of(
        self, symbols: Sequence[str], known_by: datetime
    ) -> dict[str, list[CorporateAction]]:
        """Return the actions received by a moment, by symbol, oldest first."""
        condition = "list_contains(?, symbol) and received_at <= ? order by ex_date, kind, provider"
        found: defaultdict[str, list[CorporateAction]] = defaultdict(list)
        for action in ACTIONS.find(self._store, condition, (list(symbols), known_by)):
            found[action.symbol].append(action)
        return dict(found)


class Quotes:
    """The newest prices."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(self, quotes: Sequence[Quote], received_at: datetime) -> int:
        return QUOTES.append(self._store, quotes, received_at=received_at)

    def latest_of(self, symbols: Sequence[str], known_by: datetime) -> dict[str, Quote]:
        """Return the newest quote received by a moment, by symbol."""
        condition = (
            "list_contains(?, symbol) and received_at <= ? qualify row_number() over "
            "(partition by symbol order by quoted_at desc, received_at desc) = 1"
        )
        found = QUOTES.find(self._store, condition, (list(symbols), known_by))
        return {quote.symbol: quote for quote in found}
