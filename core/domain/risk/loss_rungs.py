"""Rungs that limit what may be lost."""

from __future__ import annotations

from core.domain.risk.case import OFF, Case, Verdict
from core.domain.risk.decision import RungState
from core.domain.risk.formulas import (
    atr_quantity,
    drawdown_scale,
    heat_pull,
    heat_room,
    kelly_fraction,
    odds,
    shrinkage,
    volatility_target_weight,
)
from core.errors import InsufficientDataError

PREMIUM = Verdict(
    None, "no more than the premium can be lost, whatever the price does", RungState.DOES_NOT_APPLY
)


def risk(case: Case) -> Verdict:
    _, unit, facts, policy = case
    grade = policy.grade_factor(case.grade)
    volatility = policy.volatility_factor(facts.need("atr"), facts.need("atr_mean"))
    budget = facts.need("equity") * policy.risk_fraction * grade * volatility
    return Verdict(
        budget / unit.loss,
        f"{policy.risk_fraction:.2%} of equity x grade {grade:g} x volatility {volatility:.2f}, "
        f"over {unit.loss:,.2f} lost per {unit.name} if the plan fails",
    )


def drawdown(case: Case) -> Verdict:
    """Scale the risk down the farther the equity is below its peak."""
    policy, most = case.policy, risk(case).quantity or 0.0
    equity, peak = case.facts.need("equity"), case.facts.need("peak_equity")
    scale = drawdown_scale(equity, peak, policy.drawdown_start, policy.drawdown_end)
    below = max(0.0, 1 - equity / peak)
    return Verdict(most * scale, f"{scale:.0%} of the risk at {below:.1%} below the peak")


def atr(case: Case) -> Verdict:
    _, unit, facts, policy = case
    if policy.atr_multiple is None:
        return OFF
    if unit.name == "contract":
        return PREMIUM
    budget, multiple = facts.need("equity") * policy.risk_fraction, policy.atr_multiple
    return Verdict(
        atr_quantity(budget, facts.need("atr"), multiple),
        f"a move of {multiple:g} average true ranges costs {policy.risk_fraction:.2%} of equity",
    )


def volatility_target(case: Case) -> Verdict:
    _, unit, facts, policy = case
    if policy.volatility_target is None:
        return OFF
    if unit.name == "contract":
        return PREMIUM
    volatility = facts.need("volatility")
    weight = volatility_target_weight(policy.volatility_target, volatility)
    return Verdict(
        facts.need("equity") * weight / unit.price,
        f"at {volatility:.0%} volatility a year, {weight:.0%} of equity swings by the target of "
        f"{policy.volatility_target:.0%}",
    )


def kelly(case: Case) -> Verdict:
    """Risk a part of the Kelly fraction, the less the shorter the track record is."""
    _, unit, facts, policy = case
    if policy.kelly_share is None:
        return OFF
    if facts.record is None:
        raise InsufficientDataError("missing input: record")
    results, least = facts.record.wins + facts.record.losses, policy.kelly_minimum_results
    if results < least:
        return Verdict(None, f"{results} of {least} results", RungState.NOT_ENOUGH_RESULTS)
    win_rate, payoff = odds(facts.record)
    share = policy.kelly_share * shrinkage(results, policy.kelly_prior_results)
    fraction = kelly_fraction(win_rate, payoff, share, policy.kelly_cap)
    return Verdict(
        facts.need("equity") * fraction / unit.loss,
        f"{fraction:.2%} of equity at risk: {win_rate:.0%} of {results} won, "
        f"{payoff:.2f} times what the others lost",
    )


def heat(case: Case) -> Verdict:
    """Leave room for what is at risk already, as far as it moves with this plan."""
    _, unit, facts, policy = case
    limit, book = facts.need("equity") * policy.heat_fraction, facts.book
    squared = book.squared_heat()
    pull = heat_pull(book.risks(), book.correlations_with(facts.symbol, unit.side))
    return Verdict(
        heat_room(limit, squared, pull) / unit.loss,
        f"open risk, with its correlations, stays within {policy.heat_fraction:.0%} of equity; "
        f"{squared**0.5:,.0f} of {limit:,.0f} USD are open",
    )
