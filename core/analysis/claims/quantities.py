"""Claims of numbers, days and cashtags: each is a fact of its unit, name, sign and direction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from core.analysis.claims.fact_index import FactIndex, describe
from core.analysis.claims.grammar import BEFORE, NO_SUBJECT
from core.analysis.claims.passage import Finding, Passage
from core.analysis.claims.plans import is_plan
from core.analysis.claims.written_days import bearing_days
from core.analysis.numbers_in_text import Reading

_CHANGES = ("change_fraction", "gap_fraction", "day_change")
_UP = (
    "rose|risen|gained|climbed|jumped|surged|soared|rallied|advanced|added|grew|up|higher|increased"
    "|rises?|gains?|climbs?|jumps?|surges?|soars|rall(?:y|ies)|advances?|increases?"
)
_DOWN = (
    "fell|fallen|lost|dropped|declined|slid|slipped|sank|plunged|tumbled|slumped|shed|dipped|down"
    "|lower|decreased|falls?|loss|loses?|drops?|declines?|slides?|slips?|sinks?|plunges?|tumbles?"
    "|slumps?|dips?|decreases?|pullback"
)
_WAY = rf"(?:(?P<up>{_UP})|(?P<down>{_DOWN}))"
_BEFORE = re.compile(
    rf"\b{_WAY}(?:\s(?:by|of|about|around|some|nearly|almost|roughly|another|a))*\s?$",
    re.IGNORECASE,
)
_AFTER = re.compile(
    rf"\s?(?:{_WAY}|above|below|over|under|beyond|away|off\s(?:its|the)\s\S*(?:high|low|top|peak))\b",
    re.IGNORECASE,
)
_LOOK_BACK = 40
_MOVING = {"last", "gap_fraction"}
_COUNTED = re.compile(
    r"\s(?:\w+\s)?(?:analysts|headlines|sessions|days|weeks|months|years|quarters|hours|minutes"
    r"|shares|contracts|cars|vehicles|units|people|customers|users|employees|workers|stores"
    r"|orders|deals|jobs|institutions|insiders|funds|votes|sources|reasons|trades|wins|losses)\b",
    re.IGNORECASE,
)


def quantities(passage: Passage) -> Iterator[Finding]:
    """Yield what the text says in numbers, days and cashtags."""
    for reading in passage.readings:
        span = (reading.start, reading.end)
        if reading.unit == "cashtag":
            ids = passage.index.symbol_ids(reading.text[1:])
            reason = "" if ids else f"{reading.text} is neither the subject nor a lead"
            yield Finding("ticker", *span, ids, reason)
        elif reading.unit == "date":
            ids = tuple(bearing_days(reading, passage.index))
            yield Finding("date", *span, ids, "" if ids else f"no fact is the day {reading.text}")
        else:
            yield Finding("number", *span, *_bear(reading, passage))


def _bear(reading: Reading, passage: Passage) -> tuple[tuple[str, ...], str]:
    """Return the facts that bear a number, or why none does."""
    shown = reading.text.strip()
    if reading.value is None:
        return (), f"{shown!r} is no number that a fact could bear"
    way = _way(reading, passage.text)
    ids = passage.index.bearing(_directed(reading, way))
    if not ids:
        return (), _nothing_near(reading, way, passage.index)
    for wanted, reason in _demands(reading, way, passage):
        ids = [fact_id for fact_id in ids if fact_id in wanted]
        if not ids:
            return (), reason
    return tuple(ids), ""


def _demands(reading: Reading, way: str, passage: Passage) -> Iterator[tuple[set[str], str]]:
    """Yield which facts a number may rest on, each with what is wrong if it rests on none."""
    index, shown = passage.index, reading.text.strip()
    if way == "apart":
        yield set(), f"no distance of {shown} is known"
    elif way:
        changes = index.any_named(_owner(reading, passage), _CHANGES)
        is_of_price = _is_of_price(reading, passage)
        yield changes if is_of_price else set(), f"nothing that is known moved by {shown}"
    if reading.unit == "bare" and _COUNTED.match(passage.text, reading.end):
        yield index.counts, f"no count is {shown}"
    name = passage.bound.get(reading.start)
    if name and not (name.binds != "tight" and is_plan(passage, reading.start, reading.end)):
        known = index.named(name.owner, name.keys)
        is_what = f"is {describe(known[0])}, not {shown}" if known else "is not known"
        yield index.any_named(name.owner, name.keys), f"{name.text} {is_what}"


def _way(reading: Reading, text: str) -> str:
    """Return which way a number is said to go: `up`, `down`, `apart` for a distance, or ""."""
    if reading.unit not in {"percent", "usd", "bps", "bare"}:
        return ""
    before = _BEFORE.search(text, max(0, reading.start - _LOOK_BACK), reading.start)
    after = _AFTER.match(text, reading.end) if reading.unit in {"percent", "bps"} else None
    found = before or after
    if not found:
        return ""
    return found.lastgroup or "apart"


def _directed(reading: Reading, way: str) -> Reading:
    """Return the number with the sign that its verb gives it."""
    if way == "up" and not reading.sign:
        return replace(reading, sign="+")
    if way == "down" and not reading.sign and reading.value is not None:
        return replace(reading, sign="-", value=-reading.value)
    is_at_odds = (way, reading.sign) in {("up", "-"), ("down", "+"), ("apart", "-")}
    return replace(reading, value=None) if is_at_odds else reading


def _owner(reading: Reading, passage: Passage) -> str | None:
    """Return whose number this is: of the last symbol before it in its sentence, if any."""
    start = passage.sentence(reading.start)[0]
    before = [name for name in passage.names if start <= name.start < reading.start]
    owners = [name.owner for name in before if name.binds == "symbol"]
    return owners[-1] if owners else None


def _is_of_price(reading: Reading, passage: Passage) -> bool:
    """Tell whether it is a price that moves by this number: "deliveries rose" is of no price."""
    text, clause = passage.text, passage.clause(reading.start)[0]
    verb = _BEFORE.search(text, max(clause, reading.start - _LOOK_BACK), reading.start)
    place = verb.start() if verb else reading.start
    before = [name for name in passage.names if clause <= name.start and name.end <= place]
    if not before:
        return bool(NO_SUBJECT.fullmatch(text, clause, place))
    return before[-1].keys[0] in _MOVING and bool(BEFORE.fullmatch(text, before[-1].end, place))


def _nothing_near(reading: Reading, way: str, index: FactIndex) -> str:
    shown, nearest = f"{reading.text.strip()} {way}".strip(), index.nearest(reading)
    if nearest is None:
        return f"no fact is {shown}"
    return f"no fact is {shown}; the nearest is {nearest.fact_id} at {describe(nearest)}"
