"""An append-only table of one kind of fact: the whole as JSON, and the columns that SQL needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from operator import attrgetter
from typing import Generic, TypeVar

from core.domain.base import Frozen, canonical_json
from core.errors import NotFoundError
from core.storage.chain import LEDGER, chain_rows
from core.storage.connection import Store
from core.storage.inserts import Columns, Cursor, insert_absent
from core.storage.values import plain

Fact = TypeVar("Fact", bound=Frozen)


@dataclass(frozen=True)
class FactTable(Generic[Fact]):
    """`columns` are attributes of the model; a dotted one is stored under its last part.

    `identity` is the column that holds the hash of the fact, where a fact is its own key.
    `known_by` is the column that tells when a fact was received, where facts may be told of an
    earlier moment later on: a key is absent if no row of it was received by then. What is given
    as None there is received when it is stored, by the wall's clock.
    """

    name: str
    model: type[Fact]
    keys: tuple[str, ...]
    columns: tuple[str, ...]
    identity: str = ""
    known_by: str = ""

    def append(self, store: Store, facts: Sequence[Fact], **extra: object) -> int:
        """Store the facts whose key is absent, in order; return how many these were."""
        if not facts:
            return 0
        rows = store.batch(self.name, [self._row(fact, extra) for fact in facts])
        with store.write() as cursor:
            return self._insert(cursor, self._received(store, rows))

    def insert(self, cursor: Cursor, store: Store, facts: Sequence[Fact], **extra: object) -> int:
        """Append inside the caller's transaction."""
        rows = store.batch(self.name, [self._row(fact, extra) for fact in facts])
        return self._insert(cursor, self._received(store, rows))

    def find(self, store: Store, condition: str, params: Sequence[object] = ()) -> list[Fact]:
        """Return the facts for which a condition holds; it may end in `order by` and `limit`."""
        rows = store.all(f"select body from {self.name} f where {condition}", params)
        return [self.model.model_validate_json(body) for (body,) in rows]

    def get(self, store: Store, key: str, condition: str, params: Sequence[object]) -> Fact:
        """Return the one fact for which a condition holds.

        Raises: NotFoundError that names `key`.
        """
        found = self.find(store, condition, params)
        if not found:
            raise NotFoundError(f"there is no {key} in {self.name}")
        return found[0]

    def _row(self, fact: Fact, extra: dict[str, object]) -> dict[str, object]:
        columns = {path.rpartition(".")[2]: attrgetter(path)(fact) for path in self.columns}
        body = canonical_json(fact)
        identity = {self.identity: sha256(body.encode()).hexdigest()} if self.identity else {}
        common = {"body": body, "stored_at": datetime.now(UTC)}
        return {**columns, **identity, **extra, **common}

    def _received(self, store: Store, rows: Columns) -> Columns:
        if not self.known_by or None not in rows[self.known_by]:
            return rows
        moment = plain(store.moments.stamp())
        return {**rows, self.known_by: [moment] * len(rows[self.known_by])}

    def _insert(self, cursor: Cursor, rows: Columns) -> int:
        if self.name not in LEDGER:
            return int(insert_absent(cursor, self.name, rows, self.keys, known_by=self.known_by))
        stored = insert_absent(cursor, self.name, rows, self.keys, returning=", ".join(rows))
        chain_rows(cursor, self.name, [dict(zip(rows, row, strict=True)) for row in stored])
        return len(stored)
