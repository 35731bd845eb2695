"""Find every number, date, time and cashtag in a text, with its unit, sign and precision."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Unit = Literal["usd", "percent", "bps", "r", "bare", "compound", "date", "cashtag", "unknown"]

_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    r"|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_DATE = re.compile(
    r"(?<![0-9])[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?Z?)?"
    rf"|\b{_MONTH}\s+[0-9]{{1,2}}(?:st|nd|rd|th)?\b(?:,?\s+[0-9]{{4}}\b)?"
    rf"|\b[0-9]{{1,2}}(?:st|nd|rd|th)?\s+{_MONTH}(?:\s+[0-9]{{4}}\b)?"
)
_CASHTAG = re.compile(r"\$[A-Za-z]{1,6}(?:[.\-][A-Za-z])?\b")
_NAMED: tuple[tuple[re.Pattern[str], Unit], ...] = ((_DATE, "date"), (_CASHTAG, "cashtag"))
_NUMBER = re.compile(
    r"(?P<sign>(?<![\w)\]%\x00])[-+\u2212\u2013])?"
    r"(?P<currency>US\$|USD\s?|[$\u00a2-\u00a5\u20a0-\u20cf])?"
    r"(?P<inner>[-+\u2212\u2013])?"
    # separators between digits belong to the number, so that a wrong one spoils all of it
    r"(?P<body>[0-9](?:[0-9.,:/'\u2019\u00a0\u2009\u202f]*[0-9])?|\.[0-9]+)"
    r"(?P<scale>\s?(?:thousand|million|billion|trillion)\b|[KMBT]n?\b)?"
    r"(?P<unit>\s?%|\s?per\s?cent\b|\s?bps?\b|\s?basis\spoints?\b|\s?R\b"
    r"|\s?(?:USD|dollars?)\b|\s?[x\u00d7](?![a-z])|\s?(?:pp|percentage\spoints?)\b"
    r"|\s?(?:EUR|GBP|JPY|CHF|CAD|AUD|CNY|HKD)\b"
    r"|\s?[\u00a2-\u00a5\u2030\u2031\u20a0-\u20cf]|\s?cents?\b)?"
)
_PLAIN = re.compile(r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)?(?:\.[0-9]+)?")
_SCALES = {"thousand": 3, "k": 3, "million": 6, "m": 6, "mn": 6, "billion": 9, "b": 9, "bn": 9,
           "trillion": 12, "t": 12, "tn": 12}  # fmt: skip
_UNITS: dict[str, Unit] = {
    "": "bare", "%": "percent", "percent": "percent", "bp": "bps", "bps": "bps",
    "basispoint": "bps", "basispoints": "bps", "R": "r", "USD": "usd", "dollar": "usd",
    "dollars": "usd",
}  # fmt: skip


# letters of one case are found several times faster than letters of any case
LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


@dataclass(frozen=True)
class Reading:
    """One statement of a text; `value` is None when it is not a plain number."""

    start: int
    end: int
    text: str
    unit: Unit
    value: Decimal | None = None
    step: Decimal = Decimal(1)
    sign: Literal["", "+", "-"] = ""


def blank(text: str, start: int, end: int, sign: str = "\x00") -> str:
    """Return `text` with a part made unreadable, so that nothing is read twice."""
    return text[:start] + sign * (end - start) + text[end:]


def read_numbers(text: str) -> Iterator[Reading]:
    """Yield the dates, cashtags and numbers of a visible text, in that order."""
    for pattern, unit in _NAMED:
        for match in list(pattern.finditer(text)):
            yield Reading(*match.span(), match.group(), unit)
            text = blank(text, *match.span())
    found = _NUMBER.search(text)
    while found:
        reading = _number(text, found)
        yield reading
        text = blank(text, reading.start, reading.end)
        found = _NUMBER.search(text, reading.end)
    yield from _foreign_digits(text)


def _number(text: str, match: re.Match[str]) -> Reading:
    """Read one match; letters that touch it make it no number of ours."""
    before, after = text[: match.start()][-1:], text[match.end() :][:2]
    is_word = _joins(before) or _joins(after[:1]) or (after[:1] == "-" and after[1:].isupper())
    body, span = match["body"], _word_around(text, match)
    if is_word or not _PLAIN.fullmatch(body):
        return Reading(*span, "unknown")
    unit = _unit(match)
    if unit == "bare" and after[:1] == "-" and after[1:].isalpha():
        unit = "compound"
    else:
        span = (*match.span(), match.group())
    scale = Decimal(10) ** _SCALES.get((match["scale"] or "").strip().lower(), 0)
    digits = body.replace(",", "")
    decimals = len(digits.partition(".")[2])
    sign = _sign(match)
    value = Decimal(digits) * scale * (-1 if sign == "-" else 1)
    step = scale.scaleb(-decimals)
    return Reading(*span, unit, value, step, sign)


def _joins(sign: str) -> bool:
    return sign.isalpha() or sign == "_"


def _word_around(text: str, match: re.Match[str]) -> tuple[int, int, str]:
    """Return the span of the whole word around a match."""
    start, end = match.span()
    while start and (text[start - 1].isalnum() or text[start - 1] == "_"):
        start -= 1
    while end < len(text) and (text[end].isalnum() or text[end] in "_-"):
        end += 1
    return start, end, text[start:end]


def _unit(match: re.Match[str]) -> Unit:
    currency = (match["currency"] or "").strip()
    suffix = "".join((match["unit"] or "").split())
    written = _UNITS.get(suffix, "unknown")
    if not currency:
        return written
    is_dollar = currency in {"$", "US$", "USD"}
    return "usd" if is_dollar and written in {"bare", "usd"} else "unknown"


def _sign(match: re.Match[str]) -> Literal["", "+", "-"]:
    written = (match["sign"] or "") + (match["inner"] or "")
    if not written:
        return ""
    return "+" if written == "+" else "-"


def _foreign_digits(text: str) -> Iterator[Reading]:
    """Yield every sign that means a number and is not an ASCII digit."""
    for place, sign in enumerate(text):
        if not sign.isascii() and unicodedata.numeric(sign, None) is not None:
            yield Reading(place, place + 1, sign, "unknown")
