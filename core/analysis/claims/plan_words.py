"""What prose may not say around a plan: another side, other prices, another grade, bravado."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from core.analysis.claims.fact_index import FactIndex
from core.analysis.claims.passage import Finding, Passage
from core.analysis.claims.plan_prices import is_negated, prices
from core.analysis.claims.shown_text import show
from core.domain.claims import Claim
from core.domain.scenarios import Scenario, Side

_I = re.IGNORECASE
_IT = (
    r"(?:the|this|that|it|its|at|into|here|now|on|near|between|below|above|under|over|any|every|\$)"
)
# who is told to act, or the start of a clause
_TOLD = (
    r"(?:^|[.;:,!?]\s*|\n\s*|\b(?:to|and|then|or|now|you|we|can|should|could|must|just|only)\s+)"
)
_SELLS = (
    r"\bsell(?:ing)?\s+(?:it\s+)?short\b|\b(?:go|going|get|be|stay|turn)\s+short\b"
    rf"|{_TOLD}short(?:ing)?\s+{_IT}|\bshorting\s+{_IT}|\bshort(?=\s+(?-i:[A-Z]{{2,5}})\b)"
    r"|\bsell(?:ing)?\s+(?:the|this|any|every|a)\s+(?:breakout|breakdown|rip|rally|bounce|pullback)\b"
    r"|\b(?:buy|buying|take|use|own|enter|choose|prefer|via)\s+(?:[\w-]+\s+){0,3}puts?\b"
)
_BUYS = (
    r"\bbuy(?!\s+(?:to\s+cover|back|side|orders?|pressure|volume|programs?))\b"
    rf"|\bbuying\s+{_IT}|\b(?:go|going|get|be|stay|turn)\s+long\b"
    r"|\b(?:take|use|own|enter|choose|prefer|via)\s+(?:[\w-]+\s+){0,3}calls?\b"
)
_PLANS = r"\s+(?:position|trade|entry|plan|side|setup|bet)s?\b"
_OTHER_SIDE = {
    Side.LONG: re.compile(rf"{_SELLS}|\b(?:short|bearish){_PLANS}", _I),
    Side.SHORT: re.compile(rf"{_BUYS}|\b(?:long|bullish){_PLANS}", _I),
}
_ORDERS = re.compile(
    rf"{_BUYS}|{_SELLS}|\bsell(?![\s-](?:off|side|orders?|pressure|volume))\b|\bselling\s+{_IT}"
    r"|\benter\b|\bget\s+in\b|\bjump\s+in\b|\bload\s+up\b|\badd\s+to\b"
    r"|\b(?:open|take|start)\s+(?:a|the|this|any)\s+(?:\w+\s+)?(?:position|trade)\b",
    _I,
)
_GRADE = re.compile(
    r"\b(?i:grades?|graded|rated|rating)(?i:\s+(?:is|of|an?|it|as))*[\s:]+(DNP\b|[A-F][+-]?(?![\w'-]))"
    r"|(?<![\w+])([A-F][+-]|[B-F](?=[\s-](?i:grade|rated|setup|plan)\b)|A(?=-(?i:grade|rated)\b))(?!\w)"
    r"|\b(A[\s-](?i:plus))\b"
)
_BRAVADO = re.compile(
    r"\b(?:(?:whole|entire|full|all (?:of )?(?:your|the|my|our))\s+"
    r"(?:account|portfolio|capital|balance|savings|equity|money)"
    r"|all[\s-]in(?!\s+all)|(?:can\s+not|never)\s+(?:lose|fail)|(?:cannot|can't)\s+fail"
    r"|double[sd]?[\s-]down|doubling\s+down|average\s+down|averaging\s+down|martingale"
    r"|sure\s+(?:bet|win)|no[\s-]brainer|bet\s+the\s+(?:farm|house)|maximum\s+leverage"
    r"|(?:no|without\s+(?:a|any|the))\s+stop|(?:widen|remove|ignore|loosen|drop)\s+(?:the|your|its)"
    r"\s+stop)\b",
    _I,
)


def check_plan_words(
    text: str, scenario: Scenario | None, allowed: Sequence[str] = ()
) -> tuple[Claim, ...]:
    """Return what a text says against the plan that it stands beside, or against waiting."""
    shown = show(text)
    if not shown.text:
        return ()
    passage = Passage.of(shown.text, FactIndex(()), allowed)
    return tuple(
        Claim(
            kind="phrase",
            text=shown.text[found.start : found.end],
            start=shown.origin(found.start, found.end)[0],
            end=shown.origin(found.start, found.end)[1],
            reason=found.reason,
        )
        for found in _findings(passage, scenario)
    )


def _findings(passage: Passage, scenario: Scenario | None) -> Iterator[Finding]:
    yield from _said(_BRAVADO, passage, "this may not be said of a risk")
    yield from _grades(passage, scenario)
    if scenario is None:
        yield from _told(_ORDERS, passage, "there is no plan to trade: the desk waits")
        return
    wrong = f"the plan is {scenario.side}"
    yield from _told(_OTHER_SIDE[scenario.side], passage, wrong)
    yield from prices(passage, scenario)


def _said(pattern: re.Pattern[str], passage: Passage, reason: str) -> Iterator[Finding]:
    for match in pattern.finditer(passage.text):
        yield Finding("phrase", *match.span(), reason=reason)


def _told(pattern: re.Pattern[str], passage: Passage, reason: str) -> Iterator[Finding]:
    """Yield what is told to be done, not what is told to be left."""
    for found in _said(pattern, passage, reason):
        if not is_negated(passage, found.start):
            yield found


def _grades(passage: Passage, scenario: Scenario | None) -> Iterator[Finding]:
    known = f"the grade is {scenario.grade}" if scenario else "there is no plan to grade"
    for match in _GRADE.finditer(passage.text):
        said = next(filter(None, match.groups()))
        grade = "A+" if said.lower().endswith("plus") else said
        if scenario is None or grade != scenario.grade:
            yield Finding("phrase", *match.span(), reason=f"{known}, not {grade}")
