"""Rungs that limit what may be held, and what may be ordered at once."""

from __future__ import annotations

from core.domain.risk.case import OFF, Case, Verdict
from core.domain.risk.decision import RungState


def name(case: Case) -> Verdict:
    fraction, symbol = case.policy.notional_fraction, case.facts.symbol
    held = case.facts.book.notional_in([symbol])
    return _room(case, fraction, held, f"of equity in {symbol}")


def sector(case: Case) -> Verdict:
    """Limit what shares a sector; a symbol whose sector is not known is one of its own."""
    policy, book, symbol = case.policy, case.facts.book, case.facts.symbol
    if policy.sector_fraction is None:
        return OFF
    own = policy.sector_of(symbol)
    symbols = {one.symbol for one in book.held() if policy.sector_of(one.symbol) == own}
    held = book.notional_in(symbols)
    return _room(case, policy.sector_fraction, held, f"of equity in the sector {own}")


def gross(case: Case) -> Verdict:
    held = case.facts.book.gross()
    return _room(case, case.policy.gross_fraction, held, "of equity in all positions")


def net(case: Case) -> Verdict:
    """Limit long less short positions, either way; a plan against them has the more room."""
    fraction, side = case.policy.net_fraction, case.unit.side
    if fraction is None:
        return OFF
    return _room(case, fraction, side.sign * case.facts.book.net(), f"of equity net {side}")


def _room(case: Case, fraction: float, held: float, what: str) -> Verdict:
    limit = case.facts.need("equity") * fraction
    return Verdict(
        max(0.0, limit - held) / case.unit.price, f"{fraction:.0%} {what}, {held:,.0f} USD are held"
    )


def buying_power(case: Case) -> Verdict:
    cost = case.unit.price * (1 + case.policy.fee_fraction)
    return Verdict(case.facts.buying_power() / cost, "what the broker lets us buy, with its fees")


def volume(case: Case) -> Verdict:
    fraction, facts = case.policy.volume_fraction, case.facts
    if fraction is None:
        return OFF
    if case.unit.name == "contract":
        why = "the volume of the contract is not known"
        return Verdict(None, why, RungState.DOES_NOT_APPLY)
    average = facts.need("average_volume")
    return Verdict(fraction * average, f"{fraction:.1%} of {average:,.0f} shares traded a day")


def operator_cap(case: Case) -> Verdict:
    """Limit one order to what the operator has named, in USD or in shares."""
    policy, unit = case.policy, case.unit
    caps = [
        (policy.maximum_order_usd, unit.price, "USD"),
        (policy.maximum_order_shares, unit.shares, "shares"),
    ]
    named = [(most / one, f"{most:,.0f} {what}") for most, one, what in caps if most is not None]
    if not named:
        return OFF
    most, told = min(named)
    return Verdict(most, f"at most {told} an order")


def plan(case: Case) -> Verdict:
    """Limit an option to the contracts that its plan names."""
    if case.unit.maximum is None:
        return Verdict(None, "the plan names no largest quantity", RungState.DOES_NOT_APPLY)
    return Verdict(case.unit.maximum, f"at most {case.unit.maximum} contracts by the plan")
