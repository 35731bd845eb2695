"""Claims that compare: each is verified by value, or is a plan, or is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.analysis.claims.comparators import Comparator, find_comparators
from core.analysis.claims.fact_index import MAIN
from core.analysis.claims.operands import Operand, operands
from core.analysis.claims.passage import Finding, Passage
from core.analysis.claims.plans import is_plan
from core.analysis.claims.relations import (
    UNKNOWN,
    Verdict,
    curls,
    moved,
    reasons,
    stretched,
    verify,
    votes,
)

_I = re.IGNORECASE
_VERBS = (
    r"is|are|isn't|aren't|not|stands?|sits?|holds?|held|remains?|stays?|trades?|traded|trading"
    r"|closed|closes|settled|finished|ended|moves|reads|has|histogram"
)
_LEFT_GAP = re.compile(
    rf"(?:[\s,]|\([^()]*\)|\b(?:{_VERBS}|now|currently|still|also|well|just|slightly|both|all|on|the"
    r"|which|and|last|far|today)\b)*",
    _I,
)
_RIGHT_GAP = re.compile(r"\s*(?:(?:its|the|their|both|of|that|price|level|at|a)\s+)*", _I)
_AND_GAP = re.compile(
    r"\s*(?:,|\band\b|\bor\b|\bas well as\b)(?:\s|,|\b(?:and|or|also|its|the|both|at|of)\b)*", _I
)
_ELLIPSIS = re.compile(r"[\s,]*\b(?:and|or|but|yet)\b[\s,]*(?:is|are|also|still|now)?\s*", _I)
_NEW_SUBJECT = re.compile(
    r"\s*(?:\([^()]*\)\s*)?(?:[<>\u2264\u2265]|(?:is|are|was|were|reads|stands|sits|remains|has|have"
    r"|holds|stays|trades|points?|rose|fell|above|below|near|over|under)\b)",
    _I,
)
_PLURAL = re.compile(r"\b(?:are|aren't|both|all|stand|sit|hold|remain|stay|trade)\b", _I)
_NOT = re.compile(r"\b(?:not|\w+n't)\b", _I)
_DENIAL = re.compile(
    r"\b(?:not|\w+n't|cannot|never|no longer|neither|nor|hardly|scarcely|barely|without"
    r"|fail(?:s|ed)?|far from|nowhere)\b",
    _I,
)


@dataclass(frozen=True)
class Sides:
    """What a comparing word stands between; `is_plan` as the words before it."""

    lefts: tuple[Operand, ...]
    rights: tuple[Operand, ...]
    is_plan: bool
    gap: str

    def end(self, comparator: Comparator) -> int:
        return self.rights[-1].end if self.rights else comparator.end


def comparisons(passage: Passage) -> Iterator[Finding]:
    """Yield the comparisons of a text; those of plans and conditions are of the kind `plan`."""
    found = operands(passage)
    before: tuple[Sides, int] | None = None
    for comparator in find_comparators(passage):
        sides = _sides(comparator, passage, found, before)
        if comparator.is_soft and not sides.rights:
            continue
        before = sides, sides.end(comparator)
        yield _finding(comparator, sides, passage)


def _finding(comparator: Comparator, sides: Sides, passage: Passage) -> Finding:
    span = comparator.start, comparator.end
    # a limit without a subject says no more than its number does
    is_limit = comparator.relation in {"at_least", "at_most"} and not sides.lefts
    if sides.is_plan or is_limit:
        ids = (i for side in (*sides.lefts, *sides.rights) for i in side.fact_ids)
        return Finding("plan", *span, tuple(dict.fromkeys(ids)))
    holds, ids = _verdict(comparator, sides, passage)
    if holds is not None and _NOT.search(sides.gap):
        holds = not holds
    if holds:
        return Finding("comparison", *span, ids)
    return Finding("comparison", *span, reason=_reason(comparator, sides, is_known=holds is False))


def _reason(comparator: Comparator, sides: Sides, *, is_known: bool) -> str:
    compared = " and ".join(str(side) for side in (*sides.lefts, *sides.rights))
    if is_known:
        return f"{comparator.text!r} is not true of {compared or 'what is known'}"
    if compared:
        return f"no fact tells whether {comparator.text!r} is true of {compared}"
    return f"no fact tells what {comparator.text!r} speaks of"


def _verdict(comparator: Comparator, sides: Sides, passage: Passage) -> Verdict:
    relation, index = comparator.relation, passage.index
    clause = passage.text[passage.clause(comparator.start)[0] : comparator.start]
    if _DENIAL.search(clause.removesuffix(sides.gap)):
        return UNKNOWN
    owner = sides.lefts[0].owner if sides.lefts else MAIN
    if relation == "more_reasons":
        return reasons(comparator.text, index)
    if relation in {"overbought", "oversold"}:
        return stretched(relation, owner, index)
    return _of_sides(relation, sides, passage)


def _of_sides(relation: str, sides: Sides, passage: Passage) -> Verdict:
    index, lefts = passage.index, sides.lefts
    if not lefts:
        return UNKNOWN
    if relation.startswith("points_"):
        return votes(relation, lefts, index)
    if relation.startswith("curls_"):
        is_macd = set(lefts[0].keys) & {"macd", "macd_histogram"}
        return curls(relation, index) if is_macd else UNKNOWN
    if relation.startswith("moved_"):
        return moved(relation, lefts[0].owner, index) if "last" in lefts[0].keys else UNKNOWN
    if not sides.rights:
        return UNKNOWN
    verdicts = [verify(relation, left, sides.rights, index) for left in lefts]
    wrong = next((verdict for verdict in verdicts if not verdict[0]), None)
    return wrong or (True, tuple(dict.fromkeys(i for _, ids in verdicts for i in ids)))


def _sides(
    comparator: Comparator,
    passage: Passage,
    found: Sequence[Operand],
    before: tuple[Sides, int] | None,
) -> Sides:
    rights = tuple(_rights(comparator, passage.text, found))
    if before and _ELLIPSIS.fullmatch(passage.text, before[1], comparator.start):
        return Sides(before[0].lefts, rights, before[0].is_plan, "")
    lefts = tuple(_lefts(comparator, passage.text, found))
    gap = passage.text[lefts[0].end : comparator.start] if lefts else ""
    return Sides(lefts, rights, is_plan(passage, comparator.start, comparator.end), gap)


def _rights(comparator: Comparator, text: str, found: Sequence[Operand]) -> Iterator[Operand]:
    """Yield what follows the word: one operand, and those listed behind it."""
    first: Operand | None = None
    place, gap = comparator.end, _RIGHT_GAP
    for operand in (operand for operand in found if operand.start >= comparator.end):
        if not gap.fullmatch(text, place, operand.start):
            return
        if first and (not _is_alike(first, operand) or _NEW_SUBJECT.match(text, operand.end)):
            return
        yield operand
        first, place, gap = first or operand, operand.end, _AND_GAP


def _is_alike(one: Operand, other: Operand) -> bool:
    """Tell whether two operands may stand in one list: both named, or both numbers of one unit."""
    return bool(one.keys) == bool(other.keys) and (bool(one.keys) or one.unit == other.unit)


def _lefts(comparator: Comparator, text: str, found: Sequence[Operand]) -> Iterator[Operand]:
    """Yield what stands before the word: the nearest operand, and others that share its verb."""
    place, gap = comparator.start, _LEFT_GAP
    for operand in reversed([operand for operand in found if operand.end <= comparator.start]):
        if not gap.fullmatch(text, operand.end, place):
            return
        yield operand
        if gap is _LEFT_GAP and not _shares_verb(comparator, text[operand.end : place]):
            return
        place, gap = operand.start, _AND_GAP


def _shares_verb(comparator: Comparator, gap: str) -> bool:
    return bool(_PLURAL.search(gap)) or comparator.text.lower().startswith("point ")
