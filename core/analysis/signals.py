"""What readings say: turns of the MACD histogram, states against thresholds, pivots."""

from __future__ import annotations

from typing import Literal

from core.domain.market import Pivots, Turn

Histogram = tuple[float, float, float]
State = Literal["low", "normal", "high"]

HIGH_RANGE, LOW_RANGE = 1.5, 0.5
STRONG_VOLUME, WEAK_VOLUME = 1.5, 0.5


def macd_curl(histogram: Histogram) -> Turn:
    """Tell whether the last three histogram values turn towards zero."""
    first, second, third = histogram
    if first < second < third < 0:
        return "up"
    return "down" if first > second > third > 0 else "none"


def macd_cross(histogram: Histogram) -> Turn:
    """Tell whether MACD crossed its signal on the last bar: the histogram changed its sign."""
    _, before, last = histogram
    if before <= 0 < last:
        return "up"
    return "down" if before >= 0 > last else "none"


def atr_state(atr: float, mean: float) -> State:
    """Compare the average range with its mean."""
    if atr > HIGH_RANGE * mean:
        return "high"
    return "low" if atr < LOW_RANGE * mean else "normal"


def volume_state(relative_volume: float) -> Literal["weak", "normal", "strong"]:
    if relative_volume > STRONG_VOLUME:
        return "strong"
    return "weak" if relative_volume < WEAK_VOLUME else "normal"


def classic_pivots(high: float, low: float, close: float) -> Pivots:
    """Return the pivots that one whole session gives the next."""
    pivot, span = (high + low + close) / 3, high - low
    return Pivots(
        pivot=pivot, r1=2 * pivot - low, s1=2 * pivot - high, r2=pivot + span, s2=pivot - span
    )
