"""Tell the operator something, once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.flow.effects import EffectLedger, Lookup
from core.ports import Alerts


@dataclass(frozen=True)
class SendAlert:
    """The effect of telling the operator something."""

    alerts: Alerts
    lookup: Lookup = "none"
    timeout_s: float = 10.0

    @property
    def target(self) -> str:
        return self.alerts.name

    def send(self, key: str, request: dict[str, Any]) -> dict[str, Any]:
        self.alerts.send(key, request["title"], request["body"])
        return {"external_id": key}

    def find(self, key: str, request: dict[str, Any]) -> dict[str, Any] | None:
        return None


def send_alert(ledger: EffectLedger, alerts: Alerts, key: str, title: str, body: str) -> None:
    """Send an alert under its key, `alert:...`; the same key again sends nothing."""
    ledger.apply(key, SendAlert(alerts), {"title": title, "body": body})
