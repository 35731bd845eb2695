"""Insights: what an analyst makes of a snapshot, each reason citing the facts it rests on."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from core.domain.base import Fraction, Frozen, Sha256, Symbol, UtcDatetime, content_sha256
from core.domain.tactics import Bias


class Driver(Frozen):
    """One reason for a stance, citing the facts that it rests on."""

    text: str
    direction: Literal[-1, 0, 1]
    fact_ids: tuple[str, ...] = Field(min_length=1)


class Insight(Frozen):
    """What an analyst makes of a snapshot."""

    snapshot_id: Sha256
    symbol: Symbol
    session_date: date
    as_of: UtcDatetime
    engine: str
    stance: Bias
    bias_sum: int
    conviction: Fraction
    summary: str
    drivers: tuple[Driver, ...]
    risks: tuple[str, ...]
    would_change_mind: str

    @property
    def insight_id(self) -> str:
        return content_sha256(self)
