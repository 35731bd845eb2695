"""Which number in a text is given as the value of which name: "RSI 44", "VWAP at $250.10"."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from core.analysis.claims.fact_index import FactIndex
from core.analysis.claims.names import Name
from core.analysis.numbers_in_text import Reading

_VERB = r"(?:is|are|was|at|of|reads|reading|stands|sits|equals)"
_TIGHT = re.compile(
    rf"\s?(?:reading\s|value\s|level\s)?(?:now\s|currently\s)?(?:{_VERB}\s)?(?:now\s|currently\s|at\s)?[(:=]?\s{{0,2}}"
)
_LOOSE = re.compile(rf"(?:\s(?:now|currently))?\s?(?:{_VERB}\s(?:now\s|currently\s|at\s)?|[:=]\s?)")
_INVERSE = re.compile(r"\s\((?:the\s|its\s)?")
_REACH = 24


def bind(
    text: str, names: Sequence[Name], readings: Sequence[Reading], index: FactIndex
) -> dict[int, Name]:
    """Return the names that have a number, by the place of that number."""
    bound: dict[int, Name] = {}
    starts = [reading.start for reading in readings]
    for name in names:
        first = bisect_left(starts, name.start - _REACH)
        for reading in readings[first : bisect_right(starts, name.end + _REACH)]:
            if _follows(text, name, reading, index) or _explains(text, name, reading, index):
                bound.setdefault(reading.start, name)
    return bound


def _follows(text: str, name: Name, reading: Reading, index: FactIndex) -> bool:
    if reading.start < name.end:
        return False
    form = _TIGHT if name.binds == "tight" else _LOOSE
    return bool(form.fullmatch(text, name.end, reading.start)) and _fits(name, reading, index)


def _explains(text: str, name: Name, reading: Reading, index: FactIndex) -> bool:
    """Tell whether the name stands in parentheses behind the number, and is known."""
    if name.start < reading.end or not index.named(name.owner, name.keys):
        return False
    between = _INVERSE.fullmatch(text, reading.end, name.start)
    return bool(between) and _fits(name, reading, index)


def _fits(name: Name, reading: Reading, index: FactIndex) -> bool:
    """Tell whether the number could be the name's: a price is no percentage."""
    if reading.unit in {"usd", "bare"}:
        return True
    known = index.named(name.owner, name.keys)
    return reading.unit == "percent" and bool(known) and known[0].unit == "fraction"
