"""Where an open plan stands at one moment."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from core.domain.base import Frozen, Number, Price, UtcDatetime


class PlanMark(Frozen):
    """What the bars so far make of a plan, by rule.

    running_r: closed parts and the rest at `last`. stop: where it is now, None before entry.
    """

    tactic_id: str
    version: int = Field(ge=1)
    scenario_key: str
    marked_at: UtcDatetime
    bars_to: UtcDatetime
    status: Literal["waiting", "triggered", "open", "final"]
    last: Price
    running_r: Number
    mae_r: Number = Field(ge=0)
    mfe_r: Number = Field(ge=0)
    stop: Price | None = None
