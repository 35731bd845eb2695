"""What a list of results in R amounts to: one denominator, and how little a small sample says."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pydantic import Field

from core.domain.base import Fraction, Frozen, Number

DECIDED_R = 0.05
ENOUGH = 20
Z_95 = 1.959963984540054


class Summary(Frozen):
    """Statistics of triggered and resolved trades; None where there is nothing to divide by."""

    count: int = Field(ge=0)
    wins: int = Field(ge=0)
    losses: int = Field(ge=0)
    breakevens: int = Field(ge=0)
    net_r: Number
    win_rate: Fraction | None
    win_low: Fraction | None
    win_high: Fraction | None
    expectancy_r: Number | None
    profit_factor: Number | None
    enough: bool


def summarize(results: Sequence[float]) -> Summary:
    """Return the statistics of `results`, in R, of trades that were triggered and resolved.

    More than 0.05 R is a win, less than -0.05 R a loss, the rest breakeven. The interval is
    Wilson's at 95 % over wins and losses; fewer than 20 results are not `enough`.
    """
    wins = [r for r in results if r > DECIDED_R]
    losses = [r for r in results if r < -DECIDED_R]
    decided = len(wins) + len(losses)
    low, high = wilson_interval(len(wins), decided) if decided else (None, None)
    return Summary(
        count=len(results),
        wins=len(wins),
        losses=len(losses),
        breakevens=len(results) - decided,
        net_r=math.fsum(results),
        win_rate=len(wins) / decided if decided else None,
        win_low=low,
        win_high=high,
        expectancy_r=math.fsum(results) / len(results) if results else None,
        profit_factor=math.fsum(wins) / -math.fsum(losses) if losses else None,
        enough=len(results) >= ENOUGH and decided > 0,
    )


def wilson_interval(wins: int, total: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share of `total`, which is at least 1."""
    share, square = wins / total, Z_95**2
    middle = share + square / (2 * total)
    spread = Z_95 * math.sqrt(share * (1 - share) / total + square / (4 * total**2))
    scale = 1 + square / total
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)
