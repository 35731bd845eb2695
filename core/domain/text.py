"""Untrusted markup to plain, bounded text."""

from __future__ import annotations

import re
import unicodedata
from html.parser import HTMLParser

SKIPPED = {"script", "style", "template", "noscript", "iframe"}
INVISIBLE = {"Cc", "Cf", "Co", "Cs", "Cn"}  # controls, zero-width and direction marks, unassigned


class _Words(HTMLParser):
    """Collects the words between the tags, none from inside scripts and styles."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._depth += tag in SKIPPED
        self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._depth = max(0, self._depth - (tag in SKIPPED))
        self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._depth:
            self.parts.append(data)


def plain_text(markup: str, limit: int) -> str:
    """Return the words of `markup` on one line, at most `limit` characters, cut between words."""
    parser = _Words()
    head, end, tail = markup[: 20 * limit].rpartition(">")  # no headline needs more
    # A tag that never ends would be looked for again and again, in quadratic time.
    parser.feed(head + end + tail.replace("<", "&lt;"))
    parser.close()
    visible = "".join(
        " " if character.isspace() else character
        for character in unicodedata.normalize("NFC", "".join(parser.parts))
        if character.isspace() or unicodedata.category(character) not in INVISIBLE
    )
    line = re.sub(r" +", " ", visible).strip()
    if len(line) <= limit:
        return line
    cut = line[: limit - 1]
    return (cut[: cut.rfind(" ")] if " " in cut[limit // 2 :] else cut).rstrip() + "\u2026"
