"""Where the names of levels stand beside a chart, none covering another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from core.domain.market import Level

NAMED_LEVELS = 4


class Name(NamedTuple):
    """Where a level's name stands, which is not always where its line is."""

    level: Level
    at: float


def placed(levels: Iterable[Level], last: float, reach: tuple[float, float]) -> list[Name]:
    """Return the levels next to the last price that the chart reaches, their names apart.

    Names are moved away from the last price, so that none covers another.
    """
    low, high = reach
    gap = (high - low) * 0.04  # a line of the names' font, in the chart's height
    seen = sorted((one for one in levels if low <= one.price <= high), key=lambda one: one.price)
    above = [one for one in seen if one.price > last][:NAMED_LEVELS]
    below = [one for one in reversed(seen) if one.price <= last][:NAMED_LEVELS]
    return _apart(above, last, gap) + _apart(below, last, -gap)


def _apart(levels: Sequence[Level], last: float, gap: float) -> list[Name]:
    """Place names in one direction, each at least a gap from the one before."""
    names, nearest, at = list[Name](), max if gap > 0 else min, last - gap / 2
    for level in levels:
        at = nearest(level.price, at + gap)
        names.append(Name(level, at))
    return names
