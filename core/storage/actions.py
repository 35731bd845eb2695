"""Splits and dividends, and quotes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from core.domain.feeds import CorporateAction, Quote
from core.storage.configurations import Configurations
from core.storage.connection import Store
from core.storage.facts import FactTable
from core.storage.inserts import Cursor

ACTIONS = FactTable(
    name="corporate_actions",
    model=CorporateAction,
    keys=("action_id", "withdrawn", "received_at"),
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
# Of one provider's action on one date the row counts that was received last.
TOLD = """
list_contains(?, symbol) and received_at <= ? qualify not withdrawn and row_number() over (
    partition by symbol, kind, ex_date, provider order by received_at desc, rowid desc) = 1
order by ex_date, kind, provider
"""
SAME_ACTION = timedelta(days=5)  # providers differ in the date of one action by a day or a weekend


class _Key(NamedTuple):
    """What one provider tells at most once."""

    symbol: str
    kind: str
    ex_date: date
    provider: str


class Actions:
    """Corporate actions per symbol."""

    def __init__(self, store: Store, configurations: Configurations | None = None) -> None:
        self._store, self._configurations = store, configurations or Configurations(store)

    def append(
        self, actions: Sequence[CorporateAction], received_at: datetime | None = None
    ) -> int:
        """Store the actions that differ from what their provider told; return how many."""
        if not actions:
            return 0
        with self._store.write() as cursor:
            at = received_at or self._store.moments.stamp()
            told = self._told({action.symbol for action in actions}, at)
            return self._insert(cursor, _changed(actions, told), at, withdrawn=False)

    def replace(
        self,
        symbol: str,
        provider: str,
        span: tuple[date, date],
        actions: Sequence[CorporateAction],
        received_at: datetime | None = None,
    ) -> int:
        """Store what a provider tells of a symbol from one date to another, both included.

        What it told before of these dates and does not tell any more is withdrawn. An empty answer
        withdraws nothing: that is rather a failing of the vendor than a split undone. Return how
        many rows this took.
        """
        if not actions:
            return 0
        with self._store.write() as cursor:
            at = received_at or self._store.moments.stamp()
            told = self._told([symbol], at)
            gone = told.keys() - {_key(action) for action in actions}
            withdrawn = [
                told[key]
                for key in sorted(gone)
                if key.provider == provider and span[0] <= key.ex_date <= span[1]
            ]
            return self._insert(cursor, withdrawn, at, withdrawn=True) + self._insert(
                cursor, _changed(actions, told), at, withdrawn=False
            )

    def known_of(
        self, symbols: Sequence[str], known_by: datetime
    ) -> dict[str, list[CorporateAction]]:
        """Return the actions received by a moment, by symbol, oldest first.

        Where several providers tell one action, a few days apart, the preferred one's counts.
        """
        preferred = self._configurations.as_of(known_by).market_data
        found: defaultdict[str, list[CorporateAction]] = defaultdict(list)
        for action in ACTIONS.find(self._store, TOLD, (list(symbols), known_by)):
            found[action.symbol].append(action)
        return {symbol: _preferred(actions, preferred) for symbol, actions in found.items()}

    def _told(self, symbols: Iterable[str], at: datetime) -> dict[_Key, CorporateAction]:
        found = ACTIONS.find(self._store, TOLD, (list(symbols), at))
        return {_key(action): action for action in found}

    def _insert(
        self, cursor: Cursor, actions: Sequence[CorporateAction], at: datetime, *, withdrawn: bool
    ) -> int:
        if not actions:
            return 0
        moments = {"received_at": at, "withdrawn": withdrawn}
        return ACTIONS.insert(cursor, self._store, actions, **moments)


class Quotes:
    """The newest prices."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(self, quotes: Sequence[Quote], received_at: datetime | None = None) -> int:
        """Store the quotes that are new; without a moment they are received as they are stored."""
        return QUOTES.append(self._store, quotes, received_at=received_at)

    def latest_of(self, symbols: Sequence[str], known_by: datetime) -> dict[str, Quote]:
        """Return the newest quote received by a moment, by symbol."""
        condition = (
            "list_contains(?, symbol) and received_at <= ? qualify row_number() over "
            "(partition by symbol order by quoted_at desc, received_at desc) = 1"
        )
        found = QUOTES.find(self._store, condition, (list(symbols), known_by))
        return {quote.symbol: quote for quote in found}


def _key(action: CorporateAction) -> _Key:
    return _Key(action.symbol, action.kind, action.ex_date, action.provider)


def _changed(
    actions: Iterable[CorporateAction], told: Mapping[_Key, CorporateAction]
) -> list[CorporateAction]:
    """Return what differs from what was told; of two actions on one date the first."""
    first: dict[_Key, CorporateAction] = {}
    for action in actions:
        first.setdefault(_key(action), action)
    return [action for key, action in first.items() if told.get(key) != action]


def _preferred(actions: list[CorporateAction], providers: Sequence[str]) -> list[CorporateAction]:
    """Leave out what a preferred provider tells too, on the day or a few days apart."""
    order = {name: place for place, name in enumerate(providers)}
    kept: list[CorporateAction] = []
    for action in sorted(actions, key=lambda one: order.get(one.provider, len(order))):
        if not any(_is_same(action, other) for other in kept):
            kept.append(action)
    return sorted(kept, key=lambda one: (one.ex_date, one.kind, one.provider))


def _is_same(one: CorporateAction, other: CorporateAction) -> bool:
    return (
        one.kind == other.kind
        and one.provider != other.provider
        and abs(one.ex_date - other.ex_date) <= SAME_ACTION
    )
