"""Whether a text is in English, told by its small words."""

from __future__ import annotations

import re

WORDS = re.compile(r"[^\W\d_]+")
# such as other languages hardly use
SMALL_WORDS = {
    "the", "and", "of", "to", "is", "are", "was", "with", "its", "it", "at", "by", "from",
    "that", "this", "below", "above", "near", "but", "if", "not", "has", "have", "up", "down",
    "than", "over", "under", "while", "between", "into", "would", "could", "may", "any", "be",
    "for", "still", "points", "point", "view", "price", "both", "which", "there", "stays",
    "holds", "since", "after", "before",
}  # fmt: skip
LEAST_SHARE = 0.12
FEW_WORDS = 6


def is_english(text: str) -> bool:
    """Return False for a text in another language or script; a few words tell nothing."""
    words = [word.lower() for word in WORDS.findall(text)]
    foreign = sum(not word.isascii() for word in words)
    if 4 * foreign > len(words):
        return False
    small = sum(word in SMALL_WORDS for word in words)
    return len(words) < FEW_WORDS or small >= LEAST_SHARE * len(words)
