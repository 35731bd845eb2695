"""The words that compare, and what each of them says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from core.analysis.claims.passage import Passage
from core.analysis.numbers_in_text import LOWER

_UNIT = r"(?:day|week|month|quarter|year|session|decade)"
_HISTORY = (
    r"(?:high|low|strong|weak|larg|bigg|small|steep|sharp|long|fast|quick)est",
    r"(?:best|worst)\s(?:\w+\s){0,2}(?:since|in|of|ever)",
    rf"record\s(?:high|low|close|run|gain|loss|{_UNIT}|revenue|sales|earnings|profit|volume|level)s?",
    r"(?:new|fresh)\s(?:[\w-]+\s)?(?:high|low)s?",
    rf"all-time|multi-{_UNIT}|[\w-]+-{_UNIT}\s(?:high|low)s?",
    rf"in\sa\srow|streak|(?:straight|consecutive|successive)\s{_UNIT}s?",
    r"for\sthe\s(?:first|second|third|last)\stime",
    r"since\s(?:the|last|early|late|mid|at\sleast|yesterday|inception|[0-9]+)\w*",
    r"since\s(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\w*|since\s\w+day",
    r"re(?:claim|gain)(?:s|ed|ing)|(?:out|under)perform\w*",
    r"los(?:t|es|ing)\s(?:its|the)\s(?:[\w-]+\s){0,2}(?:averages?|[es]ma|vwap|line|level|support)",
    r"(?:beats?|miss(?:es|ed)?|tops|topped)\s(?:\w+\s){0,2}(?:estimates|expectations|forecasts)",
)
# a number that follows is held against the change itself
_MOVED = (
    r"(?!\s(?:than|to)\b)"
    r"(?!(?:\s(?:by|of|about|around|some|nearly|almost|roughly|another|a))*\s?[-+\u2212]?\$?[0-9])"
)
_STAND = (
    r"(?:is|are|was|were|trades|traded|closed|finished|ended|opened)"
    r"(?:\s(?:the|its)\s(?:day|week|session))?"
)
_UP = (
    r"(?:rose|rises|risen|rising|gained|climb(?:s|ed|ing)|jump(?:s|ed)|surg(?:es|ed|ing)|rallied"
    rf"|soar(?:s|ed|ing)|gapped\sup|{_STAND}\s(?:up|higher))\b"
)
_DOWN = (
    r"(?:fell|falls|fallen|falling|drop(?:s|ped|ping)|declin(?:es|ed|ing)|slid|slipped|sank"
    rf"|plung(?:es|ed|ing)|tumbl(?:es|ed|ing)|slump(?:s|ed)|gapped\sdown|{_STAND}\s(?:down|lower))\b"
)
_HARD = (
    ("more_reasons", r"more\sreasons\spoint\s(?:up|down)\sthan\s(?:up|down)"),
    ("history", "|".join(_HISTORY)),
    ("above", r"above(?!\sall[,.])|exceed(?:s|ed|ing)?|surpass(?:es|ed)?"),
    ("above", r"(?:more|greater|higher|larger|bigger)\sthan|in\sexcess\sof|north\sof"),
    ("below", r"below|beneath|underneath|(?:less|fewer|lower|smaller)\sthan|south\sof"),
    ("level", r"level\swith|equal\sto|in\sline\swith|on\spar\swith|the\ssame\sas"),
    ("between", r"between"),
    ("overbought", r"overbought"),
    ("oversold", r"oversold"),
    ("points_up", r"points?\sup"),
    ("points_down", r"points?\sdown"),
    ("points_nowhere", r"points?\snowhere"),
    ("curls_up", r"curl(?:s|ed|ing)?\sup"),
    ("curls_down", r"curl(?:s|ed|ing)?\sdown"),
    ("moved_up", _UP + _MOVED),
    ("moved_down", _DOWN + _MOVED),
)
# these compare only where something known follows: "over" the weekend is no comparison
_SOFT = (
    ("at_least", r"at\sleast|no\s(?:less|fewer)\sthan"),
    ("at_most", r"at\smost|no\smore\sthan"),
    ("limit", r"up\sto"),
    ("above", r"over|beyond|past"),
    ("below", r"under|short\sof"),
    ("near", r"near|close\sto"),
    ("inside", r"inside|within"),
    ("outside", r"outside"),
)
_REST = (("unknown", r"as\s(?:high|low|much|many|strong|weak)\sas|(?<!rather\s)(?<!other\s)than"),)
_RELATIONS = (*_SOFT, *_HARD, *_REST)
_SIGNS = {">": "above", "\u2265": "at_least", "<": "below", "\u2264": "at_most"}
_PATTERN = re.compile(
    r"\b(?:"
    + "|".join(f"(?P<n{place}>{words})" for place, (_, words) in enumerate(_RELATIONS))
    + rf")(?!\w)|(?P<sign>[{''.join(_SIGNS)}]=?)"
)


@dataclass(frozen=True)
class Comparator:
    start: int
    end: int
    text: str
    relation: str
    is_soft: bool


def find_comparators(passage: Passage) -> Iterator[Comparator]:
    """Yield the comparing words of a text but for those within an allowed phrase or a quote."""
    said = (*passage.allowed, *((start, end) for start, end, _ in passage.quotes))
    for match in _PATTERN.finditer(passage.text.translate(LOWER)):
        start, end = match.span()
        words = passage.text[start:end]
        if any(first <= start and end <= last for first, last in said):
            continue
        if match["sign"]:
            yield Comparator(start, end, words, _SIGNS[words[0]], is_soft=False)
        else:
            place = int((match.lastgroup or "n0")[1:])
            is_soft = place < len(_SOFT)
            yield Comparator(start, end, words, _RELATIONS[place][0], is_soft)
