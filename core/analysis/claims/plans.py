"""Tells plans and conditions from statements: "if price breaks below", "a close above would"."""

from __future__ import annotations

import re

from core.analysis.claims.passage import Passage

_I = re.IGNORECASE
_STATED = (
    r"(?:is|are|was|were|has|had|been|trades|sits|stands|remains|stays|reads|because|as|since)"
)
_PAST = re.compile(
    r"\b(?:was|were|had|been|closed|traded|broke|fell|rose|held|stayed|opened|finished|ended"
    r"|dropped|climbed|crossed|moved|gained|lost|took|sent|kept|pushed)\b",
    _I,
)
_MODAL = r"(?:would|could|may|might|will|shall|should|must|can|cannot|won't|\w+'d|\w+'ll)"
# what a condition or a modal verb may say before the comparison: who moves, and how
_WHO = (
    r"an?|the|any|its|it|this|that|prices?|stock|shares|market|lead|tape|candle|bar|buyers|sellers"
    r"|bulls|bears|volume|daily|hourly|first|next|new|clean|decisive|strong|firm|full|session|day"
)
_MOVES = (
    r"close|closes|open|opens|breaks?|breaking|trades?|trading|holds?|holding|stays?|moves?|moving"
    r"|push|pushes|falls?|drops?|slips?|rises?|climbs?|rally|rallies|dips?|bounces?|turns?|gets?"
    r"|goes|go|prints?|pops?|settles?|remains?|fails?|loses?|is|are|be|have|take|takes|need|needs"
    r"|not|does|don't|doesn't|can|to|at|or|and|back|again|well|just|with|on|keep|keeps"
)
_TOKEN = rf"(?:(?i:{_WHO}|{_MOVES})|[A-Z0-9$][\w.$%-]*|\d+-minute|\([^()]*\))"
_CONDITION = re.compile(
    r"\b(?i:if(?! anything)|once(?! again| more)|when(?:ever)?|unless|until|till|whether|in case"
    r"|provided|as long as|as soon as|wait(?:s|ing)? for|watch(?:es|ing)? for|look(?:s|ing)? for"
    rf"|needs?|requires?|on an?y?)\b(?:\s+{_TOKEN}){{0,10}}\s*$"
)
_FUTURE = re.compile(
    rf"\b(?i:{_MODAL})(?:\s+(?!(?i:{_STATED})\b){_TOKEN}|\s+(?i:reach|test|see a)){{0,6}}\s*$"
)
_CALL = re.compile(
    r"(?:[\s#>\u2022-]*(?:and\s|then\s|or\s)?|.*\bto\s)"
    r"(?:buy|sell|short|enter|exit|out|wait|watch|hold|keep|cancel|move|place|set|stay|avoid|let"
    r"|stand|add|trim|take|cover|raise|tighten|scale|no|(?:do\snot|don't|only|look\sfor))\b(?!-)"
    rf"(?:\s+(?!(?:{_STATED}|with|now|mind)\b)\S+){{0,9}}\s*$",
    _I,
)
_EDGE = re.compile(
    r"\b(?:stop(?:[\s-]loss)?|entry|entries|exit|targets?|trigger|invalidation)\b"
    r"(?:\s+(?:at|or|just|well|zone|goes|moves|set|placed|level|price|back|to|up|down|on|a|close"
    r"|[$0-9.,]+)){0,5}\s*$",
    _I,
)
_EVENT = re.compile(
    r"\b(?:an?|any|another|each|every|one|the next)\s+(?:[\w-]+\s+){0,3}"
    r"(?:close|closes|break|breakout|breakdown|move|push|hold|dip|drop|rise|rally|bounce|print|gap"
    r"|open|trade|fall|return|slip|cross|tick|finish)(?:\s+(?:back|at|or))*\s*$",
    _I,
)
_OUTCOME = re.compile(
    rf"\b(?:{_MODAL}|ends|cancels|invalidates|voids|confirms|triggers|opens|calls|turns|changes"
    r"|negates|activates|arms|starts|puts|shifts|flips|(?:is|are) (?:needed|required))\b",
    _I,
)
_LABEL = re.compile(
    r"[\s\u2022-]*(?:trigger|entry|stop|targets?|exit|invalidation)\b[^:.\n]{0,40}:\s",
    _I,
)


def is_plan(passage: Passage, start: int, end: int) -> bool:
    """Tell whether what stands at this place is said of what may come, not of what is or was."""
    clause, (sentence, sentence_end) = passage.clause(start)[0], passage.sentence(start)
    before = passage.text[clause:start]
    if _PAST.search(before):
        return False
    if any(form.search(before) for form in (_CONDITION, _FUTURE, _EDGE)) or _CALL.match(before):
        return True
    if _LABEL.match(passage.text, sentence, start):
        return True
    return bool(_EVENT.search(before) and _OUTCOME.search(passage.text, end, sentence_end))
