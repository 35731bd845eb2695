"""The numbers that the project promises, measured."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

Row = tuple[str, float, str, str]
"""What was measured, its value, the unit and the target."""


def median_ms(action: Callable[[], object], rounds: int = 9) -> float:
    """Return the median of some rounds in milliseconds, after one to warm up."""
    action()
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        action()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)
