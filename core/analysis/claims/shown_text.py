"""A text as its reader sees it, which knows where each of its signs stands in the original."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Span = tuple[int, int]

_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_EMPHASIS = re.compile(r"(?<=[0-9])[*~`]+(?=[0-9.,])|(?<=[.,])[*~`]+(?=[0-9])")


@dataclass(frozen=True)
class ShownText:
    """`places` holds the place of each sign of `text` in the original."""

    text: str
    places: Sequence[int]

    def origin(self, start: int, end: int) -> Span:
        """Return where a part of the shown text stands in the original."""
        return self.places[start], self.places[end - 1] + 1

    def without(self, spans: Iterable[Span]) -> ShownText:
        kept, start = [], 0
        for first, last in spans:
            kept.append((start, first))
            start = last
        if not kept:
            return self
        kept.append((start, len(self.text)))
        text = "".join(self.text[first:last] for first, last in kept)
        return ShownText(text, [place for first, last in kept for place in self.places[first:last]])


def show(original: str) -> ShownText:
    """Return the text without tags, invisible signs, and marks inside numbers."""
    shown = ShownText(original, range(len(original)))
    shown = shown.without([match.span() for match in _TAG.finditer(shown.text)])
    if not shown.text.isascii():
        shown = shown.without(
            (place, place + 1)
            for place, sign in enumerate(shown.text)
            if unicodedata.category(sign) == "Cf"
        )
    return shown.without([match.span() for match in _EMPHASIS.finditer(shown.text)])
