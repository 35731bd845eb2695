"""Doubt the data: holes, two providers that disagree, a market calendar that differs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from core.analysis.gaps import session_gaps
from core.analysis.price_check import price_disputes
from core.domain.feed_policy import Gap, PriceDispute
from core.domain.feeds import DataFinding, SessionHours
from core.domain.market import BarQuery, Timeframe
from core.errors import AppError
from core.flow import calendars
from core.flow.catalog import StepContext, step
from core.ports import MarketCalendar, MarketData
from core.steps.alert import send_alert
from core.steps.bar_feed import asking
from core.steps.moment import CALENDAR, known_at, received_at
from core.steps.providers import Provider
from core.steps.services import Services

CHECKED_SESSIONS = 5
GAP_DAYS = 365


@step("check.gaps")
def gaps(context: StepContext) -> dict[str, Any]:
    """Report the sessions of the last year whose daily bar is not there."""
    found = find_gaps(context.services, calendars.last_closed(CALENDAR, known_at(context)))
    gone = sum(gap.count for gap in found)
    return {"missing_bars": gone, "gaps": [gap.model_dump(mode="json") for gap in found]}


def find_gaps(services: Services, until: date) -> list[Gap]:
    """Return the holes in the daily bars of the followed symbols, from their first bar on."""
    start, stored = until - timedelta(days=GAP_DAYS), services.storage.bars
    sessions = calendars.sessions(CALENDAR, start, until)
    found = []
    for symbol in services.universe.all:
        have = stored.sessions(symbol, Timeframe.DAY, start, until)
        expected = [day for day in sessions if have and day >= have[0]]
        found += session_gaps(symbol, have, expected)
    return found


@step("check.prices")
def prices(context: StepContext) -> dict[str, Any]:
    """Compare the newest closes of two providers; a dispute escalates, once."""
    services, policy = context.services, context.services.playbook.feeds
    last = calendars.last_closed(CALENDAR, known_at(context))
    sessions = calendars.sessions(CALENDAR, last - timedelta(days=2 * CHECKED_SESSIONS), last)
    start = sessions[-CHECKED_SESSIONS:][0]
    symbols = services.universe.all[: policy.cross_check_symbols]
    if len(services.adapters.market_data) < 2 or not symbols:
        return {"checked": 0, "disputes": 0, "note": "it takes two providers of bars"}
    disputes, failed = [], dict[str, str]()
    for symbol in symbols:
        closes = _closes(services.adapters.market_data, symbol, (start, last), failed)
        known = services.storage.actions.known_of([symbol], received_at(context)).get(symbol, [])
        disputes += price_disputes(
            symbol, closes, difference_fraction=policy.price_difference_fraction,
            split_ratios=[action.ratio for action in known if action.ratio],
        )  # fmt: skip
    for dispute in disputes:
        _tell(context, "dispute", dispute.symbol, _words(dispute))
    return {"checked": len(symbols), "disputes": len(disputes), "failed": failed}


def _closes(
    providers: Sequence[Provider[MarketData]],
    symbol: str,
    span: tuple[date, date],
    failed: dict[str, str],
) -> dict[str, dict[date, float]]:
    query = BarQuery(symbol=symbol, timeframe=Timeframe.DAY, start=span[0], end=span[1])
    found = {}
    for provider in providers[:2]:
        try:
            bars = provider.call(asking(query)).dropna(subset=["close"])
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
            told = _hours(provider, source, start, end)
            theirs = {one.session_date: (one.opens_at, one.closes_at) for one in told}
            days = calendars.sessions(CALENDAR, start, end)
            ours = {day: calendars.hours(CALENDAR, day) for day in days}
            different = sorted(d for d in ours.keys() | theirs if ours.get(d) != theirs.get(d))
            for day in different:
                _tell(context, "calendar", CALENDAR, f"{provider.name} has other hours on {day}")
            return {"checked": len(ours), "different": [day.isoformat() for day in different]}
    return {"checked": 0, "different": [], "note": "no provider publishes the market's hours"}


def _hours(
    provider: Provider[MarketData], source: MarketCalendar, start: date, end: date
) -> list[SessionHours]:
    """Ask behind the provider's rate limit and breaker."""
    return provider.call(lambda _same: source.session_hours(start, end))


def _tell(context: StepContext, kind: Any, symbol: str, text: str) -> None:
    """Keep a finding and alert the operator; the same words again do neither."""
    services = context.services
    finding = DataFinding(
        kind=kind, symbol=symbol, text=text, found_at=received_at(context), run_id=context.run_id
    )
    services.storage.quality.record_findings([finding])
    key = f"alert:data:{kind}:{symbol}:{text.partition(':')[0]}"
    send_alert(services.ledger, services.adapters.alerts, key, f"{symbol}: {kind}", text)
