"""Which adapters are chosen, and whether they answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from core import registry
from core.domain.reports import ConnectionReport
from core.errors import AppError
from core.ports import FundamentalsSource, MarketData, News, Publisher
from core.steps.moment import eastern, session_of
from core.steps.providers import Provider
from core.steps.services import Services


class Connections:
    """What is known of every adapter, and a harmless question to each chosen one."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def doctor(self) -> list[ConnectionReport]:
        """Return one line per shipped adapter. A language model is not asked: answers cost."""
        probes, known = self._probes(), self._known()
        return [
            known.get((kind, name)) or _not_chosen(kind, name)
            if kind == "language_models"
            else _report(kind, name, probes.get((kind, name)))
            for kind, name in _shipped()
        ]

    def report(self) -> list[ConnectionReport]:
        """Return one line per shipped adapter from what is known already; nobody is asked."""
        known = self._known()
        return [known.get(adapter) or _not_chosen(*adapter) for adapter in _shipped()]

    def _known(self) -> dict[tuple[str, str], ConnectionReport]:
        adapters, settings = self._services.adapters, self._services.settings
        feeds: dict[str, Sequence[Provider[Any]]] = {
            "market_data": adapters.market_data,
            "news": adapters.news,
            "fundamentals": adapters.fundamentals,
        }
        others = [
            ("streams", settings.stream), ("analysts", adapters.analyst.name),
            ("brokers", settings.broker), ("alerts", settings.alerts),
            *(("publishers", name) for name in adapters.publishers),
        ]  # fmt: skip
        if adapters.language_model:
            feeds["language_models"] = [adapters.language_model]
        told = {
            (kind, one.name): _told(kind, one) for kind, asked in feeds.items() for one in asked
        }
        return told | {(kind, name): _unasked(kind, name) for kind, name in others}

    def _probes(self) -> dict[tuple[str, str], Callable[[], str]]:
        adapters, settings = self._services.adapters, self._services.settings
        symbols = self._services.universe.symbols
        now = self._services.clock.now()
        feeds = {
            **{("market_data", p.name): _quotes(p, symbols[:1]) for p in adapters.market_data},
            **{("news", p.name): _headlines(p, symbols[:1], now) for p in adapters.news},
            **{
                ("fundamentals", p.name): _fundamentals(p, symbols[0], now)
                for p in adapters.fundamentals
            },
        }
        publishers = {
            ("publishers", name): _guarantee(publisher)
            for name, publisher in adapters.publishers.items()
        }
        return {
            **feeds,
            ("analysts", adapters.analyst.name): _saying(lambda: adapters.analyst.name),
            ("brokers", settings.broker): _saying(
                lambda: f"account {adapters.broker.account().account_id}"
            ),
            ("alerts", settings.alerts): _saying(lambda: adapters.alerts.name),
            ("streams", settings.stream): _saying(lambda: f"{settings.stream} is chosen"),
            **publishers,
        }


def _quotes(provider: Provider[MarketData], symbols: Sequence[str]) -> Callable[[], str]:
    def ask() -> str:
        limited = provider.call(lambda source: source.symbols())
        if limited:
            return ", ".join(limited)
        found = provider.call(lambda source: source.quotes(symbols))
        return f"{len(found)} quote of {symbols[0]}"

    return ask


def _headlines(
    provider: Provider[News], symbols: Sequence[str], now: datetime
) -> Callable[[], str]:
    def ask() -> str:
        since = now - timedelta(days=1)
        found = provider.call(lambda source: source.headlines(symbols, since, now))
        return f"{len(found)} headlines of the last 24 hours"

    return ask


def _fundamentals(
    provider: Provider[FundamentalsSource], symbol: str, now: datetime
) -> Callable[[], str]:
    def ask() -> str:
        found = provider.call(lambda source: source.fundamentals(symbol, session_of(now)))
        return f"{symbol} as of {found.as_of_date}" if found else f"nothing of {symbol}"

    return ask


def _guarantee(publisher: Publisher) -> Callable[[], str]:
    return lambda: f"guarantee {publisher.capabilities().guarantee}"


def _saying(answer: Callable[[], object]) -> Callable[[], str]:
    return lambda: str(answer())


def _shipped() -> list[tuple[str, str]]:
    return [(kind, name) for kind in registry.KINDS for name in registry.names(kind)]


def _told(kind: str, provider: Provider[Any]) -> ConnectionReport:
    """Return what a provider's last answer says of it."""
    state = provider.state()
    succeeded, failed = state.last_success_at, state.last_failure_at
    if failed is not None and (succeeded is None or failed > succeeded):
        detail, reachable = state.last_error, False
    elif succeeded is not None:
        detail, reachable = f"answered {eastern(succeeded)}", True
    else:
        return _unasked(kind, provider.name)
    return ConnectionReport(
        kind=kind, adapter=provider.name, configured=True, reachable=reachable, detail=detail
    )


def _unasked(kind: str, name: str) -> ConnectionReport:
    return ConnectionReport(
        kind=kind,
        adapter=name,
        configured=True,
        reachable=None,
        detail="not asked since the desk started",
    )


def _not_chosen(kind: str, name: str) -> ConnectionReport:
    return ConnectionReport(
        kind=kind, adapter=name, configured=False, reachable=None, detail="not chosen"
    )


def _report(kind: str, name: str, probe: Callable[[], str] | None) -> ConnectionReport:
    if probe is None:
        return _not_chosen(kind, name)
    try:
        detail, reachable = probe(), True
    except AppError as error:
        detail, reachable = str(error), False
    return ConnectionReport(
        kind=kind, adapter=name, configured=True, reachable=reachable, detail=detail
    )
