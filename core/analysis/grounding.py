"""Numeric grounding: every number in a text must be one of its facts, with its unit and sign."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from core.analysis.number_words import read_number_words
from core.analysis.numbers_in_text import Reading, Unit, blank, read_numbers, visible
from core.domain.content import Fact

# which facts a written unit may state, and how often the fact's value it shows
_FITTING: dict[Unit, dict[str, int]] = {
    "usd": {"usd": 1},
    "percent": {"fraction": 100},
    "bps": {"fraction": 10_000},
    "r": {"r": 1},
    "bare": {"usd": 1, "index": 1, "count": 1},
    "compound": {"count": 1},
}
_DATE_FORMS = ("%Y-%m-%d", "%B {day}, %Y", "%b {day}, %Y", "%B {day}", "%b {day}",
               "{day} %B %Y", "{day} %b %Y", "{day} %B", "{day} %b")  # fmt: skip
_COARSE_BELOW = 10


def ungrounded(text: str, facts: Sequence[Fact], allowed: Sequence[str] = ()) -> list[str]:
    """Return what the text states and no fact holds, in the order of the text.

    A number matches a fact of its unit that rounds to it at the decimals it shows, sign included;
    a fraction is shown as a percentage. Dates, times and names with digits must be facts of the
    unit date or text, or stand in `allowed`.
    """
    rest = visible(text)
    for phrase in sorted({*allowed, *_phrases(facts)}, key=len, reverse=True):
        rest = _without(rest, phrase)
    tickers = {str(fact.value).upper() for fact in facts if fact.unit == "text"}
    readings = sorted(_read(rest), key=lambda reading: reading.start)
    return [
        reading.text.strip()
        for reading in readings
        if not (_is_known_cashtag(reading, tickers) or any(_holds(f, reading) for f in facts))
    ]


def _read(text: str) -> Iterator[Reading]:
    for reading in read_numbers(text):
        yield reading
        text = blank(text, reading.start, reading.end)
    yield from read_number_words(text)


def _is_known_cashtag(reading: Reading, tickers: set[str]) -> bool:
    return reading.unit == "cashtag" and reading.text[1:].upper() in tickers


def _holds(fact: Fact, reading: Reading) -> bool:
    factor = _FITTING.get(reading.unit, {}).get(fact.unit)
    if factor is None or reading.value is None or isinstance(fact.value, str):
        return False
    shown = Decimal(repr(fact.value)) * factor
    if (reading.sign == "-" and shown > 0) or (reading.sign == "+" and shown < 0):
        return False
    if _is_coarse(reading, shown):
        return reading.value == shown
    return abs(reading.value - shown) * 2 <= reading.step


def _is_coarse(reading: Reading, shown: Decimal) -> bool:
    """A small bare integer could be any reading near it: it has to be exact."""
    return reading.unit in {"bare", "compound"} and reading.step == 1 and abs(shown) < _COARSE_BELOW


def _phrases(facts: Sequence[Fact]) -> Iterator[str]:
    for fact in facts:
        written = str(fact.value)
        if fact.unit == "date":
            yield from _dates(written)
        elif fact.unit == "text" and re.search(r"[^\W0-9_]", written):
            yield written


def _dates(written: str) -> Iterator[str]:
    yield written
    try:
        day = date.fromisoformat(written[:10])
    except ValueError:
        return
    for form in _DATE_FORMS:
        yield day.strftime(form.replace("{day}", str(day.day)))


def _without(text: str, phrase: str) -> str:
    """Blank out a phrase where it stands whole: not inside a longer word, number or quantity."""
    phrase = visible(phrase)
    if not phrase:
        return text
    before = r"(?<![\w$.,+\u2212-])" if phrase[0].isdigit() else r"(?<![\w$])"
    after = r"(?!\w)"
    if phrase[-1].isdigit():
        after = r"(?![\w%]|[.,:/-][0-9]|\s+(?:%|per\s?cent|(?:hundred|thousand|[mbtr]+illion)))"
    pattern = before + re.escape(phrase) + after
    return re.sub(pattern, lambda match: "\x00" * len(match.group()), text)
