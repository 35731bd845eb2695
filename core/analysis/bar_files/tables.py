"""The columns of a CSV, LEAN or Parquet file, before their values are understood."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from core.analysis.bar_files.columns import Roles, check_roles, find_roles
from core.analysis.bar_files.lean import NEW_YORK, LeanShape, lean_shape, lean_starts
from core.analysis.bar_files.packing import decode
from core.errors import DomainError

DELIMITERS = ",;\t|"
HEADER_WITHIN = 20
MAX_ROWS = 20_000_000
PARQUET = b"PAR1"
TEXTS_KEPT = 1_000
TEXT_TYPES = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
VALUE_TYPES = (
    pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_date,
    pa.types.is_timestamp, pa.types.is_null,
)  # fmt: skip


@dataclass(frozen=True)
class Table:
    """`columns` by role; `rows` are the numbers of the rows in the file, from 1.

    malformed: the numbers and texts of rows with too many or too few fields.
    symbol: what the file itself says of all its rows, "" if it has a column or says nothing.
    """

    format: str
    columns: dict[str, pa.ChunkedArray]
    headings: dict[str, str]
    rows: npt.NDArray[np.int64]
    ignored: tuple[str, ...] = ()
    malformed: list[tuple[int, str]] = field(default_factory=list)
    encoding: str = ""
    delimiter: str = ""
    symbol: str = ""
    time_zone: str = ""
    price_divisor: float = 1.0


def read_table(content: bytes, name: str) -> Table:
    """Return the columns of a file.

    Raises: DomainError if it is no table of bars.
    """
    if content.startswith(PARQUET):
        return _parquet(content, name)
    text, encoding = decode(content, name)
    if not text.strip():
        raise DomainError(f"{name}: the file is empty")
    shape = lean_shape(text, name)
    return _lean(text, encoding, shape) if shape else _csv(text, encoding, name)


def _parquet(content: bytes, name: str) -> Table:
    try:
        file = pa.parquet.ParquetFile(pa.BufferReader(content))
        headings = list(file.schema_arrow.names)
        roles = find_roles(headings)
        check_roles(roles, headings, name)
        if file.metadata.num_rows > MAX_ROWS:
            raise DomainError(f"{name}: more than {MAX_ROWS:,} rows; split it")
        wanted = [headings[place] for place in _wanted(roles)]
        table = file.read(columns=wanted, use_threads=False)
        found = {heading: _plain(table.column(heading), heading, name) for heading in wanted}
    except (pa.ArrowException, OSError) as error:
        raise DomainError(f"{name}: the Parquet file cannot be read: {_line(error)}") from None
    columns = {role: found[headings[place]] for role, place in roles.places.items()}
    clock = found[headings[roles.clock]] if roles.clock is not None else None
    return Table(
        format="parquet",
        columns=_with_clock(columns, clock),
        headings={role: headings[place] for role, place in roles.places.items()},
        rows=np.arange(1, table.num_rows + 1),
        ignored=roles.ignored,
    )


def _plain(column: pa.ChunkedArray, heading: str, name: str) -> pa.ChunkedArray:
    """Return a column of text, numbers, dates or times; all kinds of text as one."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if any(test(kind) for test in TEXT_TYPES):
        return column.cast(pa.string())
    if any(test(kind) for test in VALUE_TYPES):
        return column.cast(kind)
    raise DomainError(f"{name}: the column {heading!r} holds {kind}, no text, number or date")


def _csv(text: str, encoding: str, name: str) -> Table:
    start, delimiter, headings = _header(text)
    roles = find_roles(headings)
    check_roles(roles, headings, name)
    table, malformed = _fields(text[start:], delimiter, len(headings), name)
    bad = np.array([number for number, _ in malformed], dtype=np.int64)
    rows = np.setdiff1d(np.arange(1, table.num_rows + len(bad) + 1), bad)
    columns = {role: table.column(place) for role, place in roles.places.items()}
    clock = table.column(roles.clock) if roles.clock is not None else None
    return Table(
        format="csv",
        columns=_with_clock(columns, clock),
        headings={role: headings[place] for role, place in roles.places.items()},
        rows=rows,
        ignored=roles.ignored,
        malformed=malformed,
        encoding=encoding,
        delimiter=delimiter,
    )


def _lean(text: str, encoding: str, shape: LeanShape) -> Table:
    roles = ("time", "open", "high", "low", "close", "volume")
    table, malformed = _fields(text, ",", len(roles), "LEAN")
    bad = np.array([number for number, _ in malformed], dtype=np.int64)
    columns = {role: table.column(place) for place, role in enumerate(roles)}
    return Table(
        format="lean",
        columns=columns | {"time": lean_starts(columns["time"], shape)},
        headings={role: f"column {place}" for place, role in enumerate(roles, 1)},
        rows=np.setdiff1d(np.arange(1, table.num_rows + len(bad) + 1), bad),
        malformed=malformed,
        encoding=encoding,
        delimiter=",",
        symbol=shape.symbol,
        time_zone=NEW_YORK,
        price_divisor=10_000.0,
    )


def _header(text: str) -> tuple[int, str, list[str]]:
    """Return where the data begin, the delimiter, and the headings: the most bar-like line."""
    best, start = (-1, 0, ",", [""]), 0
    for line in text[: 1 << 16].split("\n")[:HEADER_WITHIN]:
        start += len(line) + 1
        for delimiter in DELIMITERS:
            cells = next(csv.reader([line], delimiter=delimiter), [])
            found = len(find_roles(cells).places) if len(cells) > 1 else 0
            if found > best[0]:
                best = (found, start, delimiter, cells)
    return best[1:]


def _fields(
    text: str, delimiter: str, width: int, name: str
) -> tuple[pa.Table, list[tuple[int, str]]]:
    """Return every field as text, and the rows that have another number of fields."""
    malformed: list[tuple[int, str]] = []
    names = [f"field {place}" for place in range(width)]

    def refuse(row: Any) -> str:
        malformed.append((row.number, row.text if len(malformed) < TEXTS_KEPT else ""))
        return "skip"

    if not text.strip():
        return pa.table({column: pa.array([], pa.string()) for column in names}), []
    try:
        table = pa.csv.read_csv(
            io.BytesIO(text.encode()),
            pa.csv.ReadOptions(use_threads=False, column_names=names, block_size=1 << 24),
            pa.csv.ParseOptions(delimiter=delimiter, invalid_row_handler=refuse),
            pa.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowException as error:
        raise DomainError(f"{name}: the rows cannot be read: {_line(error)}") from None
    if table.num_rows > MAX_ROWS:
        raise DomainError(f"{name}: more than {MAX_ROWS:,} rows; split it")
    unclosed = next((number for number, row in malformed if "\n" in row), None)
    if unclosed is not None:
        raise DomainError(f"{name}: row {unclosed} opens a quotation mark that does not close")
    return table, malformed


def _with_clock(
    columns: dict[str, pa.ChunkedArray], clock: pa.ChunkedArray | None
) -> dict[str, pa.ChunkedArray]:
    """Join date and time of day where a file has them in two columns."""
    if clock is None:
        return columns
    days, clocks = columns["time"].cast(pa.string()), clock.cast(pa.string())
    return columns | {"time": pc.binary_join_element_wise(days, clocks, " ")}


def _wanted(roles: Roles) -> list[int]:
    places = set(roles.places.values())
    return sorted(places if roles.clock is None else places | {roles.clock})


def _line(error: Exception) -> str:
    return re.sub(r"\s+", " ", str(error))[:200]
