"""What a comparison may compare: names with what is known of them, and bare numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from core.analysis.claims.fact_index import MAIN, Known, describe
from core.analysis.claims.names import Name
from core.analysis.claims.passage import Passage
from core.analysis.numbers_in_text import Reading, Unit

ANY = ""
_UNITS: dict[Unit, str] = {"usd": "usd", "percent": "fraction", "r": "r", "bare": ANY,
                           "compound": ANY}  # fmt: skip


@dataclass(frozen=True)
class Operand:
    """One side of a comparison. values: none if it is not known; several make a range."""

    start: int
    end: int
    label: str
    unit: str
    values: tuple[Decimal, ...]
    fact_ids: tuple[str, ...]
    keys: tuple[str, ...] = ()
    owner: str = MAIN

    @property
    def low(self) -> Decimal:
        return min(self.values)

    @property
    def high(self) -> Decimal:
        return max(self.values)

    def __str__(self) -> str:
        if not self.keys or not self.values:
            return self.label
        shown = (describe(Known(value, "", self.unit)) for value in sorted({*self.values}))
        return f"{self.label} at {' to '.join(shown)}"


def operands(passage: Passage) -> list[Operand]:
    """Return the operands of a text in its order; a name and its number are one."""
    return sorted((*_names(passage), *_numbers(passage)), key=lambda operand: operand.start)


def _names(passage: Passage) -> Iterator[Operand]:
    numbers = {reading.start: reading for reading in passage.readings}
    places = {(name.start, name.end): numbers[at] for at, name in passage.bound.items()}
    for name in passage.names:
        start, end = _span(name, places.get((name.start, name.end)), passage.text)
        known = passage.index.named(name.owner, name.keys)
        yield Operand(
            start, end, name.text, known[0].unit if known else ANY,
            tuple(number.value for number in known), tuple(number.fact_id for number in known),
            name.keys, name.owner,
        )  # fmt: skip


def _span(name: Name, reading: Reading | None, text: str) -> tuple[int, int]:
    """Return where a name stands, with the number that it has."""
    if reading is None:
        return name.start, name.end
    start, end = min(name.start, reading.start), max(name.end, reading.end)
    return start, end + (text[end : end + 1] == ")")


def _numbers(passage: Passage) -> Iterator[Operand]:
    for reading in passage.readings:
        is_free = reading.unit in _UNITS and reading.start not in passage.bound
        if is_free and reading.value is not None:
            yield Operand(
                reading.start, reading.end, reading.text.strip(), _UNITS[reading.unit],
                (reading.value,), tuple(passage.index.bearing(reading)),
            )  # fmt: skip
