"""The formulas of the sizing ladder, one plan at a time. USD, fractions 0..1, volatility per year.

`core/analysis/sizing/many.py` has the same ones on arrays.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.domain.track_record import Summary

Matrix = Sequence[Sequence[float]]


def atr_quantity(budget: float, atr: float, multiple: float = 2.0) -> float:
    """Return the shares that lose a budget when the price moves by so many ATRs."""
    return budget / (multiple * atr)


def volatility_target_weight(target: float, volatility: float, leverage: float = 1.0) -> float:
    """Return the part of equity that swings as much as the target allows."""
    return min(leverage, target / volatility)


def kelly_fraction(win_rate: float, payoff: float, share: float = 0.25, cap: float = 0.02) -> float:
    """Return the fraction of equity to put at risk, none without an edge.

    payoff: the average win over the average loss.
    """
    edge = win_rate - (1 - win_rate) / payoff
    return max(0.0, min(cap, share * edge))


def shrinkage(results: int, prior_results: int) -> float:
    """Return how far a track record is believed, 0..1.

    It is as if `prior_results` more trades without any edge had been seen: of an edge found in 20
    trades half is left with 20 of them, of one found in 180 nine tenths.
    """
    return results / (results + prior_results)


def odds(record: Summary) -> tuple[float, float]:
    """Return the win rate and the payoff of decided trades; without a win there is no edge."""
    if not (record.win_rate and record.wins):
        return 0.0, 1.0
    if record.profit_factor is None:  # nothing was lost
        return record.win_rate, math.inf
    return record.win_rate, record.profit_factor * record.losses / record.wins


def drawdown_scale(equity: float, peak: float, start: float = 0.05, end: float = 0.15) -> float:
    """Return the part of the risk that is taken: all until `start` below a peak, none at `end`."""
    drawdown = 1 - equity / peak
    return min(1.0, max(0.0, (end - drawdown) / (end - start)))


def heat(risks: Sequence[float], correlations: Matrix) -> float:
    """Return what open risks amount to together: all of them if they move as one.

    Risks that offset each other are not set off.
    """
    return math.sqrt(squared_heat(risks, correlations))


def squared_heat(risks: Sequence[float], correlations: Matrix) -> float:
    return sum_in_order(
        [
            one * max(correlation, 0.0) * other
            for one, row in zip(risks, correlations, strict=True)
            for correlation, other in zip(row, risks, strict=True)
        ]
    )


def heat_pull(risks: Sequence[float], new: Sequence[float]) -> float:
    """Return how much of the open risks moves with a new one, by its correlations with them."""
    return sum_in_order([max(rho, 0.0) * risk for rho, risk in zip(new, risks, strict=True)])


def heat_room(limit: float, squared: float, pull: float) -> float:
    """Return the most new risk under a limit: the root of x^2 + 2 x pull + squared = limit^2."""
    return max(0.0, math.sqrt(max(0.0, pull * pull + limit * limit - squared)) - pull)


def sum_in_order(values: Sequence[float]) -> float:
    """Add from the left, so that arrays can do the same; newer versions of `sum` compensate."""
    total = 0.0
    for value in values:
        total += value
    return total
