"""Claims that compare: each is verified by value, or is a plan, or is refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.analysis.claims.comparators import Comparator, find_comparators
from core.analysis.claims.fact_index import MAIN, FactIndex
from core.analysis.claims.grammar import (
    AFTER,
    AGAIN,
    BEFORE,
    DENIAL,
    LISTED,
    NEW_SUBJECT,
    NOT,
    PLURAL,
)
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


@dataclass(frozen=True)
class Sides:
    """What a comparing word stands between. begins: where its subject, else the word, stands."""

    lefts: tuple[Operand, ...]
    rights: tuple[Operand, ...]
    begins: int
    is_plan: bool
    is_denied: bool


def comparisons(passage: Passage) -> Iterator[Finding]:
    """Yield the comparisons of a text; those of plans and conditions are of the kind `plan`."""
    found = operands(passage)
    before: tuple[Sides, int] | None = None
    for comparator in find_comparators(passage):
        sides = _sides(comparator, passage, found, before)
        if comparator.is_soft and not sides.rights:
            continue
        before = sides, sides.rights[-1].end if sides.rights else comparator.end
        yield _finding(comparator, sides, passage)


def _finding(comparator: Comparator, sides: Sides, passage: Passage) -> Finding:
    span = comparator.start, comparator.end
    # a limit without a subject says no more than its number does
    is_limit = comparator.relation in {"at_least", "at_most", "limit"} and not sides.lefts
    if sides.is_plan or is_limit:
        named = (i for side in (*sides.lefts, *sides.rights) for i in side.fact_ids)
        return Finding("plan", *span, tuple(dict.fromkeys(named)))
    holds, ids = _verdict(comparator, sides, passage)
    if sides.is_denied:
        # of several it is not clear which are denied
        is_clear = holds is not None and len(sides.rights) < 2 and len(sides.lefts) < 2
        holds = not holds if is_clear else None
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
    if DENIAL.search(passage.text, passage.clause(comparator.start)[0], sides.begins):
        return UNKNOWN
    relation, index = comparator.relation, passage.index
    owner = sides.lefts[0].owner if sides.lefts else MAIN
    if relation == "more_reasons":
        return reasons(comparator.text, index)
    if relation in {"overbought", "oversold"}:
        return stretched(relation, owner, index)
    return _of_lefts(relation, sides, index) if sides.lefts else UNKNOWN


def _of_lefts(relation: str, sides: Sides, index: FactIndex) -> Verdict:
    first = sides.lefts[0]
    if relation.startswith("points_"):
        return votes(relation, sides.lefts, index)
    if relation.startswith("curls_"):
        return curls(relation, index) if first.label.lower().endswith("histogram") else UNKNOWN
    if relation.startswith("moved_"):
        return moved(relation, first, index)
    verdicts = [verify(relation, left, sides.rights, index) for left in sides.lefts]
    wrong = next((verdict for verdict in verdicts if not verdict[0]), None)
    return wrong or (True, tuple(dict.fromkeys(i for _, ids in verdicts for i in ids)))


def _sides(
    comparator: Comparator,
    passage: Passage,
    found: Sequence[Operand],
    before: tuple[Sides, int] | None,
) -> Sides:
    text, start = passage.text, comparator.start
    rights = tuple(_rights(comparator, text, found))
    if before and AGAIN.fullmatch(text, before[1], start):
        first, is_denied = before[0], "nor" in text[before[1] : start].lower()
        return Sides(first.lefts, rights, first.begins, first.is_plan, is_denied)
    lefts = tuple(_lefts(comparator, text, found))
    begins = lefts[-1].start if lefts else start
    is_denied = bool(lefts and NOT.search(text, lefts[0].end, start))
    return Sides(lefts, rights, begins, is_plan(passage, start, comparator.end), is_denied)


def _rights(comparator: Comparator, text: str, found: Sequence[Operand]) -> Iterator[Operand]:
    """Yield what follows the word: one operand, and those listed behind it."""
    first: Operand | None = None
    place, gap = comparator.end, AFTER
    for operand in (operand for operand in found if operand.start >= comparator.end):
        if not gap.fullmatch(text, place, operand.start):
            return
        if first and (not _is_alike(first, operand) or NEW_SUBJECT.match(text, operand.end)):
            return
        yield operand
        first, place, gap = first or operand, operand.end, LISTED


def _is_alike(one: Operand, other: Operand) -> bool:
    """Tell whether two operands may stand in one list: both named, or both numbers of one unit."""
    return bool(one.keys) == bool(other.keys) and (bool(one.keys) or one.unit == other.unit)


def _lefts(comparator: Comparator, text: str, found: Sequence[Operand]) -> Iterator[Operand]:
    """Yield what stands before the word: the nearest operand, and others that share its verb."""
    place, gap = comparator.start, BEFORE
    for operand in reversed([one for one in found if one.end <= comparator.start]):
        if not operand.keys and operand.unit == "fraction":
            continue  # "gained 1.3% and holds above"
        if not gap.fullmatch(text, operand.end, place):
            return
        yield operand
        if gap is BEFORE and not _shares_verb(comparator, text[operand.end : place]):
            return
        place, gap = operand.start, LISTED


def _shares_verb(comparator: Comparator, gap: str) -> bool:
    return bool(PLURAL.search(gap)) or comparator.text.lower().startswith("point ")
