"""What a text may call a fact by: "the 50-day average", "its signal", "the stop"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from core.analysis.claims.fact_index import MAIN, FactIndex
from core.analysis.claims.phrases import find_phrases
from core.analysis.numbers_in_text import LOWER

_END = r"(?![\w%]|[.,][0-9])"
_AVERAGE = r"(?:\s(?:simple|exponential))?(?:\s(?:moving\s)?averages?|\sline|\s[ESM]?MA)"


@dataclass(frozen=True)
class Name:
    """A name in a text. keys: facts' names, the first known one counts.

    binds: what makes a number its value: a `tight` name may stand right before it; a `loose` one
        and a `symbol` need an "at" or an "is" between, and have it outside of plans only.
    """

    start: int
    end: int
    text: str
    keys: tuple[str, ...]
    owner: str
    binds: Literal["tight", "loose", "symbol"]


def _average(kind: str, days: int, tail: str = "?") -> str:
    return (
        rf"{kind}[\s-]?\(?{days}\)?{_END}|{days}[\s-](?:(?:day|period|bar)[\s-])?{kind}\b"
        rf"|{days}-day(?:{_AVERAGE}){tail}"
    )


_TIGHT: tuple[tuple[str, tuple[str, ...]], ...] = (
    (_average("EMA", 8), ("ema8",)),
    (_average("EMA", 21), ("ema21",)),
    (_average("SMA", 50), ("sma50",)),
    (_average("SMA", 200), ("sma200",)),
    (_average("SMA", 20, ""), ("bollinger_middle",)),
    (r"upper\s(?:Bollinger\s)?band", ("bollinger_upper",)),
    (r"middle\s(?:Bollinger\s)?band", ("bollinger_middle",)),
    (r"lower\s(?:Bollinger\s)?band", ("bollinger_lower",)),
    (r"first\sresistance\sof\sthe\spivot|R1", ("r1",)),
    (r"first\ssupport\sof\sthe\spivot|S1", ("s1",)),
    (r"R2", ("r2",)),
    (r"S2", ("s2",)),
    (r"pivot(?:\spoint)?", ("pivot",)),
    (r"pre-?market\sVWAP", ("premarket_vwap",)),
    (r"VWAP", ("vwap",)),
    (r"(?:MACD(?:'s)?|its|the)\ssignal(?:\sline)?|signal\sline", ("macd_signal",)),
    (r"(?:MACD(?:'s)?\s)?histogram", ("macd_histogram",)),
    (r"MACD(?:\s?\(12,\s?26,\s?9\))?(?:\sline)?", ("macd",)),
    (rf"RSI(?:[\s-]?\(?14\)?{_END})?", ("rsi14",)),
    (r"(?:its|the)\smean|ATR\smean", ("atr14_mean",)),
    (rf"ATR(?:[\s-]?\(?14\)?{_END})?|average\strue\srange", ("atr14",)),
    (rf"ADX(?:[\s-]?\(?14\)?{_END})?", ("adx14",)),
    (r"relative\svolume", ("session_relative_volume", "relative_volume")),
    (r"VIX", ("vix",)),
    (r"(?:previous|prior|yesterday's)\sclose", ("previous_close",)),
    (r"(?:(?:previous|prior)(?:[\s-]day(?:'s)?)?|yesterday's|last)\shigh", ("previous_high",)),
    (r"(?:(?:previous|prior)(?:[\s-]day(?:'s)?)?|yesterday's|last)\slow", ("previous_low",)),
    (r"pre-?market\shigh", ("premarket_high",)),
    (r"pre-?market\slow", ("premarket_low",)),
    (r"opening\srange\shigh", ("opening_range_high",)),
    (r"opening\srange\slow", ("opening_range_low",)),
    (r"(?:session|today|day)(?:'s)?\sopen|opening\sprice", ("session_open",)),
    (r"(?:session|today|day)(?:'s)?\shigh", ("session_high",)),
    (r"(?:session|today|day)(?:'s)?\slow", ("session_low",)),
    (r"stop(?:[\s-]loss)?|(?:line\sof\s)?invalidation(?:\slevel)?", ("stop",)),
    (r"first\starget|target\s(?:1|one)\b|T1", ("targets.1.price",)),
    (r"second\starget|target\s(?:2|two)\b|T2", ("targets.2.price",)),
    (r"third\starget|target\s(?:3|three)\b|T3", ("targets.3.price",)),
    (r"targets?", ("targets",)),
    (r"entry\szone|buy\szone|zone|(?:worst\s)?entry(?:\sedge)?", ("zone", "trigger.price")),
)
_LOOSE: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"(?:(?:last|current|latest)\s)?prices?|(?:last|latest)\sclose|last(?=:)|shares", ("last",)),
    (r"(?:the\s)?stock|trades|trading", ("last",)),
    (r"(?:last\s)?closed|settled", ("last", "previous_close")),
    (r"trigger(?:\s(?:price|level))?", ("trigger.price",)),
    (r"(?:the\s)?(?:market\s)?trend", ("trend",)),
    (r"(?:the\s)?momentum", ("momentum",)),
    (r"gap", ("gap_fraction",)),
    (r"it", ("last",)),
)
_LEAD = r"(?:the\s)?(?:market\s)?lead"
_KEYS = tuple(keys for _, keys in (*_TIGHT, *_LOOSE))
_PATTERN = re.compile(
    r"\b(?:"
    + "|".join(
        f"(?P<n{place}>{words.lower()})" for place, (words, _) in enumerate((*_TIGHT, *_LOOSE))
    )
    + rf"|(?P<lead>{_LEAD}))(?!\w)"
)
_SENTENCE_END = re.compile(r"[.!?]\s|[;\n]")


def find_names(text: str, index: FactIndex) -> list[Name]:
    """Return the names of facts and of symbols in a text, each with whom it is of."""
    found = sorted((*_symbols(text, index), *_words(text, index)), key=lambda name: name.start)
    return list(_with_owners(text, found))


def _words(text: str, index: FactIndex) -> Iterator[Name]:
    for match in _PATTERN.finditer(text.translate(LOWER)):
        start, end = match.span()
        if match["lead"]:
            yield Name(start, end, text[start:end], ("last",), _first_lead(index), "symbol")
        else:
            place = int((match.lastgroup or "n0")[1:])
            binds: Literal["tight", "loose"] = "tight" if place < len(_TIGHT) else "loose"
            yield Name(start, end, text[start:end], _KEYS[place], MAIN, binds)


def _first_lead(index: FactIndex) -> str:
    return next((owner for owner in index.owners.values() if owner), "no lead")


def _symbols(text: str, index: FactIndex) -> Iterator[Name]:
    for start, end, symbol in find_phrases(text, index.owners):
        yield Name(start, end, symbol, ("last",), index.owners[symbol], "symbol")


def _with_owners(text: str, names: list[Name]) -> Iterator[Name]:
    """Let what follows a symbol in its sentence be of that symbol."""
    owner, last_end = MAIN, 0
    for name in names:
        if _SENTENCE_END.search(text, last_end, name.start):
            owner = MAIN
        owner = name.owner if name.binds == "symbol" else owner
        last_end = name.end
        yield name if name.owner == owner else replace(name, owner=owner)
