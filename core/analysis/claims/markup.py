"""What a plain text may not hold: links, tags, hidden signs, foreign scripts, and promises."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from core.analysis.claims.passage import Finding

_LINK = re.compile(
    r"!?\[[^\]\n]{0,200}\]\s?[(\[:][^)\]\n]{0,200}[)\]]?"  # Markdown
    r"|\b[a-z][a-z0-9+.-]{1,20}:(?:/|[^\s,;.)]*[/(=<])[^\s)]*|\b(?:javascript|data|mailto):\S*"
    r"|\bwww\.\S+|[\w.+-]+@[\w.-]+\.\w+|(?<!\w)@\w[\w.]*|(?<![\w&])#\w*[A-Za-z]\w*"
    r"|\b(?:[A-Za-z0-9-]{2,}\.)+[A-Za-z]{2,}\b(?:[/?#:]\S*)?",
    re.IGNORECASE,
)
_MARKUP = re.compile(
    r"</?[A-Za-z!?|/][^<>]*>?|&(?:[A-Za-z]+|#\w+);|[{}\[\]`\\]+|(?<=[^\n])#{2,}|[-=]{2,}"
    r"|(?:^\s*|(?<=[.!?]\s))(?:system|assistant|user|developer|human|tool)\s*:",
    re.IGNORECASE | re.MULTILINE,
)
_PHRASE = re.compile(
    r"\b(?:(?:ignore|disregard|forget|override)\s(?:\w+\s){0,4}(?:instructions?|rules?|prompts?|above)"
    r"|system\sprompt|as\san\sAI|language\smodel|you\sare\snow|guarantee[ds]?|risk[\s-]free"
    r"|can(?:not|'t)\slose|sure\sthing|easy\smoney)\b",
    re.IGNORECASE,
)
_BLOB = re.compile(r"[^\s\x00]{40,}")
_TYPOGRAPHY = frozenset("\u2013\u2014\u2018\u2019\u201c\u201d\u2026\u2022\u00b7\u2212\u00d7\u00b1"
                        "\u2248\u2264\u2265\u2192\u00a0\u2009\u202f")  # fmt: skip
_LAST_LATIN = "\u024f"


def blobs(shown: str) -> Iterator[Finding]:
    """Yield what is too long for a word: codes, repeated signs."""
    for match in _BLOB.finditer(shown):
        yield Finding("phrase", *match.span(), reason="this is too long for a word")


def links(shown: str) -> Iterator[Finding]:
    """Yield the links, mentions and hashtags of a shown text."""
    for match in _LINK.finditer(shown):
        yield Finding("link", *match.span(), reason="links are not among the facts")


def phrases(text: str) -> Iterator[Finding]:
    """Yield words that speak to a machine, or promise what nobody can."""
    for match in _PHRASE.finditer(text):
        yield Finding("phrase", *match.span(), reason="this may not be said")


def foreign_signs(original: str) -> Iterator[Finding]:
    """Yield the markup and the signs of an original text that plain English does not need."""
    for match in _MARKUP.finditer(original):
        yield Finding("phrase", *match.span(), reason="markup is not allowed")
    for match in re.finditer(r"[^\n\t -~]+", original):
        strange = next((sign for sign in match.group() if not _is_plain(sign)), None)
        if strange:
            name = unicodedata.name(strange, f"U+{ord(strange):04X}")
            yield Finding("phrase", *match.span(), reason=f"{name} is not allowed")


def _is_plain(sign: str) -> bool:
    if sign.isalpha():
        return sign <= _LAST_LATIN
    return sign in _TYPOGRAPHY
