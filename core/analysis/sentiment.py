"""How good or bad a headline sounds for the price: VADER's rules with a finance lexicon."""

from __future__ import annotations

import re
from copy import copy
from functools import cache
from typing import Annotated

from pydantic import Field, StringConstraints
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from core.domain.base import Frozen

Valence = Annotated[float, Field(ge=-4, le=4, allow_inf_nan=False)]
Term = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9&'. -]*[a-z0-9]$", max_length=60)]

# VADER is made for chats; emoticons and two-letter slang mean nothing in a headline ("XP", "8)").
WORD = re.compile(r"no|[a-z][a-z'-]{2,}")
MOVE = re.compile(
    r"\b(?:(up|higher)|(?:down|lower))(?: (?:by|as much as|more than|over|nearly|about|almost))?"
    r" \$?\d[\d.,]*\S*"
)
SIGNED = re.compile(r"(?<!\S)(?:(\+)|[-\u2212])\d+(?:[.,]\d+)?%")
CONTRAST = re.compile(r"\b(?:even though|although|in spite of|shrugs? off)\b", re.IGNORECASE)
CLAUSE_END = re.compile(r"[,;:](?=\s)|\s[-\u2013\u2014]\s")
# VADER looks back three words for a negation and does not see commas: this keeps clauses apart.
CLAUSE_BREAK = " , , , "


class Lexicon(Frozen):
    """The file data/lexicon.yaml: valences from -4 (dreadful) to 4 (splendid), 0 for no tone.

    terms: words, and phrases of which the longest counts. move_up, move_down: "up 5%", "-3%".
    """

    version: Annotated[str, Field(min_length=1)]
    move_up: Valence
    move_down: Valence
    terms: dict[Term, Valence]


class SentimentReader:
    """Reads the tone of headlines; the same text always gets the same number."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.method = f"vader+finance/{lexicon.version}"
        self._analyzer = copy(_vader())
        own = {_joined(term): valence for term, valence in lexicon.terms.items()}
        moves = {"move_up": lexicon.move_up, "move_down": lexicon.move_down}
        self._analyzer.lexicon = self._analyzer.lexicon | own | moves
        self._phrases = _phrases(lexicon)

    def read(self, title: str) -> float:
        """Return the tone, -1 (bad for the price) to 1."""
        text = title.replace("\u2019", "'")
        text = MOVE.sub(_move, SIGNED.sub(_move, text))
        text = self._phrases.sub(lambda found: _joined(found[0]), text)
        text = CLAUSE_END.sub(CLAUSE_BREAK, CONTRAST.sub("despite", text))
        return float(self._analyzer.polarity_scores(text)["compound"]) + 0.0  # no negative zero


@cache
def _vader() -> SentimentIntensityAnalyzer:
    """Return VADER with those of its words that a headline may use."""
    analyzer = SentimentIntensityAnalyzer()
    general = analyzer.lexicon.items()
    analyzer.lexicon = {word: valence for word, valence in general if WORD.fullmatch(word)}
    return analyzer


def _joined(phrase: str) -> str:
    """Return a phrase as one word; without apostrophes, which VADER takes for negations."""
    words = re.findall(r"[a-z0-9]+", phrase.lower().replace("'", ""))
    return "_".join(words) if len(words) > 1 else phrase.lower()


def _phrases(lexicon: Lexicon) -> re.Pattern[str]:
    """Return what finds the phrases, with blanks or hyphens between their words."""
    phrases = [term for term in lexicon.terms if _joined(term) != term]
    longest_first = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
    patterns = [r"[\s-]+".join(map(re.escape, re.split(r"[\s-]+", p))) for p in longest_first]
    return re.compile(rf"\b(?:{'|'.join(patterns) or '(?!)'})\b", re.IGNORECASE)


def _move(found: re.Match[str]) -> str:
    return "move_up" if found[1] else "move_down"
