"""Holds a text against its facts, claim by claim."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from core.analysis.claims.comparisons import comparisons
from core.analysis.claims.fact_index import FactIndex
from core.analysis.claims.markup import blobs, foreign_signs, links, phrases
from core.analysis.claims.passage import Finding, Passage
from core.analysis.claims.phrases import find_phrases
from core.analysis.claims.quantities import quantities
from core.analysis.claims.shown_text import ShownText, Span, show
from core.analysis.claims.tickers import tickers
from core.analysis.claims.written_days import days
from core.analysis.numbers_in_text import blank
from core.domain.claims import Claim
from core.domain.content import Fact


def check_claims(
    text: str, facts: Sequence[Fact], allowed: Sequence[str] = ()
) -> tuple[Claim, ...]:
    """Return every claim of a text with the facts that bear it, in the order of the text.

    Numbers, days, tickers and comparisons rest on facts; what stands in `allowed` is no claim.
    A comparison of a plan or a condition is of the kind `plan`: only its numbers are checked.
    Links, markup, hidden signs and other scripts hold only where they are allowed.
    """
    shown = show(text)
    raw = [(finding, text, finding[1:3]) for finding in _raw_findings(text, allowed)]
    read = [
        (finding, shown.text, shown.origin(finding.start, finding.end))
        for finding in _findings(shown, facts, allowed)
    ]
    claims = {_claim(source[f.start : f.end], f, span) for f, source, span in (*raw, *read)}
    return tuple(sorted(claims, key=lambda claim: (claim.start, claim.end, claim.kind)))


def _raw_findings(text: str, allowed: Sequence[str]) -> Iterator[Finding]:
    for start, end, _ in list(find_phrases(text, allowed)):
        text = blank(text, start, end, " ")
    for finding in list(blobs(text)):
        yield finding
        text = blank(text, finding.start, finding.end, " ")
    yield from foreign_signs(text)


def _findings(shown: ShownText, facts: Sequence[Fact], allowed: Sequence[str]) -> Iterator[Finding]:
    readable, text = shown.text, shown.text
    for start, end, _ in list(find_phrases(readable, allowed)):
        readable = blank(readable, start, end)
    for look in (blobs, links):
        for finding in list(look(readable)):
            yield finding
            readable = blank(readable, finding.start, finding.end)
            text = blank(text, finding.start, finding.end)
    passage = Passage.of(text, _index(tuple(facts)), allowed)
    for check in (quantities, days, tickers, comparisons):
        yield from check(passage)
    yield from phrases(passage.body)


@lru_cache(maxsize=8)  # the texts of one post rest on the same facts
def _index(facts: tuple[Fact, ...]) -> FactIndex:
    return FactIndex(facts)


def _claim(words: str, finding: Finding, span: Span) -> Claim:
    kind, _, _, fact_ids, reason = finding
    start, end = span
    return Claim(kind=kind, text=words, start=start, end=end, fact_ids=fact_ids, reason=reason)
