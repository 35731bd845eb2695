"""What a list of results in R amounts to: one denominator, and how little a small sample says."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from core.domain.resolutions import DECIDED_R
from core.domain.track_record import Summary

ENOUGH = 20
Z_95 = 1.959963984540054
RESAMPLES, PORTIONS, SEED = 2000, 20, 20_240_304  # in portions, to spare the memory


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


def mean_interval(results: Sequence[float]) -> tuple[float, float] | None:
    """Return the 95 % percentile bootstrap interval of the mean, None below two results.

    The same results give the same interval, in whatever order they come.
    """
    if len(results) < 2:
        return None
    values, random = np.sort(np.asarray(results, dtype=np.float64)), np.random.default_rng(SEED)
    shape = (RESAMPLES // PORTIONS, len(values))
    means = [values[random.integers(0, shape[1], shape)].mean(axis=1) for _ in range(PORTIONS)]
    low, high = np.quantile(np.concatenate(means), (0.025, 0.975))
    return float(low), float(high)


def mean(values: Sequence[float]) -> float | None:
    """Return the mean, None of nothing."""
    return math.fsum(values) / len(values) if values else None
