"""Dates and times as files write them, whole columns at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import DomainError

Times = npt.NDArray[np.datetime64]
Floats = npt.NDArray[np.float64]
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
CLOCK = (
    r"(?:[T ,]+(?P<hour>\d{1,2}):?(?P<minute>\d{2})(?::?(?P<second>\d{2})(?:[.,]\d+)?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?)?\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?$"
)
YEAR, MONTH, DAY = r"(?P<year>\d{4})", r"(?P<month>\d{1,2})", r"(?P<day>\d{1,2})"
NAMED_MONTH = r"(?P<month>[A-Za-z]{3})[a-z]*"
FORMATS = {
    "YYYY-MM-DD": rf"^{YEAR}[-/.]{MONTH}[-/.]{DAY}{CLOCK}",
    "YYYYMMDD": rf"^{YEAR}(?P<month>\d{{2}})(?P<day>\d{{2}}){CLOCK}",
    "M/D/YYYY": rf"^{MONTH}[/-]{DAY}[/-]{YEAR}{CLOCK}",
    "D/M/YYYY": rf"^{DAY}[/-]{MONTH}[/-]{YEAR}{CLOCK}",
    "D.M.YYYY": rf"^{DAY}\.{MONTH}\.{YEAR}{CLOCK}",
    "Mon D, YYYY": rf"^{NAMED_MONTH} {DAY},? {YEAR}{CLOCK}",
    "D Mon YYYY": rf"^{DAY}[- ]{NAMED_MONTH}[- ]{YEAR}{CLOCK}",
}
EPOCHS = {  # with the factor to microseconds
    "epoch seconds": (r"^\d{9,10}(?:\.\d+)?$", 1e6),
    "epoch milliseconds": (r"^\d{12,13}$", 1e3),
    "epoch microseconds": (r"^\d{15,16}$", 1.0),
    "epoch nanoseconds": (r"^\d{18,19}$", 1e-3),
}
LOOKED_AT = 10_000


@dataclass(frozen=True)
class Moments:
    """Wall-clock times, NaT where unreadable; `offset_s` is east of UTC, NaN where none is said."""

    wall: Times
    offset_s: Floats
    format: str


def read_moments(column: pa.ChunkedArray, name: str) -> Moments:
    """Return the times of a column of text, dates, times or epochs.

    Raises: DomainError if most of them are of no known form.
    """
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return _typed(column)
    texts = pc.utf8_trim_whitespace(column.cast(pa.string())).combine_chunks().dictionary_encode()
    unique, place = texts.dictionary, texts.indices.to_numpy(zero_copy_only=False)
    found = _of_text(unique, name)
    missing = texts.indices.is_null().to_numpy(zero_copy_only=False)
    place = np.where(missing, 0, place).astype(np.int64)
    wall, offset = found.wall[place], found.offset_s[place]
    wall[missing] = np.datetime64("NaT")
    return Moments(wall, offset, found.format)


def _typed(column: pa.ChunkedArray) -> Moments:
    """Return the local wall clock of a typed column, with its offset where it has a zone."""
    zone = getattr(column.type, "tz", None)
    instants = _microseconds(pc.cast(column, pa.timestamp("us", tz=zone), safe=False))
    if zone is None:
        return Moments(instants, np.full(len(instants), np.nan), str(column.type))
    aware = pd.Series(instants).dt.tz_localize("UTC").dt.tz_convert(zone)
    wall = aware.dt.tz_localize(None).to_numpy().astype("datetime64[us]")
    offset = (wall - instants) / np.timedelta64(1, "s")
    return Moments(wall, offset, str(column.type))


def _microseconds(column: pa.ChunkedArray) -> Times:
    """Return timestamps in microseconds as UTC, or as written where they have no zone."""
    counts = pc.fill_null(pc.cast(column, pa.int64()), np.iinfo(np.int64).min)  # that one is NaT
    times: Times = counts.to_numpy(zero_copy_only=False).view("datetime64[us]")
    return times


def _of_text(unique: pa.Array, name: str) -> Moments:
    form = _form(unique, name)
    if form in EPOCHS:
        pattern, factor = EPOCHS[form]
        kept = pc.if_else(pc.match_substring_regex(unique, pattern), unique, None)
        numbers = pc.cast(kept, pa.float64()).to_numpy(zero_copy_only=False)
        wall = pd.to_datetime(pd.Series(numbers * factor), unit="us", errors="coerce")
        return Moments(wall.to_numpy().astype("datetime64[us]"), np.zeros(len(unique)), form)
    fields = pc.extract_regex(unique, FORMATS[form])
    parts = {key: pc.struct_field(fields, key) for key in fields.type.names}
    return Moments(_wall(parts), _offset(parts["zone"]), form)


def _form(unique: pa.Array, name: str) -> str:
    """Return the form that most texts have; of two readings, the one with more trading days."""
    some = unique[:LOOKED_AT]
    patterns = FORMATS | {form: pattern for form, (pattern, _) in EPOCHS.items()}
    counts = {form: _matches(some, pattern) for form, pattern in patterns.items()}
    best = max(counts, key=lambda form: counts[form])
    if counts[best] * 2 < _matches(some, r"."):
        example = next((text for text in some.to_pylist() if text), "")
        raise DomainError(f"{name}: dates such as {example[:40]!r} are of no known form")
    return _day_or_month_first(unique) if best in {"M/D/YYYY", "D/M/YYYY"} else best


def _day_or_month_first(unique: pa.Array) -> str:
    """Choose by what gives dates at all, then by fewer weekends, then as Americans write."""
    worth = {}
    for form in ("M/D/YYYY", "D/M/YYYY"):
        fields = pc.extract_regex(unique, FORMATS[form])
        wall = pd.Series(_wall({key: pc.struct_field(fields, key) for key in fields.type.names}))
        worth[form] = (wall.notna().sum(), wall.dt.day_of_week.lt(5).sum())
    return max(worth, key=lambda form: worth[form])


def _wall(parts: dict[str, Any]) -> Times:
    month = parts["month"]
    named = pc.index_in(pc.utf8_lower(month), pa.array(MONTHS))
    number = pc.if_else(pc.is_valid(named), pc.cast(pc.add(named, 1), pa.string()), month)
    days = pd.to_datetime(
        pd.DataFrame(
            {"year": _int(parts["year"]), "month": _int(number), "day": _int(parts["day"])}
        ),
        errors="coerce",
    )
    hour, minute, second = (_int(parts[key], 0) for key in ("hour", "minute", "second"))
    hour, possible = _full_hour(hour, parts["half"])
    possible &= (hour < 24) & (minute < 60) & (second < 60)
    seconds = (hour * 3600 + minute * 60 + second).astype("timedelta64[s]")
    wall: Times = days.to_numpy().astype("datetime64[us]") + seconds
    wall[~possible] = np.datetime64("NaT")
    return wall


def _full_hour(hour: Floats, half: Any) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return the hour of 24, and whether a half of the day was possible with it."""
    letter = pc.fill_null(pc.utf8_lower(pc.utf8_slice_codeunits(half, 0, 1)), "")
    given = letter.to_numpy(zero_copy_only=False)
    twelve = np.isin(given, ["a", "p"])
    full = np.where(twelve, hour % 12 + 12 * (given == "p"), hour)
    return full, ~twelve | ((hour >= 1) & (hour <= 12))


