"""The words that compare, and what each of them says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from core.analysis.claims.passage import Passage

_UNIT = r"(?:day|week|month|quarter|year|session|decade)"
_MOVED = (
    r"(?!(?:\s(?:by|of|about|around|some|nearly|almost|roughly|another|a))*\s?[-+\u2212]?\$?[0-9])"
)
_DAYS = "Mon|Tues|Wednes|Thurs|Fri|Satur|Sun"
# `soft` words compare only where something known follows: "over" the weekend is no comparison
_RELATIONS: tuple[tuple[str, str, bool], ...] = (
    ("more_reasons", r"more\sreasons\spoint\s(?:up|down)\sthan\s(?:up|down)", False),
    (
        "history",
        r"(?:high|low|strong|weak|larg|bigg|small|steep|sharp|long|fast|quick)est"
        rf"|(?:best|worst)\s(?:\w+\s){{0,2}}(?:since|in|of|ever)|streak|in\sa\srow|all-time"
        rf"|record\s(?:high|low|close|run|gain|loss|day|{_UNIT}|revenues?|sales|earnings|profits?"
        r"|deliver\w+|volumes?|levels?)s?|(?:new|fresh)\s(?:[\w-]+\s)?(?:high|low)s?"
        rf"|[\w-]+-{_UNIT}\s(?:high|low)s?|multi-{_UNIT}|(?:straight|consecutive|successive)"
        rf"\s{_UNIT}s?|for\sthe\s(?:first|second|third|last)\stime|regain(?:s|ed|ing)?"
        r"|reclaim(?:s|ed|ing)?|(?:out|under)perform\w*"
        r"|(?:beats?|miss(?:es|ed)?|topp?(?:s|ed))\s(?:\w+\s){0,2}(?:estimates|expectations|forecasts"
        r"|consensus)"
        rf"|since\s(?:the|last|early|late|mid|at\sleast|yesterday|inception|(?:{_DAYS})day"
        r"|[0-9]|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\w*",
        False,
    ),
    ("at_least", r"at\sleast|no\s(?:less|fewer)\sthan", True),
    ("at_most", r"at\smost|no\smore\sthan|up\sto", True),
    ("unknown", r"as\s(?:high|low|much|many|strong|weak)\sas", False),
    ("above", r"(?:more|greater|higher|larger|bigger)\sthan", False),
    ("below", r"(?:less|fewer|lower|smaller)\sthan", False),
    ("unknown", r"(?<!\brather\s)(?<!\bother\s)than", False),
    ("above", r"above(?!\sall[,.])|exceed(?:s|ed|ing)?|surpass(?:es|ed)?|in\sexcess\sof|north\sof", False),
    ("below", r"below|beneath|underneath|south\sof", False),
    ("level", r"level\swith|equal\sto|in\sline\swith|on\spar\swith|the\ssame\sas", False),
    ("between", r"between", False),
    ("overbought", r"overbought", False),
    ("oversold", r"oversold", False),
    ("points_up", r"points?\sup", False),
    ("points_down", r"points?\sdown", False),
    ("points_nowhere", r"points?\snowhere", False),
    ("curls_up", r"curl(?:s|ed|ing)?\sup", False),
    ("curls_down", r"curl(?:s|ed|ing)?\sdown", False),
    (
        "moved_up",
        r"(?:rose|rises|risen|rising|gained|climb(?:s|ed|ing)|jump(?:s|ed)|surg(?:es|ed|ing)"
        r"|soar(?:s|ed|ing)|rallied|gapped\sup"
        rf"|(?:is|are|was|were|trades|traded|closed|finished|ended|opened)\s(?:up|higher))\b(?!\s(?:than|to)\b){_MOVED}",
        False,
    ),
    (
        "moved_down",
        r"(?:fell|falls|fallen|falling|drop(?:s|ped|ping)|declin(?:es|ed|ing)|slid|slipped|sank"
        r"|plung(?:es|ed|ing)|tumbl(?:es|ed|ing)|slump(?:s|ed)|gapped\sdown"
        rf"|(?:is|are|was|were|trades|traded|closed|finished|ended|opened)\s(?:down|lower))\b(?!\s(?:than|to)\b){_MOVED}",
        False,
    ),
    ("above", r"over|beyond|past", True),
    ("below", r"under|short\sof", True),
    ("near", r"near|close\sto", True),
    ("inside", r"inside|within", True),
    ("outside", r"outside", True),
)  # fmt: skip
_SIGNS = {">": "above", "\u2265": "above", "<": "below", "\u2264": "below"}
_PATTERN = re.compile(
    r"\b(?:"
    + "|".join(f"(?P<n{place}>{words})" for place, (_, words, _) in enumerate(_RELATIONS))
    + rf")(?!\w)|(?P<sign>[{''.join(_SIGNS)}]=?)",
    re.IGNORECASE,
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
    for match in _PATTERN.finditer(passage.text):
        start, end = match.span()
        if any(first <= start and end <= last for first, last in said):
            continue
        if match["sign"]:
            yield Comparator(start, end, match.group(), _SIGNS[match.group()[0]], is_soft=False)
        else:
            relation, _, is_soft = _RELATIONS[int((match.lastgroup or "n0")[1:])]
            yield Comparator(start, end, match.group(), relation, is_soft)
