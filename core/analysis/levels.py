"""Prices where the market has reacted or is likely to, merged where several sources agree."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.domain.market import Indicators, Level, LevelSource

MERGE_ATR = 0.25
MAXIMUM_LEVELS = 12
FULL_CONFLUENCE = 5
SWING_ORDERS = (20, 10)
ROUND_STEP_ATR = 2.0

Spot = tuple[float, LevelSource, str]


def find_levels(bars: pd.DataFrame, indicators: Indicators, last: float) -> tuple[Level, ...]:
    """Return at most 12 levels, the nearest to `last` first.

    Shape: daily bars with high, low, close, oldest first. Sources within 0.25 ATR of each other
        and on the same side of `last` are one level; its strength is the share of five sources
        that agree. A swing counts once its bar has 10 or 20 bars on both sides.
    """
    reach = MERGE_ATR * indicators.atr14
    spots = list(_spots(bars, indicators, last))
    below = [spot for spot in spots if 0 < spot[0] <= last]
    above = [spot for spot in spots if spot[0] > last]
    levels = [_level(group, last) for side in (below, above) for group in _merge(side, reach)]
    levels.sort(key=lambda level: (abs(level.price - last), level.price))
    return tuple(levels[:MAXIMUM_LEVELS])


def confluence(level: Level) -> int:
    """Return how many sources agree on a level, 1 to 5."""
    return round(level.strength * FULL_CONFLUENCE)


def _spots(bars: pd.DataFrame, indicators: Indicators, last: float) -> Iterator[Spot]:
    """Yield the prices of all sources, the most telling source first."""
    high, low, close = (bars[name].to_numpy(dtype=np.float64) for name in ("high", "low", "close"))
    yield from _swings(high, "swing high")
    for price, source, note in _swings(-low, "swing low"):
        yield -price, source, note
    yield indicators.sma200, "sma200", "SMA 200"
    yield indicators.sma50, "sma50", "SMA 50"
    yield indicators.ema21, "ema21", "EMA 21"
    yield float(high[-1]), "pdh", "previous day high"
    yield float(low[-1]), "pdl", "previous day low"
    pivot = float(high[-1] + low[-1] + close[-1]) / 3
    yield pivot, "pivot", "pivot"
    yield 2 * pivot - float(low[-1]), "r1", "first resistance of the pivot"
    yield 2 * pivot - float(high[-1]), "s1", "first support of the pivot"
    step = _round_step(ROUND_STEP_ATR * indicators.atr14)
    yield math.floor(last / step) * step, "round", "round number"
    yield (math.floor(last / step) + 1) * step, "round", "round number"


def _swings(values: NDArray[np.float64], note: str) -> Iterator[Spot]:
    """Yield the local maxima, those of the wider order first, the newest first."""
    seen: set[int] = set()
    for order, name in zip(SWING_ORDERS, (f"major {note}", note), strict=True):
        for place in _maxima(values, order):
            if place not in seen:
                seen.add(place)
                yield float(values[place]), "swing", name


def _maxima(values: NDArray[np.float64], order: int) -> list[int]:
    """Return where a value is the first maximum of its 2 x order + 1 neighbours, newest first."""
    if len(values) < 2 * order + 1:
        return []
    windows = np.lib.stride_tricks.sliding_window_view(values, 2 * order + 1)
    places = np.flatnonzero(windows.argmax(axis=1) == order) + order
    return [int(place) for place in places[::-1]]


def _round_step(least: float) -> float:
    """Return the smallest of 1, 5, 10, 50, ... (times a power of ten) that is at least `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * factor for factor in (1, 5, 10) if power * factor >= least)


def _merge(spots: list[Spot], reach: float) -> list[list[Spot]]:
    """Group the spots around the most telling ones; a spot joins the first group in reach."""
    groups: list[list[Spot]] = []
    for spot in spots:
        home = next((group for group in groups if abs(group[0][0] - spot[0]) <= reach), None)
        if home is None:
            groups.append([spot])
        else:
            home.append(spot)
    return groups


def _level(group: list[Spot], last: float) -> Level:
    price, source, _ = group[0]
    notes = list(dict.fromkeys(note for _, _, note in group))
    return Level(
        kind="support" if price <= last else "resistance",
        price=price,
        source=source,
        strength=min(len(group), FULL_CONFLUENCE) / FULL_CONFLUENCE,
        note=", ".join(notes[:3]),
    )
