"""Tell the operator something that may be noticed again and again, once."""

from __future__ import annotations

from core.steps.alert import send_alert
from core.steps.services import Services


def tell_once(services: Services, key: str, title: str, body: str) -> None:
    """Send an alert under its key; noticed again in other words it is still the first one."""
    record = services.ledger.get(key)
    said = record.request if record else {"title": title, "body": body}
    send_alert(services.ledger, services.adapters.alerts, key, said["title"], said["body"])
