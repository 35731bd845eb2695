"""LEAN's bar files: no header, prices times 10,000, New York time.

Source: https://github.com/QuantConnect/Lean/blob/master/Data/equity/readme.md
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from core.errors import DomainError

NEW_YORK = "America/New_York"
DAILY = re.compile(r"\d{8} \d\d:\d\d(,\d+){5}")
MINUTE = re.compile(r"\d{1,8}(,\d+){5}")
QUOTES = re.compile(r"\d{1,8}(,\d*){10}")
DAY_OF_FILE = re.compile(r"(\d{8})_([A-Za-z0-9.]+)_minute_trade")
MILLISECONDS_OF_DAY = 86_400_000


@dataclass(frozen=True)
class LeanShape:
    """What the name of the file says; `day` where the rows count milliseconds of one day."""

    symbol: str
    day: date | None


def lean_shape(text: str, name: str) -> LeanShape | None:
    """Return what a LEAN file is about, None for any other file.

    Raises: DomainError if it holds quotes, or minutes of an unknown day.
    """
    first = text.lstrip("\n").partition("\n")[0]
    if DAILY.fullmatch(first):
        return LeanShape(symbol=name.rpartition(".")[0], day=None)
    if QUOTES.fullmatch(first):
        raise DomainError(f"{name}: these are LEAN quotes; bars are in the files named _trade")
    if not MINUTE.fullmatch(first):
        return None
    found = DAY_OF_FILE.match(name)
    try:
        if found:
            return LeanShape(found[2], date.fromisoformat(found[1]))
    except ValueError:
        pass
    raise DomainError(
        f"{name}: LEAN minutes of an unknown day; expected YYYYMMDD_symbol_minute_trade.csv"
    )


def lean_starts(column: pa.ChunkedArray, shape: LeanShape) -> pa.ChunkedArray:
    """Return the starts as they are written, or from milliseconds as New York's wall clock."""
    if shape.day is None:
        return column
    digits = pc.match_substring_regex(column, r"^\d{1,8}$")
    number = pc.cast(pc.if_else(digits, column, None), pa.int64())
    within = pc.if_else(pc.less(number, MILLISECONDS_OF_DAY), number, None)
    midnight = (shape.day - date(1970, 1, 1)).days * MILLISECONDS_OF_DAY
    return pc.cast(pc.add(within, midnight), pa.timestamp("ms"))
