"""Which single order is held back: one of too many, far from the market, or of an old quote."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from core.domain.feeds import Quote
from core.domain.guards.facts import OrderFacts
from core.domain.guards.verdicts import GuardAction, GuardName, GuardVerdict, Unit
from core.domain.risk import GuardLimits

ONE_MINUTE = timedelta(minutes=1)
Told = tuple[float | None, bool, str]


def order_guards(limits: GuardLimits, facts: OrderFacts) -> Iterator[GuardVerdict]:
    """Yield what an entry must stand; without a fresh quote it stands none of it.

    Of options the quote is of another price than the order's: it is only asked to be fresh.
    """
    limit = limits.orders_per_minute
    yield _verdict(GuardName.ORDERS_PER_MINUTE, "count", limit, _pace(limit, facts))
    age = limits.quote_age_seconds
    yield _verdict(GuardName.STALE_QUOTE, "seconds", age, _staleness(age, facts))
    if facts.request.legs:
        return
    collar = limits.price_collar_fraction
    yield _verdict(GuardName.PRICE_COLLAR, "fraction", collar, _collar(collar, facts))
    widest = limits.spread_fraction
    yield _verdict(GuardName.SPREAD, "fraction", widest, _spread(widest, facts))


def _pace(limit: int, facts: OrderFacts) -> Told:
    sent = sum(1 for at in facts.sent_at if facts.now - at < ONE_MINUTE)
    return sent, sent >= limit, f"orders of the last minute: {sent} of {limit}"


def _staleness(limit: int, facts: OrderFacts) -> Told:
    if facts.quote is None:
        return None, True, f"{_no_quote(facts)}; it may be {limit} s old"
    age = max(0.0, (facts.now - facts.quote.quoted_at).total_seconds())
    return age, age >= limit, f"the quote of {facts.request.symbol} is {age:,.0f} of {limit} s old"


def _collar(limit: float, facts: OrderFacts) -> Told:
    """An order without a price of its own is what the market makes of it: the spread judges it."""
    named, price = facts.request.limit_price or facts.request.stop_price, _price(facts.quote)
    if named is None:
        return 0.0, False, f"the order names no price; the limit is {limit:.2%}"
    if price is None:
        return None, True, f"{_no_quote(facts)}; the order may be {limit:.2%} away from it"
    away = abs(float(named) - price) / price
    told = f"the order at {named} is {away:.2%} away from the price of {price:,.2f}"
    return away, away >= limit, f"{told}; the limit is {limit:.2%}"


def _spread(limit: float, facts: OrderFacts) -> Told:
    """A spread that nobody tells holds back what has no limit price; that bounds all others."""
    quote = facts.quote
    if quote is None:
        return None, True, f"{_no_quote(facts)}; the spread may be {limit:.2%}"
    if quote.bid is None or quote.ask is None:
        is_bound = facts.request.limit_price is not None
        told = f"{quote.provider} tells no bid and ask of {quote.symbol}"
        return None, not is_bound, f"{told}; the limit is {limit:.2%}"
    spread = (quote.ask - quote.bid) / ((quote.ask + quote.bid) / 2)
    told = f"the spread is {spread:.2%} of the middle of {quote.bid:,.2f} and {quote.ask:,.2f}"
    return spread, spread >= limit, f"{told}; the limit is {limit:.2%}"


def _price(quote: Quote | None) -> float | None:
    """Return the last price, else the middle, else the side that is there."""
    if quote is None:
        return None
    if quote.last is not None:
        return quote.last
    sides = [side for side in (quote.bid, quote.ask) if side is not None]
    return sum(sides) / len(sides)


def _no_quote(facts: OrderFacts) -> str:
    return f"missing input: there is no quote of {facts.request.symbol}"


def _verdict(name: GuardName, unit: Unit, limit: float, told: Told) -> GuardVerdict:
    value, is_breached, detail = told
    return GuardVerdict(
        name=name,
        unit=unit,
        value=value,
        limit=limit,
        breached=is_breached,
        action=GuardAction.REFUSE if is_breached else GuardAction.NONE,
        detail=detail,
    )
