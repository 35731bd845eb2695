"""What waits for a decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.domain.content import ContentVersion
from core.domain.orders import OrderRequest
from core.domain.risk import SizeDecision
from core.domain.tactics import Tactic


@dataclass(frozen=True)
class Inbox:
    """What some approvals are about: tactics, orders and sizes by tactic id, posts by content id.

    equity: the newest one known, in USD; None before the broker was asked.
    """

    tactics: Mapping[str, Tactic]
    requests: Mapping[str, OrderRequest]
    sizes: Mapping[str, SizeDecision]
    contents: Mapping[str, ContentVersion]
    equity: float | None
