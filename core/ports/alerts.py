"""How the operator is told."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class Alerts(Protocol):
    """Tells the operator. Contract: tests/contract/test_alerts.py."""

    name: str

    def send(self, key: str, title: str, body: str) -> None: ...
