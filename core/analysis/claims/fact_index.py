"""The facts that a text is held against: by unit, by name, by day, by what they quote."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import cached_property
from operator import itemgetter
from typing import NamedTuple

from core.analysis.numbers_in_text import Reading, Unit
from core.domain.content import Fact

# which facts a written unit may state, and how often the known value it shows
_FITTING: dict[Unit, dict[str, int]] = {
    "usd": {"usd": 1},
    "percent": {"fraction": 1},
    "bps": {"fraction": 100},
    "r": {"r": 1},
    "bare": {"usd": 1, "index": 1, "count": 1},
    "compound": {"count": 1},
}
MAIN = ""
_STATE_WORDS = """
above below level between up down flat none low normal high weak strong bullish bearish neutral
"""
STATES = frozenset(_STATE_WORDS.split())
_COARSE_BELOW = 10
_LEAD = re.compile(r"(snapshot\.(?:lead|leads\.\d+))\.(.+)")
_PLACE = re.compile(
    r"snapshot\.(?:indicators\.(?:pivots\.)?|regime\.)?|scenarios?\.(?:\d+\.)?|plans\.[^.]+\."
)
_GROUPS = (
    (re.compile(r"entry_(?:low|high)"), "zone"),
    (re.compile(r"targets\.\d\.price"), "targets"),
    (re.compile(r"macd_histogram\.2"), "macd_histogram"),
)


class Known(NamedTuple):
    """A fact that is a number. value: as it is shown, a fraction in percent."""

    value: Decimal
    fact_id: str
    unit: str


class FactIndex:
    """Answers which facts bear a number, a day or a name.

    A name is the last part of a fact's id; `owner` is the lead that it belongs to, or MAIN.
    states: facts that are a plain word, as "above" or "up", with their ids. quotes: other texts.
    """

    def __init__(self, facts: Sequence[Fact]) -> None:
        self.counts = {fact.fact_id for fact in facts if fact.unit == "count"}
        self.days: list[tuple[date, str, str]] = []
        self.states: dict[tuple[str, str], tuple[str, str]] = {}
        self.quotes: list[tuple[str, str]] = []
        self.owners: dict[str, str] = {}
        self._numbers: list[Known] = []
        self._named: defaultdict[str, list[tuple[str, Known]]] = defaultdict(list)
        for fact in facts:
            self._place(fact)

    def named(self, owner: str, keys: Sequence[str]) -> list[Known]:
        """Return the numbers of the first of these names that is known; those of one plan only."""
        found = (self._of(owner, key) for key in keys)
        numbers = next((numbers for numbers in found if numbers), [])
        if len(numbers) < 2:
            return numbers
        return [n for n in numbers if _place_of(n.fact_id) == _place_of(numbers[0].fact_id)]

    def any_named(self, owner: str | None, keys: Sequence[str]) -> set[str]:
        """Return the ids of all facts that go by one of these names, None: of any owner."""
        return {number.fact_id for key in keys for number in self._of(owner, key)}

    def symbol_ids(self, symbol: str) -> tuple[str, ...]:
        """Return the ids of the facts that are this name, in whatever case."""
        return tuple(i for quote, i in self.quotes if quote.upper() == symbol.upper())

    def bearing(self, reading: Reading) -> list[str]:
        """Return the ids of the facts that round to a number as it is written."""
        if reading.value is None:
            return []
        known, reach = self._written.get(reading.unit, []), reading.step / 2
        found = []
        for number in known[bisect_left(known, reading.value - reach, key=itemgetter(0)) :]:
            if number.value > reading.value + reach:
                break
            if _agrees(number.value, reading):
                found.append(number.fact_id)
        return found

    def nearest(self, reading: Reading) -> Known | None:
        """Return the fact of the number's unit that comes closest to it, as that unit shows it."""
        known, value = self._written.get(reading.unit, []), reading.value
        if value is None or not known:
            return None
        return min(known, key=lambda number: abs(number.value - value))

    def _of(self, owner: str | None, key: str) -> list[Known]:
        return [number for whose, number in self._named.get(key, ()) if owner in {None, whose}]

    def _place(self, fact: Fact) -> None:
        owner, key = _name(fact.fact_id)
        if not isinstance(fact.value, str):
            factor = 100 if fact.unit == "fraction" else 1
            known = Known(Decimal(repr(fact.value)) * factor, fact.fact_id, fact.unit)
            self._numbers.append(known)
            for name in (key, *(group for pattern, group in _GROUPS if pattern.fullmatch(key))):
                self._named[name].append((owner, known))
        elif fact.unit == "date":
            self.days.append((date.fromisoformat(fact.value[:10]), fact.value, fact.fact_id))
        elif fact.value in STATES:
            self.states[owner, key] = (fact.value, fact.fact_id)
        elif re.search(r"[^\W\d_]", fact.value):
            self.quotes.append((fact.value, fact.fact_id))
            if key == "symbol" or key.endswith(".symbol"):
                self.owners[fact.value.upper()] = owner

    @cached_property
    def _written(self) -> dict[Unit, list[Known]]:
        return {
            written: sorted(
                known._replace(value=known.value * factors[known.unit])
                for known in self._numbers
                if known.unit in factors
            )
            for written, factors in _FITTING.items()
        }


def describe(known: Known) -> str:
    """Return a number as a reason gives it."""
    signs = {"usd": " USD", "fraction": "%", "r": "R"}
    value = f"{known.value:,.2f}" if known.value % 1 else f"{known.value:,.0f}"
    return value + signs.get(known.unit, "")


def _name(fact_id: str) -> tuple[str, str]:
    lead = _LEAD.fullmatch(fact_id)
    if lead:
        return lead[1], lead[2]
    return MAIN, fact_id.removeprefix(_place_of(fact_id))


def _place_of(fact_id: str) -> str:
    """Return what the id of a fact begins with: the snapshot's part, or the plan."""
    found = _PLACE.match(fact_id)
    return found.group() if found else ""


def _agrees(shown: Decimal, reading: Reading) -> bool:
    if (reading.sign == "-" and shown > 0) or (reading.sign == "+" and shown < 0):
        return False
    is_small = reading.unit in {"bare", "compound"} and reading.step == 1
    # a small bare integer could be any reading near it: it has to be exact
    return reading.value == shown if is_small and abs(shown) < _COARSE_BELOW else True
