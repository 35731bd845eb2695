"""How money is split between positions so that each of them matters as much as the others."""

from __future__ import annotations

import numpy as np

from core.analysis.bar_arrays import FloatArray
from core.errors import InsufficientDataError

TOLERANCE, ROUNDS = 1e-12, 1000


def inverse_volatility(volatilities: FloatArray) -> FloatArray:
    """Return weights that sum to 1, the smaller the more a position swings.

    Raises: InsufficientDataError for a volatility that is not above zero.
    """
    if not (np.isfinite(volatilities).all() and (volatilities > 0).all()):
        raise InsufficientDataError("a volatility is not above zero")
    weights: FloatArray = (1 / volatilities) / (1 / volatilities).sum()
    return weights


def risk_parity(covariance: FloatArray) -> FloatArray:
    """Return weights that sum to 1 by which each position brings the same part of the risk.

    Shape: a symmetric, positive definite matrix.
    Raises: InsufficientDataError for a matrix of which no such weights are found.
    Source: Griveau-Billion, Richard and Roncalli, A fast algorithm for computing high-dimensional
        risk parity portfolios (2013): cyclical coordinate descent.
    """
    variances = np.diag(covariance)
    weights = inverse_volatility(np.sqrt(np.maximum(variances, 0)))
    budget = 1 / len(variances)
    for _ in range(ROUNDS):
        before = weights.copy()
        for place, variance in enumerate(variances):
            others = covariance[place] @ weights - variance * weights[place]
            root = np.sqrt(others * others + 4 * variance * budget)
            weights[place] = (root - others) / (2 * variance)
        if np.abs(weights - before).max() < TOLERANCE * np.abs(weights).max():
            return np.asarray(weights / weights.sum())
    raise InsufficientDataError("no weights of equal risk are found for this covariance")
