"""News: headlines, and what a source refused of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from core.domain.feeds import NewsItem, QuarantinedRow


@runtime_checkable
class News(Protocol):
    """Delivers headlines. Contract: tests/contract/test_news.py."""

    name: str

    def headlines(self, symbols: Sequence[str], since: datetime, until: datetime) -> list[NewsItem]:
        """Return what was published in [since, until], oldest first, in plain text.

        A source that knows symbols gives what is about these; any other gives all it has.
        Raises: UnavailableError, AuthenticationError, UnexpectedResponseError.
        """
        ...


@runtime_checkable
class RefusesRows(Protocol):
    """A source that refuses single rows and loses single addresses, and tells."""

    def refused(self) -> list[QuarantinedRow]:
        """Return what was refused since the last call."""
        ...

    def failures(self) -> dict[str, str]:
        """Return why an address gave nothing at the last call, by address."""
        ...
