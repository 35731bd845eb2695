"""Numeric grounding: every number in a text must be one of its facts, with its unit and sign."""

from __future__ import annotations

from collections.abc import Sequence

from core.analysis.claims.fact_index import FactIndex
from core.analysis.claims.passage import Passage
from core.analysis.claims.quantities import quantities
from core.analysis.claims.shown_text import show
from core.domain.content import Fact


def ungrounded(text: str, facts: Sequence[Fact], allowed: Sequence[str] = ()) -> list[str]:
    """Return what the text states in numbers, days and cashtags and no fact holds, in its order.

    A number matches a fact of its unit that rounds to it at the decimals it shows, sign included;
    a fraction is shown as a percentage. Dates, times and names with digits must be facts of the
    unit date or text, or stand in `allowed`.
    """
    passage = Passage.of(show(text).text, FactIndex(facts), allowed)
    return [
        passage.body[finding.start : finding.end].strip()
        for finding in quantities(passage)
        if finding.reason
    ]
