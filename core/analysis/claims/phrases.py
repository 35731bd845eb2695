"""Where given phrases stand in a text: whole, not inside a longer word, number or quantity."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from core.analysis.numbers_in_text import blank

Hit = tuple[int, int, str]

_AFTER_WORD = re.compile(r"(?!\w)")
_AFTER_DIGIT = re.compile(
    r"(?![\w%]|[.,:/-][0-9]|\s+(?:%|per\s?cent|(?:hundred|thousand|[mbtr]+illion)))"
)


def find_phrases(text: str, phrases: Iterable[str]) -> Iterator[Hit]:
    """Yield each phrase with its place, the longer phrases first; none lies within another."""
    for phrase in sorted({*phrases}, key=lambda phrase: (-len(phrase), phrase)):
        place = text.find(phrase) if phrase else -1
        while place >= 0:
            end = place + len(phrase)
            if _is_whole(text, place, end):
                yield place, end, phrase
                text = blank(text, place, end)
            place = text.find(phrase, place + 1)


def _is_whole(text: str, start: int, end: int) -> bool:
    before = text[start - 1 : start]
    if before and (before.isalnum() or before in "_$"):
        return False
    if text[start].isdigit() and before and before in ".,+-\u2212":
        return False
    after = _AFTER_DIGIT if text[end - 1].isdigit() else _AFTER_WORD
    return after.match(text, end) is not None
