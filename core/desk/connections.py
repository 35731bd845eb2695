"""Which adapters are chosen, and whether they answer."""

from __future__ import annotations

from collections.abc import Callable

from core import registry
from core.domain.reports import ConnectionReport
from core.errors import AppError
from core.ports import Publisher
from core.steps.services import Services


class Connections:
    """Asks every chosen adapter something harmless."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def doctor(self) -> list[ConnectionReport]:
        """Return one line per shipped adapter."""
        probes = self._probes()
        return [
            _report(kind, name, probes.get((kind, name)))
            for kind in registry.KINDS
            for name in registry.names(kind)
        ]

    def _probes(self) -> dict[tuple[str, str], Callable[[], str]]:
        adapters, settings = self._services.adapters, self._services.settings
        publishers = {
            ("publishers", name): _guarantee(publisher)
            for name, publisher in adapters.publishers.items()
        }
        return {
            ("market_data", settings.market_data): _saying(
                lambda: ", ".join(adapters.market_data.symbols())
            ),
            ("news", settings.news): _saying(lambda: adapters.news.name),
            ("fundamentals", settings.fundamentals): _saying(lambda: adapters.fundamentals.name),
            ("analysts", settings.analyst): _saying(lambda: adapters.analyst.name),
            ("brokers", settings.broker): _saying(
                lambda: f"account {adapters.broker.account().account_id}"
            ),
            ("alerts", settings.alerts): _saying(lambda: adapters.alerts.name),
            **publishers,
        }


def _guarantee(publisher: Publisher) -> Callable[[], str]:
    return lambda: f"guarantee {publisher.capabilities().guarantee}"


def _saying(answer: Callable[[], object]) -> Callable[[], str]:
    return lambda: str(answer())


def _report(kind: str, name: str, probe: Callable[[], str] | None) -> ConnectionReport:
    if probe is None:
        return ConnectionReport(
            kind=kind, adapter=name, configured=False, reachable=None, detail="not chosen"
        )
    try:
        detail, reachable = probe(), True
    except AppError as error:
        detail, reachable = str(error), False
    return ConnectionReport(
        kind=kind, adapter=name, configured=True, reachable=reachable, detail=detail
    )
