"""What the words of an opinion may not say: the other side of the stance that they are to bear."""

from __future__ import annotations

import re

from core.analysis.claims.fact_index import FactIndex
from core.analysis.claims.passage import Passage
from core.analysis.claims.shown_text import show
from core.domain.claims import Claim
from core.domain.scenarios import Bias

_I = re.IGNORECASE
# the start of a clause, who is told to act, or what there is a reason to do
_TOLD = (
    r"(?:^\s*|[.;:,!?\u2014]\s*|\n[\s\u2022-]*|\b(?:you|we|traders)\s+(?:\w+\s+){0,3}"
    r"|\b(?:and|but|then|now|so|should|must|just|better|please)\s+"
    r"|\b(?:is|was|time|reason|place|moment|day|best|better|wise|choose|prefer|ready|signal|cue|case"
    r"|call|chance|hesitate|where)\s+to\s+)"
)
_NOUN = r"(?![\s-]+(?:side|orders?|pressure|volume|programs?|signals?|ratings?)\b)"
_IT = r"(?:the|this|that|it|into|here|now|at|near|below|above|every|any|\$|(?-i:[A-Z]{2,5})\b)"
_SELL = (
    rf"{_TOLD}(?P<told>sell{_NOUN}(?![\s-]+off\b)\b|selling\s+{_IT}|dump\b|unload\b|get\s+out\b"
    rf"|short(?:ing)?\s+(?!(?-i:[ES]MA)\b){_IT})"
    r"|\b(?:sell(?:ing)?\s+(?:it\s+)?short|(?:go|going|get|stay|turn)\s+short"
    r"|(?:buy|buying|take|own|prefer)\s+(?:[\w-]+\s+){0,3}puts|bet\s+against\s+it)\b"
)
_BUY = (
    rf"{_TOLD}(?P<told>buy{_NOUN}(?!\s+(?:to\s+cover|back|(?:[\w-]+\s+){{0,3}}puts)\b)\b"
    rf"|buying\s+{_IT}|accumulate\b|load\s+up\b|get\s+in\b)"
    r"|\b(?:(?:go|going|get|stay|turn)\s+long|buy(?:ing)?\s+the\s+dips?"
    r"|(?:buy|buying|take|own|prefer)\s+(?:[\w-]+\s+){0,3}calls)\b"
)
_VIEW = (
    r"\b(?:the|our|my|this)\s+(?:overall\s+)?(?:view|stance|opinion)\s+"
    r"(?:is|stays|remains|turns)\s+(?:\w+ly\s+|still\s+)?"
)
_AGAINST = {
    Bias.BULLISH: re.compile(rf"{_SELL}|{_VIEW}bearish\b", _I),
    Bias.BEARISH: re.compile(rf"{_BUY}|{_VIEW}bullish\b", _I),
}
_EITHER = (re.compile(_SELL, _I), re.compile(_BUY, _I))
_LEFT = re.compile(
    r"(?:\b(?:not|never|no|nor|nothing|nobody|none|neither|cannot|without|avoid|than|instead\s+of"
    r"|too\s+early|whether|unclear)|n't)(?:\s+(?!but\b)[\w'-]+){0,5}\s*$",
    _I,
)


def check_stance(text: str, stance: Bias) -> tuple[Claim, ...]:
    """Return what a text tells against a stance; against a neutral one is every order."""
    shown = show(text)
    if not shown.text:
        return ()
    words = Passage.of(shown.text, FactIndex(()), ()).text
    patterns = _EITHER if stance is Bias.NEUTRAL else (_AGAINST[stance],)
    found = sorted(_span(match) for pattern in patterns for match in pattern.finditer(words))
    return tuple(
        Claim(
            kind="phrase",
            text=shown.text[start:end],
            start=shown.origin(start, end)[0],
            end=shown.origin(start, end)[1],
            reason=f"the view is {stance}",
        )
        for start, end in found
        if not _LEFT.search(words, 0, start)
    )


def _span(match: re.Match[str]) -> tuple[int, int]:
    return match.span("told") if match["told"] else match.span()