def _offset(zone: Any) -> Floats:
    """Return seconds east of UTC, NaN where no zone is written."""
    digits = pc.replace_substring(zone, ":", "")
    signed = pc.if_else(pc.match_substring_regex(digits, r"^[+-]"), digits, None)
    hours = _int(pc.utf8_slice_codeunits(signed, 1, 3))
    minutes = _int(pc.utf8_slice_codeunits(signed, 3, 5))
    east = np.where(pc.equal(pc.utf8_slice_codeunits(signed, 0, 1), "-").fill_null(False), -1, 1)
    offset = east * (hours * 3600 + minutes * 60)
    named = pc.fill_null(pc.is_in(zone, pa.array(["Z", "UTC", "GMT"])), False)
    return np.where(named.to_numpy(zero_copy_only=False), 0.0, offset)


def _int(text: Any, missing: float = np.nan) -> Floats:
    """Return whole numbers, `missing` where the text is absent or empty."""
    digits = pc.if_else(pc.equal(text, ""), None, text)
    numbers = pc.cast(digits, pa.float64()).to_numpy(zero_copy_only=False)
    filled: Floats = np.where(np.isnan(numbers), missing, numbers)
    return filled


def _matches(unique: pa.Array, pattern: str) -> int:
    return int(pc.sum(pc.match_substring_regex(unique, pattern)).as_py() or 0)
