"""Doubt the data: two providers that disagree, a market calendar that differs."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from core.analysis.price_check import price_disputes
from core.domain.feed_policy import PriceDispute
from core.domain.feeds import DataFinding, SessionHours
from core.domain.market import BarQuery, Timeframe
from core.errors import AppError
from core.flow import calendars
from core.flow.catalog import StepContext, step
from core.ports import MarketCalendar, MarketData
from core.steps.alert import send_alert
from core.steps.bar_answers import asking
from core.steps.missing_bars import newest_settled
from core.steps.moment import CALENDAR, known_at, received_at
from core.steps.providers import Provider

CHECKED_SESSIONS = 5
QUARTER_S = 15 * 60  # how often the aggregation runs


@step("check.prices")
def prices(context: StepContext) -> dict[str, Any]:
    """Compare the newest closes of two providers; a dispute escalates, once.

    A run compares some symbols, the next one the following, the leads like all others.
    """
    services, policy = context.services, context.services.playbook.feeds
    last = newest_settled(known_at(context))
    sessions = calendars.sessions(CALENDAR, last - timedelta(days=2 * CHECKED_SESSIONS), last)
    start = sessions[-CHECKED_SESSIONS:][0]
    symbols = _in_turn(context, policy.cross_check_symbols)
    if len(services.adapters.market_data) < 2 or not symbols:
        return {"checked": 0, "disputes": 0, "note": "it takes two providers of bars"}
    disputes, failed = [], dict[str, str]()
    for symbol in symbols:
        closes = _closes(context, symbol, (start, last), failed)
        known = services.storage.actions.known_of([symbol], received_at(context)).get(symbol, [])
        disputes += price_disputes(
            symbol, closes, difference_fraction=policy.price_difference_fraction,
            split_ratios=[action.ratio for action in known if action.ratio],
        )  # fmt: skip
    for dispute in disputes:
        _tell(context, "dispute", dispute.symbol, _words(dispute))
    return {"checked": len(symbols), "disputes": len(disputes), "failed": failed}


def _in_turn(context: StepContext, count: int) -> list[str]:
    """Return the next symbols to compare, each in its turn, by the quarters of an hour."""
    symbols = context.services.universe.all
    run = int(context.as_of.timestamp()) // QUARTER_S
    turns = (symbols[(run * count + place) % len(symbols)] for place in range(count) if symbols)
    return list(dict.fromkeys(turns))


def _closes(
    context: StepContext, symbol: str, span: tuple[date, date], failed: dict[str, str]
) -> dict[str, dict[date, float]]:
    query = BarQuery(symbol=symbol, timeframe=Timeframe.DAY, start=span[0], end=span[1])
    found = {}
    services = context.services
    for provider in services.adapters.market_data[:2]:
        try:
            bars = provider.call(asking(query), services.playbook.feeds.patience_seconds)
            bars = bars.dropna(subset=["close"])
        except AppError as error:
            failed[f"{provider.name} {symbol}"] = str(error)
        else:
            found[provider.name] = {
                day: float(close)
                for day, close in zip(bars["session_date"], bars["close"], strict=True)
                if close > 0
            }
    return found


def _words(dispute: PriceDispute) -> str:
    why = ", as if one of them had applied a split" if dispute.kind == "split" else ""
    return (
        f"{dispute.session_date}: {dispute.provider_a} says {dispute.price_a:.2f}, "
        f"{dispute.provider_b} says {dispute.price_b:.2f}, "
        f"{dispute.difference_fraction:.2%} apart{why}"
    )


@step("check.calendar")
def calendar(context: StepContext) -> dict[str, Any]:
    """Compare the market's hours of the next days with those that a provider publishes."""
    start = context.session_date
    end = start + timedelta(days=14)
    for provider in context.services.adapters.market_data:
        source = provider.adapter
        if isinstance(source, MarketCalendar):
            told = _hours(context, provider, source, (start, end))
            theirs = {one.session_date: (one.opens_at, one.closes_at) for one in told}
            days = calendars.sessions(CALENDAR, start, end)
            ours = {day: calendars.hours(CALENDAR, day) for day in days}
            different = sorted(d for d in ours.keys() | theirs if ours.get(d) != theirs.get(d))
            for day in different:
                _tell(context, "calendar", CALENDAR, f"{provider.name} has other hours on {day}")
            return {"checked": len(ours), "different": [day.isoformat() for day in different]}
    return {"checked": 0, "different": [], "note": "no provider publishes the market's hours"}


def _hours(
    context: StepContext,
    provider: Provider[MarketData],
    source: MarketCalendar,
    span: tuple[date, date],
) -> list[SessionHours]:
    """Ask behind the provider's rate limit and breaker."""
    patience_s = context.services.playbook.feeds.patience_seconds
    return provider.call(lambda _same: source.session_hours(*span), patience_s)


def _tell(context: StepContext, kind: Any, symbol: str, text: str) -> None:
    """Keep a finding and alert the operator; the same words again do neither."""
    services = context.services
    finding = DataFinding(
        kind=kind, symbol=symbol, text=text, found_at=received_at(context), run_id=context.run_id
    )
    services.storage.quality.record_findings([finding])
    key = f"alert:data:{kind}:{symbol}:{text.partition(':')[0]}"
    send_alert(services.ledger, services.adapters.alerts, key, f"{symbol}: {kind}", text)
