"""Prices where the market has reacted or is likely to, merged where several sources agree."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd
import talib

from core.analysis.bar_arrays import FloatArray, check_numbers, columns_of
from core.analysis.sessions import SessionReading
from core.analysis.signals import classic_pivots
from core.domain.market import Indicators, Level, LevelSource

MERGE_ATR = 0.25
MAXIMUM_LEVELS = 12
FULL_CONFLUENCE = 5
SWING_ORDERS = (20, 10)
ROUND_STEP_ATR = 2.0
NAMES = ("high", "low", "close")

Spot = tuple[float, LevelSource, str]
HighLowClose = tuple[FloatArray, FloatArray, FloatArray]


def find_levels(
    bars: pd.DataFrame, indicators: Indicators, last: float, session: SessionReading | None = None
) -> tuple[Level, ...]:
    """Return at most 12 levels, the nearest to `last` first.

    Shape: daily bars with high, low, close, oldest first; `session` adds what is known of the
        day itself. Sources within 0.25 ATR of each other and on the same side of `last` are one
        level; its strength is the share of five sources that agree. A swing counts once its bar
        has 10 or 20 bars on both sides.
    Raises: InsufficientDataError, see `columns_of` and `levels_of`.
    """
    high, low, close = columns_of(bars, NAMES)
    return levels_of((high, low, close), indicators, last, session)


def levels_of(
    bars: HighLowClose, indicators: Indicators, last: float, session: SessionReading | None = None
) -> tuple[Level, ...]:
    """Return what `find_levels` does, from arrays: high, low, close.

    Raises: InsufficientDataError for a number that is not finite.
    """
    check_numbers(dict(zip(NAMES, bars, strict=True)), minimum=1)
    reach = MERGE_ATR * indicators.atr14
    spots = list(_spots(bars, indicators, last, session))
    below = _merge((spot for spot in spots if 0 < spot[0] <= last), reach)
    above = _merge((spot for spot in spots if spot[0] > last), reach)
    groups = sorted(below + above, key=lambda group: (abs(group[0][0] - last), group[0][0]))
    return tuple(_level(group, last) for group in groups[:MAXIMUM_LEVELS])


def confluence(level: Level) -> int:
    """Return how many sources agree on a level, 1 to 5."""
    return round(level.strength * FULL_CONFLUENCE)


def _spots(
    bars: HighLowClose, indicators: Indicators, last: float, session: SessionReading | None
) -> Iterator[Spot]:
    """Yield the prices of all sources, the most telling source first."""
    high, low, close = bars
    yield from _swings(high, "swing high")
    for price, source, note in _swings(-low, "swing low"):
        yield -price, source, note
    yield indicators.sma200, "sma200", "SMA 200"
    yield indicators.sma50, "sma50", "SMA 50"
    if session:
        yield from _session_spots(session)
    yield indicators.ema21, "ema21", "EMA 21"
    yield from _previous_day_spots(float(high[-1]), float(low[-1]), float(close[-1]))
    yield indicators.ema8, "ema8", "EMA 8"
    yield indicators.bollinger_upper, "bb_upper", "upper Bollinger band"
    yield indicators.bollinger_lower, "bb_lower", "lower Bollinger band"
    step = _round_step(ROUND_STEP_ATR * indicators.atr14)
    yield math.floor(last / step) * step, "round", "round number"
    yield (math.floor(last / step) + 1) * step, "round", "round number"


def _session_spots(session: SessionReading) -> Iterator[Spot]:
    if session.vwap is not None:
        yield session.vwap, "vwap", "VWAP"
    if session.premarket_high is not None:
        yield session.premarket_high, "pmh", "pre-market high"
    if session.premarket_low is not None:
        yield session.premarket_low, "pml", "pre-market low"


def _previous_day_spots(high: float, low: float, close: float) -> Iterator[Spot]:
    pivots = classic_pivots(high, low, close)
    yield high, "pdh", "previous day high"
    yield low, "pdl", "previous day low"
    yield pivots.pivot, "pivot", "pivot"
    yield pivots.r1, "r1", "first resistance of the pivot"
    yield pivots.s1, "s1", "first support of the pivot"


def _swings(values: FloatArray, note: str) -> Iterator[Spot]:
    """Yield the local maxima, those of the wider order first, the newest first."""
    seen: set[int] = set()
    for order, name in zip(SWING_ORDERS, (f"major {note}", note), strict=True):
        for place in _maxima(values, order):
            if place not in seen:
                seen.add(place)
                yield float(values[place]), "swing", name


def _maxima(values: FloatArray, order: int) -> list[int]:
    """Return where a value is the first maximum of its 2 x order + 1 neighbours, newest first."""
    if len(values) < 2 * order + 1:
        return []
    highest = talib.MAX(values, timeperiod=order)  # at each place, of the `order` up to it
    before = highest[order - 1 : -order - 1]
    after = highest[2 * order :]
    middle = values[order:-order]
    places = np.flatnonzero((middle > before) & (middle >= after)) + order
    found: list[int] = places[::-1].tolist()
    return found


def _round_step(least: float) -> float:
    """Return the smallest of 1, 5, 10, 50, ... (times a power of ten) that is at least `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * factor for factor in (1, 5, 10) if power * factor >= least)


def _merge(spots: Iterable[Spot], reach: float) -> list[list[Spot]]:
    """Group the spots around the most telling ones; a spot joins the first group in reach."""
    groups: list[list[Spot]] = []
    for spot in spots:
        price = spot[0]
        for group in groups:
            if -reach <= group[0][0] - price <= reach:
                group.append(spot)
                break
        else:
            groups.append([spot])
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
