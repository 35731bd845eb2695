"""A text made ready to be checked: what it shows, names and quotes, and where its sentences end."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from core.analysis.claims.binding import bind
from core.analysis.claims.fact_index import FactIndex
from core.analysis.claims.names import Name, find_names
from core.analysis.claims.phrases import Hit, find_phrases
from core.analysis.claims.shown_text import Span, show
from core.analysis.number_words import read_number_words
from core.analysis.numbers_in_text import Reading, blank, read_numbers
from core.domain.claims import ClaimKind

# marks of Markdown, no-break spaces and curly quotes read as what they stand for
_PLAIN = str.maketrans(dict.fromkeys("*~_\u00a0\u2009\u202f", " ") | {"\u2019": "'"})
_SENTENCE = re.compile(r"[.!?]+(?=[\s_\")\]]|$)|[;\n]")
_CLAUSE = re.compile(
    r",(?![0-9])|:(?![0-9])|\s[\u2013-]\s|\u2014"
    r"|\b(?:but|while|although|though|whereas|because)\b"
)


class Finding(NamedTuple):
    """A claim, by its place in the shown text. reason: why no fact bears it."""

    kind: ClaimKind
    start: int
    end: int
    fact_ids: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Passage:
    """What is left to be read of a shown text.

    text: for words. body: for numbers and tickers; what is allowed, what quotes a fact, and the
        names with digits are blank there.
    """

    text: str
    body: str
    allowed: tuple[Span, ...]
    quotes: tuple[Hit, ...]
    names: tuple[Name, ...]
    index: FactIndex

    @classmethod
    def of(cls, text: str, index: FactIndex, allowed: Iterable[str]) -> Passage:
        """`text` is what is left to be read of the shown text."""
        permitted = tuple(find_phrases(text, (show(phrase).text for phrase in allowed)))
        body = _without(text, permitted)
        quotes = tuple(find_phrases(body, (quote for quote, _ in index.quotes)))
        words = text.translate(_PLAIN)
        names = tuple(find_names(words, index))
        numbered = [(n.start, n.end, n.text) for n in names if any(c.isdigit() for c in n.text)]
        body = _without(_without(body, quotes), numbered)
        spans = tuple((start, end) for start, end, _ in permitted)
        return cls(words, body, spans, quotes, names, index)

    def sentence(self, place: int) -> Span:
        """Return the bounds of the sentence around a place."""
        return _around(self._sentence_ends, place, len(self.text))

    def clause(self, place: int) -> Span:
        """Return the bounds of the part of a sentence around a place."""
        return _around(self._clause_ends, place, len(self.text))

    @cached_property
    def readings(self) -> list[Reading]:
        """The numbers, days and cashtags, in the order of the text."""
        return sorted(_read(self.body), key=lambda reading: reading.start)

    @cached_property
    def bound(self) -> dict[int, Name]:
        """The names that a number is given for, by the place of that number."""
        return bind(self.text, self.names, self.readings, self.index)

    @cached_property
    def _sentence_ends(self) -> list[int]:
        return [match.end() for match in _SENTENCE.finditer(self.text)]

    @cached_property
    def _clause_ends(self) -> list[int]:
        ends = (match.end() for match in _CLAUSE.finditer(self.text))
        return sorted({*self._sentence_ends, *ends})


def _read(text: str) -> Iterator[Reading]:
    for reading in read_numbers(text):
        yield reading
        text = blank(text, reading.start, reading.end)
    yield from read_number_words(text)


def _without(text: str, hits: Sequence[Hit]) -> str:
    for start, end, _ in hits:
        text = blank(text, start, end)
    return text


def _around(ends: Sequence[int], place: int, length: int) -> Span:
    after = bisect_right(ends, place)
    return ends[after - 1] if after else 0, ends[after] if after < len(ends) else length
