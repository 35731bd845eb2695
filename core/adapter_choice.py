"""Which adapter serves which port, as the settings choose."""

from __future__ import annotations

from collections.abc import Sequence

from core import registry
from core.adapters.split_brackets import SplitBrackets
from core.domain.feed_policy import ProviderPolicy
from core.errors import ConfigurationError
from core.flow.runtime import running
from core.ports import (
    Alerts,
    Analyst,
    Broker,
    FundamentalsSource,
    LanguageModel,
    MarketData,
    MarketStream,
    News,
    Publisher,
)
from core.registry import PortT
from core.settings import Mode, Settings
from core.steps.limits import Timing, TokenBucket
from core.steps.providers import Provider
from core.steps.services import Adapters, Playbook

RULES = "rules"


def build_adapters(settings: Settings, playbook: Playbook) -> Adapters:
    """Build what is chosen; the adapters of one vendor share its rate limit."""
    choice = _Choice(settings, playbook)
    return Adapters(
        market_data=choice.chain("market_data", settings.market_data, MarketData),
        news=choice.chain("news", settings.news, News),
        fundamentals=choice.chain("fundamentals", settings.fundamentals, FundamentalsSource),
        analyst=choice.one("analysts", RULES, Analyst),
        language_model=choice.language_model(),
        broker=choice.broker(),
        publishers={
            name: choice.one("publishers", name, Publisher) for name in settings.publishers
        },
        alerts=choice.one("alerts", settings.alerts, Alerts),
        stream=choice.stream(),
    )


class _Choice:
    """Builds adapters one after the other, and knows the rate limits that they share."""

    def __init__(self, settings: Settings, playbook: Playbook) -> None:
        self._settings, self._playbook = settings, playbook
        self._timing = Timing(wait=_pause)
        self._buckets: dict[str, TokenBucket] = {}

    def one(self, kind: str, name: str, port: type[PortT]) -> PortT:
        return registry.create(kind, name, port, self._settings)

    def chain(self, kind: str, names: Sequence[str], port: type[PortT]) -> list[Provider[PortT]]:
        """Return the providers of one kind, in the order to ask them."""
        return [self._provider(name, self.one(kind, name, port)) for name in names]

    def language_model(self) -> Provider[LanguageModel] | None:
        """Return the model that was chosen as analyst, None where the rules are."""
        name, policy = self._settings.analyst, self._playbook.models.server
        if name == RULES:
            return None
        adapter = self.one("language_models", name, LanguageModel)
        return Provider(name, adapter, policy, bucket=self._bucket(policy), timing=self._timing)

    def broker(self) -> Broker:
        """Return the broker; plans of several take-profits are split where it holds one."""
        broker = self.one("brokers", self._settings.broker, Broker)
        return broker if broker.capabilities().several_take_profits else SplitBrackets(broker)

    def stream(self) -> MarketStream | None:
        """Return the stream that was chosen, None where there is none.

        Raises: ConfigurationError in the demo, which follows no live market.
        """
        chosen = self._settings.stream
        if not chosen:
            return None
        if self._settings.mode is Mode.DEMO:
            raise ConfigurationError(
                f"CONVERGENCE_STREAM={chosen}: the demo replays the sample and follows no "
                "live market; set CONVERGENCE_MODE=paper, or leave CONVERGENCE_STREAM empty"
            )
        return self.one("streams", chosen, MarketStream)

    def _provider(self, name: str, adapter: PortT) -> Provider[PortT]:
        own = self._playbook.feeds.provider(name)
        bucket = self._buckets.setdefault(name, self._bucket(own))
        return Provider(name, adapter, own, bucket=bucket, timing=self._timing)

    def _bucket(self, policy: ProviderPolicy) -> TokenBucket:
        return TokenBucket(policy.requests_per_minute, self._timing.clock)


def _pause(seconds: float) -> None:
    """Wait within a step; a stop of the engine ends it."""
    running().pause(seconds)
