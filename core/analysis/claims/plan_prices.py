"""Holds the prices of a prose against what the plan does there: enter, stop, take profit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal

from core.analysis.claims.passage import Finding, Passage
from core.analysis.numbers_in_text import Reading
from core.domain.scenarios import Scenario, Side

Edges = tuple[float, float]
_I = re.IGNORECASE
_NEGATED = re.compile(
    r"\b(?:not|\w+n't|never|no|nothing|without|avoid|instead of|rather than|before|after)"
    r"(?:\s+(?:to|any|an?|the))?\s*$",
    _I,
)
_NEGATION = 24
_ENTER = (
    r"\b(?:enter|entering|entry|entries|go(?:ing)?\s+(?:long|short)|get\s+in|accumulate"
    r"|add(?=\s+(?:at|near|above|below|between)\b)"
)
_ENTRY = {
    Side.LONG: re.compile(rf"{_ENTER}|buy|buying)\b", _I),
    Side.SHORT: re.compile(rf"{_ENTER}|sell|selling|sell(?:ing)?\s+short|shorting)\b", _I),
}
_CLOSING = {
    Side.LONG: re.compile(r"\bsell(?:ing)?\b", _I),
    Side.SHORT: re.compile(r"\b(?:cover|buy\s+to\s+cover|buy\s+back)\b", _I),
}
_TARGET = re.compile(r"\b(?:targets?|take\s+profits?|objective|trim|scale\s+out)\b", _I)
_STOP = re.compile(
    r"\bstops?\b|\bstopped\s+out\b|\bexit\b|\bget\s+out\b|\bbail\b|\bcut\s+(?:it|the|losses)\b"
    r"|(?<!break )(?<!breaks )(?<!broke )(?<!broken )(?<!breaking )(?<!play )(?<!plays )"
    r"\bout(?=\s+(?:at|below|under|above|over|near|around|if|once|when|by|on)\b)",
    _I,
)
_BEFORE_PRICE = re.compile(r"\s*,?\s*(?:then\s+)?(?:buy|enter|go\s+long|go\s+short|get\s+in)\b", _I)
_INDEX = re.compile(r"\b(?:RSI|MACD|ATR|ADX|VIX|volume)\b[\w\s()]{0,12}$")
_AT = re.compile(
    r"(?:\b(?:at|near|around|between|to|from|of|below|above|under|over|and)\s+|@\s*)$", _I
)


def prices(passage: Passage, scenario: Scenario) -> Iterator[Finding]:
    """Hold each price against what the words nearest before it say to do there."""
    acts = _acts(scenario)
    for reading in passage.readings:
        if not _is_price(passage, reading, scenario):
            continue
        allowed = acts.get(_act(passage, reading, acts))
        if allowed is not None and not any(_is_within(reading, *edges) for edges in allowed):
            reason = f"the plan does not act so at {reading.text.strip()}"
            yield Finding("phrase", reading.start, reading.end, reason=reason)


def _acts(scenario: Scenario) -> dict[re.Pattern[str] | None, list[Edges]]:
    """Return where each act of a plan may be: bounds that are one price or the entry zone."""
    side, trigger = scenario.side, scenario.trigger.price
    targets = [(target.price, target.price) for target in scenario.targets]
    stops = [(scenario.stop, scenario.stop)]
    if scenario.breakeven_after_target:
        stops.append((scenario.worst_entry, scenario.worst_entry))
    return {
        _ENTRY[side]: [(scenario.entry_low, scenario.entry_high), (trigger, trigger)],
        _CLOSING[side]: [*targets, *stops],
        _STOP: stops,
        _TARGET: targets,
    }


def _act(
    passage: Passage, reading: Reading, acts: Iterable[re.Pattern[str] | None]
) -> re.Pattern[str] | None:
    """Return what is told to be done at a price: the last act named in its sentence before it."""
    patterns = [act for act in acts if act]
    if _BEFORE_PRICE.match(passage.text, reading.end):
        return patterns[0]
    start = passage.sentence(reading.start)[0]
    named = {
        match.end(): act
        for act in patterns
        for match in act.finditer(passage.text, start, reading.start)
        if not is_negated(passage, match.start())
    }
    return named[max(named)] if named else None


def _is_price(passage: Passage, reading: Reading, scenario: Scenario) -> bool:
    """Tell whether a number is an amount of dollars, or reads like a price of this plan."""
    if reading.value is None or reading.unit not in {"usd", "bare"}:
        return False
    if reading.unit == "usd":
        return True
    is_at = _AT.search(passage.text, 0, reading.start)
    is_index = _INDEX.search(passage.text, 0, reading.start)
    looks_so = scenario.entry_low / 2 <= reading.value <= scenario.entry_high * 2
    return looks_so and bool(is_at and not is_index)


def _is_within(reading: Reading, low: float, high: float) -> bool:
    half, value = reading.step / 2, reading.value or Decimal(0)
    return Decimal(str(low)) - half <= value <= Decimal(str(high)) + half


def is_negated(passage: Passage, place: int) -> bool:
    """Tell whether what stands at this place is told to be left."""
    return _NEGATED.search(passage.text, max(0, place - _NEGATION), place) is not None
