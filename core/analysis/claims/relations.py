"""Whether a relation between operands holds, by what is known of both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from core.analysis.claims.fact_index import MAIN, FactIndex
from core.analysis.claims.operands import ANY, Operand
from core.analysis.signals import macd_curl
from core.domain.market import OVERBOUGHT, OVERSOLD

NEAR = Decimal("0.02")
LEVEL = Decimal("0.001")
SIDES = {"above", "below", "level"}
VOTES = {"trend": ("sma50", "sma200"), "momentum": ("macd", "macd_signal")}
Verdict = tuple[bool | None, tuple[str, ...]]
UNKNOWN: Verdict = (None, ())


def _is_close(left: Operand, right: Operand, fraction: Decimal) -> bool:
    limit = fraction * max(abs(left.low), abs(right.low))
    return right.low - limit <= left.low and left.high <= right.high + limit


_TESTS: dict[str, Callable[[Operand, Operand], bool]] = {
    "above": lambda left, right: left.low > right.high,
    "below": lambda left, right: left.high < right.low,
    "at_least": lambda left, right: left.low >= right.high,
    "at_most": lambda left, right: left.high <= right.low,
    "level": lambda left, right: _is_close(left, right, LEVEL),
    "near": lambda left, right: _is_close(left, right, NEAR),
    "inside": lambda left, right: right.low <= left.low and left.high <= right.high,
    "outside": lambda left, right: left.high < right.low or left.low > right.high,
}


def verify(relation: str, left: Operand, rights: Sequence[Operand], index: FactIndex) -> Verdict:
    """Return whether `left` stands so to all of `rights`, None if unknown, and the facts used."""
    if not rights:
        return UNKNOWN
    if relation == "between":
        return _between(left, rights, index)
    verdicts = [_compare(relation, left, right, index) for right in rights]
    ids = tuple(dict.fromkeys(i for _, found in verdicts for i in found))
    if any(holds is False for holds, _ in verdicts):
        return False, ids
    return (None if any(holds is None for holds, _ in verdicts) else True), ids


def _compare(relation: str, left: Operand, right: Operand, index: FactIndex) -> Verdict:
    state = _state(left, right, index)
    if state and relation in SIDES:
        return state[0] == relation, (state[1],)
    if relation not in _TESTS or not left.values or not right.values:
        return UNKNOWN
    if left.unit != right.unit and ANY not in {left.unit, right.unit}:
        return UNKNOWN
    return _TESTS[relation](left, right), (*left.fact_ids, *right.fact_ids)


def _state(left: Operand, right: Operand, index: FactIndex) -> tuple[str, str] | None:
    """Return what is known of a lead's place without a number: above or below its average."""
    if left.owner == MAIN or not right.keys or right.owner != left.owner:
        return None
    return index.states.get((left.owner, f"above_{right.keys[0]}"))


def _between(left: Operand, rights: Sequence[Operand], index: FactIndex) -> Verdict:
    if len(rights) < 2:
        return UNKNOWN
    first, second = rights[:2]
    states = [_state(left, right, index) for right in (first, second)]
    if states[0] and states[1]:
        return states[0][0] != states[1][0], (states[0][1], states[1][1])
    merged = Operand(
        first.start, second.end, f"{first.label} and {second.label}", first.unit or second.unit,
        (*first.values, *second.values), (*first.fact_ids, *second.fact_ids),
    )  # fmt: skip
    return _compare("inside", left, merged, index) if first.values and second.values else UNKNOWN


def votes(relation: str, lefts: Sequence[Operand], index: FactIndex) -> Verdict:
    """Return whether trend, momentum or a lead point the way that is said."""
    wanted = {"points_up": 1, "points_down": -1, "points_nowhere": 0}[relation]
    found = [_vote(left, index) for left in lefts]
    if not found or any(vote is None for vote, _ in found):
        return UNKNOWN
    return all(vote == wanted for vote, _ in found), tuple(i for _, ids in found for i in ids)


def _vote(left: Operand, index: FactIndex) -> tuple[int | None, tuple[str, ...]]:
    pair = VOTES.get(left.keys[0] if left.keys else "")
    if pair is None:
        return _vote_of_lead(left.owner, index)
    sides = [index.named(MAIN, [key]) for key in pair]
    if not all(sides):
        return None, ()
    one, other = (side[0] for side in sides)
    return (one.value > other.value) - (one.value < other.value), (one.fact_id, other.fact_id)


def _vote_of_lead(owner: str, index: FactIndex) -> tuple[int | None, tuple[str, ...]]:
    """A lead points up or down where it stands on one side of two averages, else nowhere."""
    beside = "above_vwap" if (owner, "above_vwap") in index.states else "above_sma50"
    states = [index.states.get((owner, key)) for key in ("above_ema21", beside)]
    known = [state for state in states if state]
    if len(known) < 2:
        return None, ()
    words = {word for word, _ in known}
    way = 1 if words == {"above"} else -1 if words == {"below"} else 0
    return way, tuple(fact_id for _, fact_id in known)


def stretched(relation: str, owner: str, index: FactIndex) -> Verdict:
    """Return whether RSI is overbought or oversold."""
    known = index.named(owner, ["rsi14"])
    if not known:
        return UNKNOWN
    holds = known[0].value >= OVERBOUGHT if relation == "overbought" else known[0].value <= OVERSOLD
    return holds, (known[0].fact_id,)


def moved(relation: str, left: Operand, index: FactIndex) -> Verdict:
    """Return whether a price moved the way that is said against the close before, or a trend is."""
    if left.keys and left.keys[0] in VOTES:
        return votes(relation.replace("moved_", "points_"), [left], index)
    known = index.named(left.owner, ["change_fraction"])
    if not known or "last" not in left.keys:
        return UNKNOWN
    value = known[0].value
    return (value > 0 if relation == "moved_up" else value < 0), (known[0].fact_id,)


def curls(relation: str, index: FactIndex) -> Verdict:
    """Return whether the MACD histogram turns towards zero the way that is said."""
    known = [index.named(MAIN, [f"macd_histogram.{place}"]) for place in range(3)]
    if not all(known):
        return UNKNOWN
    first, second, third = (float(numbers[0].value) for numbers in known)
    turn = macd_curl((first, second, third))
    return turn == relation.removeprefix("curls_"), tuple(n[0].fact_id for n in known)


def reasons(words: str, index: FactIndex) -> Verdict:
    """Return whether more reasons point the way that is said first."""
    ways = [word for word in words.lower().split() if word in {"up", "down"}]
    sides = [index.named(MAIN, [f"insight.reasons_{way}"]) for way in ways]
    if not all(sides):
        return UNKNOWN
    return sides[0][0].value > sides[1][0].value, (sides[0][0].fact_id, sides[1][0].fact_id)
