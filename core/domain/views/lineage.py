"""What a post rests on."""

from __future__ import annotations

from datetime import date
from typing import Literal

from core.domain.base import Frozen, UtcDatetime


class LineageRow(Frozen):
    """One thing that a post rests on; `depth` is how far below the post it lies."""

    depth: int
    kind: Literal[
        "publication", "content", "tactic", "insight", "snapshot", "bars", "headline",
        "fundamentals",
    ]  # fmt: skip
    reference: str
    title: str
    provider: str = ""
    label: str = ""
    first_at: UtcDatetime | date | None = None
    last_at: UtcDatetime | date | None = None
    count: int = 1
    sha256: str = ""
