"""Bars out of a file, with what was refused and how the file was understood."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from core.analysis.bar_files.columns import NEEDED, PRICES
from core.analysis.bar_files.dates import read_moments
from core.analysis.bar_files.numbers import decimal_mark, to_floats
from core.analysis.bar_files.packing import unpack
from core.analysis.bar_files.starts import Starts, find_starts
from core.analysis.bar_files.symbols import canonical, one_canonical, symbol_of_file
from core.analysis.bar_files.tables import Table, read_table
from core.domain.feeds import Label, QuarantinedRow
from core.domain.imports import FileReading
from core.domain.market import BAR_COLUMNS
from core.errors import DomainError

KEPT_PER_REASON = 1_000
SYMBOLS_SHOWN = 50
KEY = ["symbol", "started_at"]
NOT_FINITE = "a price or the volume is not a finite number"  # as core.analysis.quality says it


@dataclass(frozen=True)
class Options:
    """What a file does not say itself; "" leaves it to the file."""

    symbol: str = ""
    time_zone: str = ""
    decimal: str = ""


@dataclass(frozen=True)
class BarFile:
    """`frame` has `BAR_COLUMNS` and `row`, oldest first; `refused` has row, reason and payload.

    rows_read counts both, with those whose payload is not kept.
    """

    frame: pd.DataFrame
    refused: list[QuarantinedRow]
    reasons: dict[str, int]
    rows_read: int
    reading: FileReading


def read_bars(
    content: bytes, file_name: str, source: str, recorded_at: datetime, options: Options
) -> BarFile:
    """Return the bars of a CSV, LEAN or Parquet file; `source` becomes their provider.

    Raises: DomainError if the file as a whole cannot be understood, saying what to do.
    """
    table = read_table(*unpack(content, file_name))
    if not len(table.rows):
        raise DomainError(f"{file_name}: no row has as many fields as there are headings")
    mark = _mark(table, options, file_name)
    moments = read_moments(table.columns["time"], file_name)
    symbols = _symbols(table, file_name, options)
    starts = find_starts(moments, symbols, options.time_zone or table.time_zone, file_name)
    frame = _frame(table, mark, symbols, starts).assign(provider=source, label=str(Label.REAL))
    reasons = _reasons(frame, starts.reasons)
    good = frame[reasons.eq("")].sort_values([*KEY, "row"], kind="stable")
    reading = _reading(table, mark, moments.format, starts, good)
    refused = _refusals(table, reasons)
    return BarFile(
        good[[*BAR_COLUMNS, "row"]].reset_index(drop=True),
        quarantined(refused, source, recorded_at),
        {str(reason): int(rows) for reason, rows in refused["reason"].value_counts().items()},
        len(table.rows) + len(table.malformed),
        reading,
    )


def quarantined(refused: pd.DataFrame, source: str, recorded_at: datetime) -> list[QuarantinedRow]:
    """Return the first rows of each reason, to be kept; all of them are counted elsewhere."""
    kept = refused.groupby("reason", sort=False).head(KEPT_PER_REASON)
    return [
        QuarantinedRow(
            source=source, kind="bar", key=f"row {row}", reason=reason, payload=payload[:2000],
            recorded_at=recorded_at,
        )
        for row, reason, payload in zip(
            kept["row"], kept["reason"], kept["payload"], strict=True
        )
    ]  # fmt: skip


def _mark(table: Table, options: Options, file_name: str) -> str:
    if options.decimal not in {"", ".", ","}:
        raise DomainError(f"a decimal mark is . or , and not {options.decimal!r}")
    return options.decimal or decimal_mark(_numbers(table), table.delimiter, file_name)


def _numbers(table: Table) -> dict[str, pa.ChunkedArray]:
    return {role: table.columns[role] for role in NEEDED}


def _symbols(table: Table, file_name: str, options: Options) -> pd.Series[Any]:
    """Return a symbol for each row: of its column, as said, of the file, or of its name."""
    column = table.columns.get("symbol")
    if column is not None and options.symbol:
        heading = table.headings["symbol"]
        raise DomainError(f"{file_name}: its column {heading!r} has symbols; leave out --symbol")
    if column is not None:
        return canonical(column.to_pandas())
    said = options.symbol or table.symbol or symbol_of_file(file_name)
    symbol = one_canonical(said)
    if not symbol:
        raise DomainError(f"{file_name}: {said!r} is no symbol; expected one such as BRK.B")
    return pd.Series([symbol], dtype=object).repeat(len(table.rows)).reset_index(drop=True)


def _frame(table: Table, mark: str, symbols: pd.Series[Any], starts: Starts) -> pd.DataFrame:
    numbers = {role: to_floats(column, mark) for role, column in _numbers(table).items()}
    scaled = {role: numbers[role] / table.price_divisor for role in PRICES}
    return pd.DataFrame(
        {
            "symbol": symbols,
            "timeframe": str(starts.timeframe),
            "session_date": starts.session_date,
            "started_at": starts.started_at,
            **numbers,
            **scaled,
            "row": table.rows,
        }
    )


def _reasons(frame: pd.DataFrame, doubts: pd.Series[Any]) -> pd.Series[Any]:
    finite = np.isfinite(frame[list(NEEDED)].to_numpy()).all(axis=1)
    reasons = doubts.mask(doubts.eq("") & ~finite, NOT_FINITE)
    reasons = reasons.mask(frame["symbol"].eq(""), "the symbol is missing or not valid")
    usable = frame[reasons.eq("")]
    return reasons.mask(frame.index.isin(_contradicted(usable)), "comes twice with other values")


def _contradicted(frame: pd.DataFrame) -> pd.Series[Any]:
    """Return the rows of a bar that comes in several versions: none of them can be trusted."""
    repeated = frame[frame.duplicated(KEY, keep=False)]
    versions = repeated.drop_duplicates([*KEY, *NEEDED])
    doubtful = versions[versions.duplicated(KEY, keep=False)][KEY].drop_duplicates()
    return repeated.reset_index().merge(doubtful, on=KEY)["index"]


def _refusals(table: Table, reasons: pd.Series[Any]) -> pd.DataFrame:
    """Return row, reason and the fields as they were written; the fields of the first alone."""
    places = np.flatnonzero(reasons.ne(""))
    refused = pd.DataFrame({"row": table.rows[places], "reason": reasons.iloc[places]})
    kept = refused.reset_index(drop=True).groupby("reason").cumcount() < KEPT_PER_REASON
    written = [{role: column[int(place)].as_py() for role, column in table.columns.items()}
               for place in places[kept]]  # fmt: skip
    refused["payload"] = ""
    refused.loc[kept.to_numpy(), "payload"] = [json.dumps(row, default=str) for row in written]
    malformed = pd.DataFrame(table.malformed, columns=["row", "payload"])
    return pd.concat([refused, malformed.assign(reason="too many or too few fields")])


def _reading(
    table: Table, mark: str, date_format: str, starts: Starts, good: pd.DataFrame
) -> FileReading:
    symbols = sorted(good["symbol"].unique())
    dates = good["session_date"]
    return FileReading(
        format=table.format,
        encoding=table.encoding,
        delimiter=table.delimiter,
        decimal_mark=mark,
        date_format=date_format,
        time_zone=starts.time_zone,
        timeframe=str(starts.timeframe),
        columns=table.headings,
        columns_ignored=table.ignored,
        symbols_count=len(symbols),
        symbols=tuple(symbols[:SYMBOLS_SHOWN]),
        first_date=dates.min().date() if len(good) else None,
        last_date=dates.max().date() if len(good) else None,
    )
