"""Find numbers that a text spells out: "four hundred", "forty percent", "doubled"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from core.analysis.numbers_in_text import LOWER, Reading, Unit, blank

_VALUES = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14,
    "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20,
    "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_FACTORS = {"dozen": 12, "hundred": 100, "thousand": 1_000, "million": 10**6, "billion": 10**9,
            "trillion": 10**12}  # fmt: skip
_WORD = rf"(?:{'|'.join(sorted([*_VALUES, *_FACTORS], key=len, reverse=True))})"
_SPELLED = re.compile(
    rf"\b(?P<words>{_WORD}(?:(?:\s+and\s+|[\s-]+){_WORD})*)\b"
    r"(?P<unit>\s+per\s?cent\b|\s*%|\s+dollars?\b)?"
)
_VAGUE = re.compile(
    r"\b(?:doubl(?:e[sd]?|ing)|tripl(?:e[sd]?|ing)|quadrupl(?:e[sd]?|ing)|halv(?:e[sd]?|ing)"
    r"|twice|thrice|(?:two|three|four|five|ten|hundred)-?fold"
    r"|(?:dozen|hundred|thousand|million|billion|trillion)s)\b"
)
_PARTS = {"third": 3, "quarter": 4, "fifth": 5, "tenth": 10}
_PART = re.compile(
    r"\b(?P<count>a|one|two|three|four)[\s-]"
    rf"(?P<part>{'|'.join(_PARTS)})(?:s\b|\b(?=\sof\b))"
)
_HALF = re.compile(r"\bhalf\b")


def read_number_words(text: str) -> Iterator[Reading]:
    """Yield the spelled numbers of a visible text. A lone "one" is a pronoun and left out."""
    for reading in _read(text.translate(LOWER)):
        yield replace(reading, text=text[reading.start : reading.end])


def _read(text: str) -> Iterator[Reading]:
    for match in _VAGUE.finditer(text):
        yield Reading(*match.span(), match.group(), "unknown")
    for match in list(_PART.finditer(text)):
        count = _VALUES.get(match["count"], 1)
        value = Decimal(100 * count) / _PARTS[match["part"]]
        yield Reading(*match.span(), match.group(), "percent", value)
        text = blank(text, *match.span())
    for match in _HALF.finditer(text):
        yield Reading(*match.span(), match.group(), "percent", Decimal(50), Decimal(0))
    for match in _SPELLED.finditer(text):
        words = re.split(r"[\s-]+", match["words"])
        if words != ["one"] or match["unit"]:
            yield Reading(*match.span(), match.group(), _unit(match), _value(words))


def _unit(match: re.Match[str]) -> Unit:
    suffix = (match["unit"] or "").strip()
    if not suffix:
        return "compound"
    return "usd" if suffix.startswith("dollar") else "percent"


def _value(words: list[str]) -> Decimal:
    total, part = 0, 0
    for word in words:
        if word in _VALUES:
            part += _VALUES[word]
        elif _FACTORS.get(word, 0) in {12, 100}:
            part = max(part, 1) * _FACTORS[word]
        elif word in _FACTORS:
            total, part = total + max(part, 1) * _FACTORS[word], 0
    return Decimal(total + part)
