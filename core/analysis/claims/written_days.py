"""Days as a text writes them, from "2026-01-28" to "on Friday"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from core.analysis.claims.fact_index import FactIndex
from core.analysis.claims.passage import Finding, Passage
from core.analysis.numbers_in_text import Reading, blank

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# "may" and "march" are mostly verbs: they are read with a number alone
_ALONE = re.compile(
    r"\b(?:January|February|April|June|July|August|September|October|November|December"
    r"|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)s?\b|(?<=in )March\b|(?<=since )March\b"
)


def days(passage: Passage) -> Iterator[Finding]:
    """Yield the months and weekdays that stand alone: a day that is a fact must lie there."""
    body = passage.body
    for reading in passage.readings:
        body = blank(body, reading.start, reading.end)
    for match in _ALONE.finditer(body):
        word = match.group().lower().rstrip("s")
        ids = tuple(fact_id for day, _, fact_id in passage.index.days if _is_in(day, word))
        reason = "" if ids else f"no day that is a fact is in or on {match.group()}"
        yield Finding("date", *match.span(), ids, reason)


def bearing_days(reading: Reading, index: FactIndex) -> list[str]:
    """Return the ids of the facts that are this day, or this moment if it has a time."""
    text = reading.text
    if re.match(r"[0-9]{4}", text):
        exact = len(text) > len("2026-01-28")
        return [i for day, written, i in index.days if text == (written if exact else str(day))]
    month = next(place for place, name in enumerate(_MONTHS, 1) if name in text.lower())
    day, year = _numbers(text)
    return [
        fact_id
        for known, _, fact_id in index.days
        if (known.month, known.day) == (month, day) and year in {None, known.year}
    ]


def _numbers(text: str) -> tuple[int, int | None]:
    first, *rest = (int(number) for number in re.findall(r"[0-9]+", text))
    return first, rest[0] if rest else None


def _is_in(day: date, word: str) -> bool:
    if word in _WEEKDAYS:
        return day.weekday() == _WEEKDAYS.index(word)
    return day.month == _MONTHS.index(word[:3]) + 1
