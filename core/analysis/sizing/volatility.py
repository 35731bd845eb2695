"""How much a price swings, per year of 252 sessions.

The ladder takes EWMA. GARCH is not fitted: it is slower by far, and a bad series gives it
parameters without an edge over EWMA.
"""

from __future__ import annotations

import math

import numpy as np

from core.analysis.bar_arrays import FloatArray, check_numbers
from core.errors import InsufficientDataError

SESSIONS_PER_YEAR = 252
DECAY = 0.94  # RiskMetrics' for daily returns
SEED_RETURNS = WINDOW = 20


def ewma_volatility(close: FloatArray, decay: float = DECAY) -> float:
    """Return the forecast for the next session.

    Shape: at least 21 closes, oldest first.
    Raises: InsufficientDataError for fewer, and for a close that is not a positive number.
    """
    return annual(ewma_variance(_log_returns(close, SEED_RETURNS), decay))


def ewma_variance(returns: FloatArray, decay: float = DECAY) -> float:
    """Return the variance per session, seeded by the mean square of the first 20 returns."""
    variance = float(np.mean(returns[:SEED_RETURNS] ** 2))
    for one in returns[SEED_RETURNS:].tolist():
        variance = decay * variance + (1 - decay) * one * one
    return variance


def close_to_close(close: FloatArray, window: int = WINDOW) -> float:
    """Return the sample standard deviation of the newest log returns.

    Raises: as `ewma_volatility`.
    """
    return annual(float(np.var(_log_returns(close, window)[-window:], ddof=1)))


def yang_zhang(
    opened: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray, window: int = WINDOW
) -> float:
    """Return the estimate that knows both the gaps and the ranges of the newest bars.

    Shape: at least one bar more than the window, oldest first.
    Raises: as `ewma_volatility`.
    Source: Yang and Zhang, Drift-independent volatility estimation (2000).
    """
    columns = {"open": opened, "high": high, "low": low, "close": close}
    check_numbers(columns, window + 1)
    _check_positive(low)
    previous = np.log(close[-window - 1 : -1])
    start, top, bottom, end = (np.log(column[-window:]) for column in columns.values())
    rogers_satchell = (top - end) * (top - start) + (bottom - end) * (bottom - start)
    weight = 0.34 / (1.34 + (window + 1) / (window - 1))
    overnight, session = np.var(start - previous, ddof=1), np.var(end - start, ddof=1)
    return annual(overnight + weight * session + (1 - weight) * np.mean(rogers_satchell))


def annual(variance: float) -> float:
    """Return the volatility per year of a variance per session."""
    return math.sqrt(SESSIONS_PER_YEAR * variance)


def _log_returns(close: FloatArray, least: int) -> FloatArray:
    check_numbers({"close": close}, least + 1)
    _check_positive(close)
    returns: FloatArray = np.diff(np.log(close))
    return returns


def _check_positive(prices: FloatArray) -> None:
    if prices.min() <= 0:
        raise InsufficientDataError(
            f"the price in bar {int(prices.argmin())} of {len(prices)} is not positive"
        )
