"""The switch at the broker: a suspended account takes no new order, closing ones too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.ports import Broker
from core.steps.clearing import Clearing
from core.steps.order_effects import BrokerEffect
from core.steps.services import Services


@dataclass(frozen=True)
class Switch(BrokerEffect):
    """The effect of suspending an account or of resuming it; doing it twice does nothing."""

    change: Callable[[], None]

    @property
    def target(self) -> str:
        """It is no order, and blocks none where nobody knows whether it has happened."""
        return f"{self.broker.name} switch"

    def send(self, key: str, request: dict[str, Any]) -> dict[str, Any]:
        self.change()
        return {"external_id": key}

    def find(self, key: str, request: dict[str, Any]) -> dict[str, Any] | None:
        return None  # it may be asked again


def suspend(clearing: Clearing) -> bool:
    """Suspend an account that is flat, and tell whether it is suspended now.

    With a position open it would refuse the order that closes it, and the stop that protects it.
    """
    broker: Broker = clearing.broker
    if not broker.capabilities().suspend or broker.positions():
        return False
    effect = Switch(broker, broker.suspend)
    return clearing.apply(f"suspend:{clearing.run_id}", effect, {}) is not None


def resume(services: Services, key: str) -> None:
    """Let the broker take orders again.

    Raises: EffectError, AuthenticationError.
    """
    broker = services.adapters.broker
    if broker.capabilities().suspend:
        services.ledger.apply(f"resume:{key}", Switch(broker, broker.resume), {})
