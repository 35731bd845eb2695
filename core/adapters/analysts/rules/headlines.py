"""What a headline is about and how it sounds, by a few plain words and the word list's tone."""

from __future__ import annotations

import re

from core.domain.insights import Extraction, HeadlineQuestion, NewsEvent

# the first that is found names the event
EVENTS: tuple[tuple[NewsEvent, str], ...] = (
    (NewsEvent.GUIDANCE, r"guidance|outlook|forecasts?"),
    (NewsEvent.EARNINGS, r"earnings|results|revenue|profit|eps|quarter(?:ly)?|beats?|miss(?:es)?"),
    (NewsEvent.ANALYST_RATING, r"upgrades?d?|downgrades?d?|price target|rating|overweight"),
    (NewsEvent.MERGER, r"merger|acquires?|acquisition|takeover|buyout|stake"),
    (NewsEvent.LEGAL, r"lawsuit|sues?|probe|antitrust|court|fine[ds]?|recall|regulators?"),
    (NewsEvent.MANAGEMENT, r"ceo|cfo|chief executive|resigns?|appoints?|layoffs?"),
    (NewsEvent.MACRO, r"fed|inflation|cpi|jobs report|rates?|tariffs?|treasury"),
    (NewsEvent.PRODUCT, r"launch(?:es)?|unveils?|deliver(?:y|ies)|chips?|model|orders?|shipments?"),
)
PATTERNS = tuple((event, re.compile(rf"\b(?:{words})\b", re.IGNORECASE)) for event, words in EVENTS)
STRONG, CLEAR = 0.6, 0.2


def read_headline(question: HeadlineQuestion) -> Extraction:
    """Return the headline in fixed words. It is known to be about the symbol already."""
    headline = question.headline
    event = next((e for e, pattern in PATTERNS if pattern.search(headline.title)), NewsEvent.OTHER)
    return Extraction(
        event=event,
        sentiment=_sentiment(headline.sentiment or 0.0),
        relevance=1 if event in {NewsEvent.OTHER, NewsEvent.MACRO} else 2,
    )


def _sentiment(tone: float) -> int:  # -2 to 2
    size = 2 if abs(tone) >= STRONG else 1 if abs(tone) >= CLEAR else 0
    return size if tone > 0 else -size
