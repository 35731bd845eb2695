"""Stand-ins for outside services that fail on command and count what really happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from core.flow.effects import Lookup

Fault = Callable[[], Exception]


class Server:
    """Refuses nothing: a second send under one key is a second effect unless it `is_unique`."""

    target = "server"

    def __init__(
        self, lookup: Lookup, *, is_unique: bool = False, timeout_s: float = 5, settle_s: float = 0
    ) -> None:
        self.lookup, self.timeout_s, self.settle_s = lookup, timeout_s, settle_s
        self.is_unique = is_unique
        self.effects: Counter[str] = Counter()
        self.sends = 0
        self.before: list[Exception | None] = []
        self.after: list[Exception | None] = []
        self.finds: list[Exception | None] = []

    def send(self, key: str, request: dict[str, Any]) -> dict[str, Any]:
        self.sends += 1
        self._maybe_fail(self.before)
        if not (self.is_unique and self.effects[key]):
            self.effects[key] += 1
        self._maybe_fail(self.after)
        return {"external_id": f"server-{key}", "echo": request}

    def find(self, key: str, request: dict[str, Any]) -> dict[str, Any] | None:
        self._maybe_fail(self.finds)
        return {"external_id": f"server-{key}"} if self.effects[key] else None

    @staticmethod
    def _maybe_fail(queue: list[Exception | None]) -> None:
        if queue and (error := queue.pop(0)):
            raise error
