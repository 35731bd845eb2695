"""Words and numbers as an operator reads them. Nothing here draws."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
NOTHING = "n/a"  # what is not known is said, never drawn as zero
Amount = Decimal | float | int

_MARKDOWN = re.compile(r"([\\`*_{}\[\]#|<>$~:!])")
_MAIL = re.compile(r"@(?=[\w-]+\.)")
_LINE_START = re.compile(r"^(\s*\d*)([-+.)])(?=\s)", re.MULTILINE)
_DIRECTIVE = re.compile(r":(?=[A-Za-z0-9_+\-/]+[:\[])")
_HEADING = re.compile(r"^#{1,6}\s+(.+)$", re.MULTILINE)


def money(amount: Amount | None, *, signed: bool = False, cents: bool = True) -> str:
    """Return USD: `$1,234.50`, `-$3.00`, and with `signed` also `+$3.00`."""
    if amount is None:
        return NOTHING
    digits = f"{abs(amount):,.{2 if cents else 0}f}"
    is_zero = not float(digits.replace(",", ""))
    sign = "" if is_zero else "-" if amount < 0 else "+" if signed else ""
    return f"{sign}${digits}"


def usd(amount: Amount | None, *, signed: bool = False, cents: bool = True) -> str:
    """Return `money` for Markdown, where a bare dollar may set mathematics."""
    return money(amount, signed=signed, cents=cents).replace("$", "\\$")


def r(multiple: float | None) -> str:
    """Return a multiple of the risk: `+1.50R`."""
    if multiple is None:
        return NOTHING
    return f"{0.0:.2f}R" if abs(multiple) < 0.005 else f"{multiple:+.2f}R"


def percent(fraction: float | None, *, signed: bool = False, places: int = 1) -> str:
    """Return a fraction as a percentage; the only place that multiplies by 100."""
    if fraction is None:
        return NOTHING
    return f"{fraction * 100:{'+' if signed else ''}.{places}f} %"


def quantity(amount: Amount | None) -> str:
    """Return shares: whole ones without a fraction."""
    return NOTHING if amount is None else f"{amount:,.6f}".rstrip("0").rstrip(".")


def price(amount: Amount | None) -> str:
    return NOTHING if amount is None else f"{amount:,.2f}"


def eastern(instant: datetime | None, *, seconds: bool = False) -> str:
    """Return the New York time with its zone: `Thu 15 Jun 2023, 09:15 EDT`."""
    if instant is None:
        return NOTHING
    clock = "%H:%M:%S" if seconds else "%H:%M"
    return instant.astimezone(NEW_YORK).strftime(f"%a %-d %b %Y, {clock} %Z")


def brief(instant: datetime | None) -> str:
    """Return the New York time without its year: `15 Jun, 09:15 EDT`."""
    return NOTHING if instant is None else instant.astimezone(NEW_YORK).strftime("%-d %b, %H:%M %Z")


def eastern_time(instant: datetime | None) -> str:
    """Return the New York time of day with its zone: `09:15 EDT`."""
    return NOTHING if instant is None else instant.astimezone(NEW_YORK).strftime("%H:%M %Z")


def day(value: date | None) -> str:
    return NOTHING if value is None else value.strftime("%a %-d %b %Y")


def span(length: timedelta) -> str:
    """Return a length of time in its two largest units: `2 h 5 min`."""
    seconds = max(0, int(length.total_seconds()))
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes = rest // 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min" if minutes else f"{seconds} s"


def ago(instant: datetime | None, now: datetime) -> str:
    if instant is None:
        return "never"
    return "just now" if now - instant < timedelta(seconds=1) else f"{span(now - instant)} ago"


def countdown(until: datetime, now: datetime) -> str:
    """Say in words how long something is still open."""
    left = until - now
    return f"expires in {span(left)}" if left > timedelta(0) else "has expired"


def seconds(length: float | None) -> str:
    if length is None:
        return NOTHING
    if not length:
        return "under 1 s"
    return f"{length * 1000:.0f} ms" if length < 1 else f"{length:.1f} s"


def short(sha256: str | None) -> str:
    return sha256[:10] if sha256 else NOTHING


def plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def words(name: str) -> str:
    """Return an identifier as words: `time_stop` is `time stop`."""
    return name.replace("_", " ")


def prose(text: object) -> str:
    """Return untrusted text so that Markdown shows it as it is: no mathematics, link or image."""
    unlinked = str(text).replace("www.", "www\u200b.").replace("://", ":\u200b//")
    escaped = _MARKDOWN.sub(r"\\\1", _MAIL.sub("\u200b@", unlinked))
    return _LINE_START.sub(lambda found: f"{found[1]}\\{found[2]}", escaped)


def post_markdown(body: str) -> str:
    """Return a post as Markdown that keeps its form and can do nothing else.

    Dollars set no mathematics, images and HTML are not loaded, and Streamlit's colours and icons
    are plain text. Headings shrink to bold lines, as the post is a part of the page.
    """
    text = body.replace("$", "\\$").replace("![", "\\!\\[").replace("<", "&lt;")
    text = _DIRECTIVE.sub(r"\\:", text)
    return _HEADING.sub(r"**\1**", text)
