"""Copy an SQLite file while it is in use."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from core.errors import StoreError


def copy_sqlite(source: Path, target: Path) -> None:
    """Write a consistent copy of `source`, taken at one moment.

    Raises: StoreError if either file cannot be used.
    """
    target.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(source)) as origin, closing(sqlite3.connect(target)) as copy:
            origin.backup(copy)
    except sqlite3.Error as error:
        raise StoreError(f"cannot copy {source} to {target}: {error}") from error
