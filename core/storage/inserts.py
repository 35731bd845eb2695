"""Rows into a table of DuckDB, in order, and each key once."""

from __future__ import annotations

from typing import Any

import duckdb

Cursor = duckdb.DuckDBPyConnection
Row = tuple[Any, ...]
Columns = dict[str, list[Any]]


def insert(cursor: Cursor, table: str, rows: Columns, returning: str = "") -> list[Row]:
    """Insert the rows in order; return how many, or their columns that `returning` names."""
    # For the few rows of a fact, parameters cost half of what registering an Arrow table does,
    # and those of one row half of that.
    is_one = all(len(values) == 1 for values in rows.values())
    cursor.execute(
        f"insert into {table} ({', '.join(rows)}) "
        f"select {', '.join(['?' if is_one else 'unnest(?)'] * len(rows))} "
        f"{f'returning {returning}' if returning else ''}",
        [values[0] if is_one else values for values in rows.values()],
    )
    return cursor.fetchall()


def insert_absent(
    cursor: Cursor,
    table: str,
    rows: Columns,
    keys: tuple[str, ...],
    returning: str = "",
    known_by: str = "",
) -> Any:
    """Insert the rows whose keys are absent, in order; the first of a key in the batch counts.

    Return how many were inserted, or the stored rows where `returning` names their columns.
    With `known_by` a stored row counts only if its moment is not later than the new one's.
    """
    places = _absent(cursor, table, rows, keys, known_by)
    absent = {name: [values[place] for place in places] for name, values in rows.items()}
    inserted = insert(cursor, table, absent, returning) if places else []
    return inserted if returning else len(places)


def _absent(
    cursor: Cursor, table: str, rows: Columns, keys: tuple[str, ...], known_by: str
) -> list[int]:
    """Return the places of the rows to insert."""
    names, earliest = ", ".join(keys), f", min({known_by})" if known_by else ""
    # Each key by itself finds what is stored, and maybe some more that nobody asks for.
    cursor.execute(
        f"select {names}{earliest} from {table} "
        f"where {' and '.join(f'{name} in ?' for name in keys)} "
        f"{f'group by {names}' if known_by else ''}",
        [rows[name] for name in keys],
    )
    stored = {row[: len(keys)]: row[-1] for row in cursor.fetchall()}
    first: dict[Row, int] = {}
    for place, key in enumerate(zip(*(rows[name] for name in keys), strict=True)):
        first.setdefault(key, place)
    return [
        place
        for key, place in first.items()
        if key not in stored or (known_by and rows[known_by][place] < stored[key])
    ]
