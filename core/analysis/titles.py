"""What a headline says, in a form that two wordings of one story share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from urllib.parse import parse_qsl, urlencode, urlsplit

SUFFIX = re.compile(r"\s+[|\u2013\u2014-]\s+([^|\u2013\u2014]{2,40})$")
PUBLISHER = re.compile(r"(?:[A-Z][\w.&']*|of|the|and)(?: (?:[A-Z][\w.&']*|of|the|and)){0,3}")
WORD = re.compile(r"\w*\d[\w.,]*%?|[^\W\d_]+(?:'[^\W\d_]+)?")
PERCENT = re.compile(r"(?<=\d)\s*(?:%|percent\b|per cent\b|pct\b)")
SCALED = re.compile(r"\b(\d[\d,]*(?:\.\d+)?)\s*(trillion|billion|million|tn|bn|mn|[tbm])\b")
SCALES = {"t": 10**12, "b": 10**9, "m": 10**6}

STOP_WORDS = """
a about after ahead all am amid an and are as at be been being but by can could did do does for
from had has have he her here his how if in inc into is it its just may more most of on or our out
over report reports said say says she should so some than that the their them then there these they
this those to too under update us was we were what when which while who why will with would you
your shares share stock stocks corp company co ltd plc news breaking today
"""
# Words that tell the same, by the one that stands for them, and which way they point.
RISING = {
    "rise": "rises rose rising gain gains gained climb climbs climbed jump jumps jumped surge "
    "surges surged soar soars soared rally rallies rallied advance advances advanced up higher "
    "rebound rebounds rebounded skyrockets spikes",
    "beat": "beats top tops topped exceeds exceeded",
    "raise": "raises raised hike hikes hiked lift lifts lifted boost boosts boosted increase "
    "increases increased",
    "upgrade": "upgrades upgraded",
    "buy": "buys bought acquire acquires acquired",
    "approve": "approves approved clears cleared",
    "win": "wins won",
    "expand": "expands expanded",
    "resume": "resumes resumed",
}
FALLING = {
    "fall": "falls fell falling drop drops dropped slide slides slid sink sinks sank slip slips "
    "slipped decline declines declined tumble tumbles tumbled plunge plunges plunged slump slumps "
    "slumped dip dips dipped down lower crash crashes crashed",
    "miss": "misses missed",
    "cut": "cuts slash slashes slashed trim trims trimmed reduce reduces reduced lowers lowered",
    "downgrade": "downgrades downgraded",
    "sell": "sells sold",
    "reject": "rejects rejected blocks blocked",
    "lose": "loses lost",
    "halt": "halts halted suspend suspends suspended",
}
DENYING = {"not": "no never cannot without deny denies denied"}
MEANINGS = {
    word: (meaning, direction)
    for direction, table in (("up", RISING), ("down", FALLING), ("not", DENYING))
    for meaning, words in table.items()
    for word in (meaning, *words.split())
}
SILENT = frozenset(STOP_WORDS.split())
TRACKERS = re.compile(
    r"utm_.*|fbclid|gclid|yclid|mc_[ce]id|guce.*|guccounter|\.?tsrc|cmpid|mod|ncid|soc_src"
)
HOST_PREFIX = re.compile(r"^(?:www|m|amp)\.")


@dataclass(frozen=True)
class Title:
    """The words of a headline without order, its numbers, and the order of its directions."""

    words: frozenset[str]
    numbers: frozenset[str]
    directions: tuple[str, ...]

    def contradicts(self, other: Title) -> bool:
        """Tell whether the two differ in a number or in a direction, as far as both have one."""
        if self.numbers - other.numbers and other.numbers - self.numbers:
            return True
        return any(a != b for a, b in zip(self.directions, other.directions, strict=False))

    def likeness(self, other: Title) -> float:
        """Return the Jaccard index of the words, 0..1."""
        shared = len(self.words & other.words)
        return shared / (len(self.words) + len(other.words) - shared) if shared else 0.0


def read_title(title: str, source: str = "") -> Title:
    """Return what a headline says, without the name of its source at the end."""
    tokens = [_plain(token) for token in WORD.findall(_normal(title, source))]
    told = [token for token in tokens if token not in STOP_WORDS]
    return Title(
        words=frozenset(
            MEANINGS[token][0] if token in MEANINGS else _stem(token) for token in told
        ),
        numbers=frozenset(token for token in told if any(map(str.isdigit, token))),
        directions=tuple(MEANINGS[token][1] for token in told if token in MEANINGS),
    )


def canonical_url(url: str) -> str:
    """Return the address without what only tracks readers; empty where it names no article."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    query = [
        (name, value)
        for name, value in sorted(parse_qsl(parts.query))
        if not TRACKERS.fullmatch(name.lower())
    ]
    path = parts.path.rstrip("/").removesuffix("/amp")
    if parts.scheme not in {"http", "https"} or not (path or query):
        return ""
    host = HOST_PREFIX.sub("", parts.netloc.lower())
    return f"{host}{path}?{urlencode(query)}" if query else f"{host}{path}"


def _normal(title: str, source: str) -> str:
    lower = _without_source(title, source).lower().replace("\u2019", "'")
    return SCALED.sub(_spell_out, PERCENT.sub("%", lower))


def _without_source(title: str, source: str) -> str:
    found = SUFFIX.search(title)
    if not found:
        return title
    name = found[1].strip()
    says_something = any(word in MEANINGS for word in name.lower().split())
    is_source = name.lower() == source.lower() or PUBLISHER.fullmatch(name)
    return title[: found.start()] if is_source and not says_something else title


def _spell_out(found: re.Match[str]) -> str:
    return format(Decimal(found[1].replace(",", "")) * SCALES[found[2][0]], "f")


def _plain(token: str) -> str:
    """Return a word without its possessive, a number in its shortest form."""
    if "n't" in token:
        return "not"
    if not _has_digit(token):
        return token.removesuffix("'s")
    number = token.rstrip(".,").replace(",", "")
    value, percent = number.removesuffix("%"), "%" if number.endswith("%") else ""
    try:
        return format(Decimal(value).normalize(), "f") + percent
    except InvalidOperation:
        return number


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _has_digit(token: str) -> bool:
    return any(map(str.isdigit, token))
