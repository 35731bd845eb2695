"""Symbols in the desk's form, whole columns at a time, and the symbol in the name of a file."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from core.errors import DomainError

VALID = re.compile(r"[A-Z][A-Z0-9.\-]{0,14}")
SHARE_CLASS = re.compile(r"([A-Z]{1,5})[-/ ]([A-Z]{1,2})")
TICKER = re.compile(r"[A-Z]{1,5}([.\-/][A-Z]{1,2})?")
INDICES = {"SP500": "SPX", "GSPC": "SPX", "SPX": "SPX", "NASDAQ": "IXIC", "IXIC": "IXIC"}
NOT_A_SYMBOL = {
    "1D", "5M", "1M", "DAY", "DAILY", "MINUTE", "MIN", "INTRADAY", "BARS", "BAR", "PRICES", "PRICE",
    "DATA", "STOCK", "STOCKS", "HISTORY", "HIST", "HISTORICAL", "OHLC", "OHLCV", "QUOTES", "US",
    "USA", "EXPORT", "TABLE", "CSV",
}  # fmt: skip


def canonical(symbols: pd.Series[Any]) -> pd.Series[Any]:
    """Return the symbols in the desk's form, "" for what is none: `brk-b` is BRK.B."""
    codes, unique = pd.factorize(symbols)
    known = [one_canonical(str(symbol)) for symbol in unique] or [""]
    return pd.Series(known, dtype=object).take(codes).reset_index(drop=True).mask(codes < 0, "")


def one_canonical(symbol: str) -> str:
    """Return one symbol in the desk's form, "" if it is none; `.US` is Stooq's."""
    upper = symbol.strip().upper().removesuffix(".US")
    share_class = SHARE_CLASS.fullmatch(upper)
    dotted = f"{share_class[1]}.{share_class[2]}" if share_class else upper
    return dotted if VALID.fullmatch(dotted) else ""


def symbol_of_file(file_name: str) -> str:
    """Return the symbol that the name of a file says: `TSLA_1d.csv` is TSLA.

    Raises: DomainError if it says none, or more than one word could be it.
    """
    stem = re.sub(r"(\.(csv|txt|tsv|parquet|zip|gz))+$", "", file_name, flags=re.IGNORECASE)
    words = [word for word in re.split(r"[_\s()]+", stem.upper()) if word]
    named = [INDICES[word] for word in words if word in INDICES]
    left = [word for word in words if word not in NOT_A_SYMBOL and not re.match(r"[\d-]", word)]
    found = named or left
    if len(found) == 1 and TICKER.fullmatch(found[0]):
        return one_canonical(found[0])
    raise DomainError(
        f"{file_name}: no column and no file name tells the symbol; name it with --symbol"
    )
