"""Which column of a file is which part of a bar."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import DomainError

PRICES = ("open", "high", "low", "close")
NEEDED = (*PRICES, "volume")
NAMES: dict[str, tuple[str, ...]] = {  # the first one found counts
    "time": (
        "datetime", "date_time", "timestamp", "started_at", "date", "session_date", "day", "time",
        "t", "epoch", "index_level_0", "unnamed_0", "",
        "price",  # so yfinance heads the dates
    ),
    "symbol": ("symbol", "ticker", "sym"),
    "open": ("open", "o", "open_price"),
    "high": ("high", "h", "high_price"),
    "low": ("low", "l", "low_price"),
    "close": ("close", "c", "last", "close_last", "close_price", "price"),
    "volume": ("volume", "vol", "v"),
}  # fmt: skip


@dataclass(frozen=True)
class Roles:
    """The place of each part of a bar among a file's columns; what is left over is ignored.

    clock: the place of the time of day, where date and time are two columns.
    """

    places: dict[str, int]
    clock: int | None
    ignored: tuple[str, ...]


def find_roles(headings: Sequence[str]) -> Roles:
    """Return what the headings mean; adjusted prices are none of the parts of a bar."""
    names = [_plain(heading) for heading in headings]
    places = {role: names.index(known) for role in NAMES if (known := _first(role, names)) != "-"}
    clock = names.index("time") if _has_own_clock(places, names) else None
    used = {*places.values(), clock}
    ignored = tuple(headings[place] for place in range(len(headings)) if place not in used)
    return Roles(places, clock, ignored)


def check_roles(roles: Roles, headings: Sequence[str], file_name: str) -> None:
    """Refuse a file that lacks a part of a bar, or names one twice.

    Raises: DomainError that says what is missing and what is there.
    """
    names = [_plain(heading) for heading in headings]
    lacking = [role for role in ("time", *NEEDED) if role not in roles.places]
    there = ", ".join(repr(heading) for heading in headings[:20])
    if "close" in lacking and any("adj" in name for name in names):
        raise DomainError(
            f"{file_name}: it has adjusted prices alone; the desk stores raw prices and adjusts "
            f"them itself, so export the raw close too. Found: {there}"
        )
    if lacking:
        raise DomainError(
            f"{file_name}: no column for {', '.join(lacking)} among the headings {there}"
        )
    twice = [role for role, place in roles.places.items() if names.count(names[place]) > 1]
    if twice:
        raise DomainError(f"{file_name}: two columns are headed as the {' and the '.join(twice)}")


def _first(role: str, names: list[str]) -> str:
    return next((known for known in NAMES[role] if known in names), "-")


def _has_own_clock(places: dict[str, int], names: list[str]) -> bool:
    return "time" in names and names[places["time"]] in {"date", "session_date", "day"}


def _plain(heading: str) -> str:
    """Return a heading as lower-case words joined by `_`: `Close/Last` is `close_last`."""
    return re.sub(r"[^a-z0-9]+", "_", heading.lower()).strip("_")
