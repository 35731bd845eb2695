"""The small words that may stand between a subject, what compares it, and what it is held to."""

from __future__ import annotations

import re

_VERBS = (
    r"is|are|isn't|aren't|not|neither|stands?|sits?|holds?|held|remains?|stays?|trades?|traded"
    r"|trading|closed|closes|settled|finished|ended|moves|reads|has|crosses"
)
_FILLERS = (
    r"now|currently|still|also|well|just|slightly|both|all|on|the|which|and|last|far|today"
    r"|histogram|reading|up|down|gained|rose|fell|lost|slipped|added"
)
_LISTS = r",|\band\b|\bor\b|\bas well as\b"

BEFORE = re.compile(
    rf"(?:[\s,]|\([^()]*\)|[-+\u2212]?[0-9.]+%|\b(?:{_VERBS}|{_FILLERS})\b)*", re.IGNORECASE
)
AFTER = re.compile(r"\s*(?:(?:its|the|their|both|of|that|price|level|at|a)\s+)*", re.IGNORECASE)
LISTED = re.compile(
    rf"\s*(?:{_LISTS})(?:\s|{_LISTS}|\b(?:also|its|the|both|at|of)\b)*", re.IGNORECASE
)
# a second comparison of the same subject: ", and below", "nor"
AGAIN = re.compile(
    r"[\s,]*\b(?:and|or|but|yet|nor)\b[\s,]*(?:is|are|also|still|now)?\s*", re.IGNORECASE
)
NEW_SUBJECT = re.compile(
    r"\s*(?:\([^()]*\)\s*)?(?:[<>\u2264\u2265]|(?:is|are|was|were|reads|stands|sits|remains|has|have"
    r"|holds|stays|trades|points?|rose|fell|above|below|near|over|under)\b)",
    re.IGNORECASE,
)
PLURAL = re.compile(r"\b(?:are|aren't|both|all|stand|sit|hold|remain|stay|trade)\b", re.IGNORECASE)
NOT = re.compile(r"\b(?:not|\w+n't|neither)\b", re.IGNORECASE)
DENIAL = re.compile(
    r"\b(?:not|\w+n't|cannot|never|no longer|neither|nor|hardly|scarcely|barely|without"
    r"|fail(?:s|ed)?|far from|nowhere)\b",
    re.IGNORECASE,
)
# what may stand before a change that names no subject: "after a drop of"
NO_SUBJECT = re.compile(
    r"(?:[\s,:;.()_#-]|\b(?:an?|the|after|with|on|and|or|is|was|now|its|for|by|of|today's|this|that"
    r"|from|in|day's|to|closing|at|while|but|then|another|further|sharp|small|modest)\b)*",
    re.IGNORECASE,
)
