"""The rungs of the sizing ladder on columns.

A rung is NaN where something that it needs is missing, and infinite where it does not limit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from core.analysis.bar_arrays import FloatArray
from core.analysis.sizing.candidates import Candidates
from core.domain.risk.book import Book
from core.domain.risk.policy import RiskPolicy
from core.errors import InsufficientDataError

NAN, INF = np.array(np.nan), np.array(np.inf)


class Case(NamedTuple):
    """All that a rung may look at; loss: USD a share. What is not above zero is NaN already."""

    candidates: Candidates
    policy: RiskPolicy
    equity: FloatArray
    peak: FloatArray
    atr: FloatArray
    atr_mean: FloatArray
    grade: FloatArray
    loss: FloatArray

    @classmethod
    def of(cls, candidates: Candidates, policy: RiskPolicy) -> Case:
        entry, stop = candidates.plans.entry, candidates.plans.stop
        loss = np.abs(entry - stop) + policy.slippage_usd + 2 * policy.fee_fraction * entry
        book, readings = candidates.book, candidates.readings
        return cls(
            candidates,
            policy,
            positive(book.equity),
            positive(book.peak_equity),
            positive(readings.atr),
            positive(readings.atr_mean),
            np.array([policy.grade_factor(one) for one in candidates.plans.grades]),
            loss,
        )


def positive(values: FloatArray | float | None) -> FloatArray:
    """Return the values, NaN for those that are missing, not finite or not above zero."""
    if values is None:
        return NAN
    found: FloatArray = np.where(np.isfinite(values) & (np.asarray(values) > 0), values, np.nan)
    return found


def risk(case: Case) -> FloatArray:
    policy = case.policy
    bounds = policy.volatility_factor_minimum, policy.volatility_factor_maximum
    volatility = np.clip(case.atr_mean / case.atr, *bounds)
    budget: FloatArray = case.equity * policy.risk_fraction * case.grade * volatility
    return budget / case.loss


def drawdown(case: Case) -> FloatArray:
    start, end = case.policy.drawdown_start, case.policy.drawdown_end
    below = 1 - case.equity / case.peak
    return risk(case) * np.clip((end - below) / (end - start), 0.0, 1.0)


def atr(case: Case) -> FloatArray:
    if case.policy.atr_multiple is None:
        return INF
    return case.equity * case.policy.risk_fraction / (case.policy.atr_multiple * case.atr)


def volatility_target(case: Case) -> FloatArray:
    if case.policy.volatility_target is None:
        return INF
    volatility = positive(case.candidates.readings.volatility)
    weight = np.minimum(1.0, case.policy.volatility_target / volatility)
    return case.equity * weight / case.candidates.plans.entry


def kelly(case: Case) -> FloatArray:
    policy, (results, win_rate, payoff) = case.policy, case.candidates.records
    if policy.kelly_share is None:
        return INF
    share = policy.kelly_share * (results / (results + policy.kelly_prior_results))
    fraction = np.clip(share * (win_rate - (1 - win_rate) / payoff), 0.0, policy.kelly_cap)
    most = case.equity * fraction / case.loss
    return np.where(results < policy.kelly_minimum_results, np.inf, most)


def name(case: Case) -> FloatArray:
    symbols = case.candidates.plans.symbols
    held = _held(case.candidates.book, symbols, {})
    return _room(case, case.policy.notional_fraction, held)


def sector(case: Case) -> FloatArray:
    policy, symbols = case.policy, case.candidates.plans.symbols
    if policy.sector_fraction is None:
        return INF
    held = _held(case.candidates.book, symbols, policy.sectors)
    return _room(case, policy.sector_fraction, held)


def gross(case: Case) -> FloatArray:
    return _room(case, case.policy.gross_fraction, _told(case.candidates.book.gross))


def net(case: Case) -> FloatArray:
    fraction, sign = case.policy.net_fraction, case.candidates.plans.sign
    if fraction is None:
        return INF
    return _room(case, fraction, sign * _told(case.candidates.book.net))


def heat(case: Case) -> FloatArray:
    limit = case.equity * case.policy.heat_fraction
    squared, risks, correlations = case.candidates.heat
    pull = np.zeros(len(case.loss))
    for one, moves in zip(risks, np.maximum(correlations, 0.0).T, strict=True):
        pull = pull + moves * one
    room = np.sqrt(np.maximum(0.0, pull * pull + limit * limit - squared)) - pull
    return np.maximum(0.0, room) / case.loss


def buying_power(case: Case) -> FloatArray:
    power, entry = case.candidates.book.buying_power, case.candidates.plans.entry
    if power is None or not np.isfinite(power):
        return NAN
    cost: FloatArray = entry * (1 + case.policy.fee_fraction)
    return max(0.0, power) / cost


def volume(case: Case) -> FloatArray:
    if case.policy.volume_fraction is None:
        return INF
    return case.policy.volume_fraction * positive(case.candidates.readings.average_volume)


def operator_cap(case: Case) -> FloatArray:
    usd, shares = case.policy.maximum_order_usd, case.policy.maximum_order_shares
    by_usd = INF if usd is None else usd / case.candidates.plans.entry
    most: FloatArray = np.minimum(by_usd, INF if shares is None else shares)
    return most


def _held(book: Book, symbols: tuple[str, ...], groups: Mapping[str, str]) -> FloatArray:
    """Return what is held of the group of each plan's symbol; one without a group is its own."""
    if book.positions is None:
        return NAN
    held: dict[str, float] = {}
    for one in book.positions:
        group = groups.get(one.symbol, one.symbol)
        held[group] = held.get(group, 0.0) + one.notional
    return np.array([held.get(groups.get(symbol, symbol), 0.0) for symbol in symbols])


def _room(case: Case, fraction: float, held: FloatArray) -> FloatArray:
    room: FloatArray = np.maximum(0.0, case.equity * fraction - held)
    return room / case.candidates.plans.entry


def _told(value: Callable[[], float]) -> FloatArray:
    try:
        return np.array(value())
    except InsufficientDataError:
        return NAN


ARRAY_RUNGS = MappingProxyType(
    {
        rung.__name__: rung
        for rung in (
            risk, drawdown, atr, volatility_target, kelly, name, sector, gross, net, heat,
            buying_power, volume, operator_cap,
        )
    }
)  # fmt: skip
