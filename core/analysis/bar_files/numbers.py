"""Prices and volumes as people and programs write them, whole columns at a time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import DomainError

Floats = npt.NDArray[np.float64]
DECORATION = "[\\s$€£'\u00a0\u202f\u2019]"
SUFFIXES = {"K": 1e3, "M": 1e6, "B": 1e9}

# What can be read in one way only, and what "1,234" or "1.234" leaves open.
ONLY_POINT = r",\d+\.|,\d{3},|\.\d{1,2}$|\.\d{4,}$|^0\.|^\.|^\d{4,}\.|\d\.\d+[eE]"
ONLY_COMMA = r"\.\d+,|\.\d{3}\.|,\d{1,2}$|,\d{4,}$|^0,|^,|^\d{4,},"
OPEN_POINT = r"^[1-9]\d{0,2}\.\d{3}$"
OPEN_COMMA = r"^[1-9]\d{0,2},\d{3}$"

NUMBER = r"^[+-]?(\d+|\d{{1,3}}({thousands}\d{{3}})+)?({decimal}\d*)?([eE][+-]?\d+)?[KMB]?$"


def decimal_mark(columns: Mapping[str, pa.ChunkedArray], delimiter: str, name: str) -> str:
    """Return `.` or `,`, whichever the numbers of the file prove.

    Raises: DomainError if nothing proves it and it matters.
    """
    texts = [_bare(column) for column in columns.values() if pa.types.is_string(column.type)]
    if not any(_found(text, ",") or _found(text, r"\.") for text in texts):
        return "."
    point = sum(_found(text, ONLY_POINT) for text in texts)
    comma = sum(_found(text, ONLY_COMMA) for text in texts)
    if point or comma:
        return "." if point >= comma else ","
    if delimiter == ",":  # a decimal comma would have been another delimiter
        return "."
    open_mark = "," if any(_found(text, OPEN_COMMA) for text in texts) else "."
    raise DomainError(
        f"{name}: nothing tells whether 1{open_mark}234 means 1234 or 1.234; "
        "say so with --decimal . or --decimal ,"
    )


def to_floats(column: pa.ChunkedArray, mark: str) -> Floats:
    """Return the numbers of a column, NaN for what is none in the file's own way of writing."""
    if not pa.types.is_string(column.type):
        return _float_array(column)
    try:
        if mark == ".":
            return _float_array(column)
    except pa.ArrowInvalid:
        pass  # something is written in another way: look closer
    thousands, decimal = (",", r"\.") if mark == "." else (r"\.", ",")
    text = _bare(column)
    valid = pc.match_substring_regex(text, NUMBER.format(thousands=thousands, decimal=decimal))
    digits = pc.match_substring_regex(text, r"\d")
    text = pc.if_else(pc.and_(valid, digits), text, None)
    text = pc.replace_substring(text, thousands.removeprefix("\\"), "")
    text = pc.replace_substring(text, mark, ".")
    return _float_array(pc.utf8_rtrim(text, "KMB")) * _scale(text)


def _scale(text: pa.ChunkedArray) -> Floats:
    scale = np.ones(len(text))
    for suffix, factor in SUFFIXES.items():
        ends = pc.fill_null(pc.ends_with(text, suffix), fill_value=False)
        scale[ends.to_numpy(zero_copy_only=False)] = factor
    return scale


def _float_array(column: pa.ChunkedArray) -> Floats:
    numbers: Floats = pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False)
    return numbers


def _bare(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.replace_substring_regex(column, DECORATION, "")


def _found(text: pa.ChunkedArray, pattern: str) -> int:
    return int(pc.sum(pc.match_substring_regex(text, pattern)).as_py() or 0)
