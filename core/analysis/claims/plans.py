"""Tells plans and conditions from statements: "if price breaks below", "a close above would"."""

from __future__ import annotations

import re

from core.analysis.claims.passage import Passage

_I = re.IGNORECASE
_STATED = r"(?:is|are|was|were|has|have|had|been|trades|sits|stands|remains|stays|reads)"
_PAST = re.compile(
    r"\b(?:was|were|had|been|closed|traded|broke|fell|rose|held|stayed|opened|finished|ended"
    r"|dropped|climbed|crossed|moved|gained|lost)\b",
    _I,
)
_CONDITION = re.compile(
    r"\b(?:if(?! anything)|once|when(?:ever)?|unless|until|till|whether|in case|provided"
    r"|as long as|as soon as|wait(?:s|ing)? for|watch(?:es|ing)? for|look(?:s|ing)? for"
    r"|needs?|requires?|on an?y?)\b",
    _I,
)
_MODAL = r"(?:would|could|may|might|will|shall|should|must|can|cannot|won't|\w+'d|\w+'ll)"
_FUTURE = re.compile(rf"\b{_MODAL}(?:\s+(?!{_STATED}\b)[\w$.%-]+){{0,4}}\s*$", _I)
_ORDER = re.compile(
    r"\b(?:buy|sell|short|enter|exit|stop|entry|targets?|trigger|invalidation|out)\b"
    rf"(?:\s+(?!{_STATED}\b)[\w$.,%()-]+){{0,8}}\s*$",
    _I,
)
_CALL = re.compile(
    r"[\s_#>\u2022-]*(?:and\s|then\s|or\s)?(?:wait|watch|hold|keep|cancel|move|place|set|stay|avoid"
    r"|let|look|stand|add|trim|take|cover|raise|tighten|scale|go|do)\b"
    rf"(?:\s+(?!{_STATED}\b)\S+){{0,8}}\s*$",
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
    r"[\s\u2022-]*(?:trigger|entry|stop|targets?|exit|invalidation|objective|option|plan)\b"
    r"[^:.\n]{0,40}:\s",
    _I,
)


def is_plan(passage: Passage, start: int, end: int) -> bool:
    """Tell whether what stands at this place is said of what may come, not of what is or was."""
    clause, sentence_end = passage.clause(start)[0], passage.sentence(start)[1]
    before = passage.text[clause:start]
    if _PAST.search(before):
        return False
    if any(form.search(before) for form in (_CONDITION, _FUTURE, _ORDER)) or _CALL.match(before):
        return True
    if _LABEL.match(passage.text, passage.sentence(start)[0], start):
        return True
    return bool(_EVENT.search(before) and _OUTCOME.search(passage.text, end, sentence_end))
