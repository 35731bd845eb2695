"""Fundamentals, as they were known on a day."""

from __future__ import annotations

from datetime import date
from typing import Protocol, runtime_checkable

from core.domain.feeds import Fundamentals


@runtime_checkable
class FundamentalsSource(Protocol):
    """Delivers fundamentals. Contract: tests/contract/test_fundamentals.py."""

    name: str

    def fundamentals(self, symbol: str, as_of: date) -> Fundamentals | None:
        """Return what was known on `as_of`, None where the provider has nothing."""
        ...
