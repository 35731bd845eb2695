"""The limits that stop the desk, whatever a single plan is worth."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from pydantic import Field

from core.domain.base import Frozen


class Stricter(Enum):
    """Which way a limit becomes stricter; every limit of a policy carries one.

    FIRST: its values have no order, and what was said first about a key stands.
    """

    LOWER = "lower"
    HIGHER = "higher"
    FIRST = "first"


LossFraction = Annotated[float, Field(gt=0, le=0.5), Stricter.LOWER]


class GuardLimits(Frozen):
    """When entries stop, and which orders are held back. Fractions are of equity.

    day_loss_fraction, week_loss_fraction: of the marked equity at the start of the session and of
        its week. drawdown_fraction: below the highest marked equity.
    loss_streak: results in a row below zero. cooldown_minutes: after a result, won or lost.
    price_collar_fraction: a limit's distance from the last price. spread_fraction: of the middle.
    stop_gain_r: what a session may make before one more plan, of the best grade, is its last.
    """

    day_loss_fraction: LossFraction = 0.03
    week_loss_fraction: LossFraction = 0.06
    drawdown_fraction: LossFraction = 0.15
    trades_per_day: Annotated[int, Field(ge=0, le=1000), Stricter.LOWER] = 2
    loss_streak: Annotated[int, Field(ge=1, le=100), Stricter.LOWER] = 3
    cooldown_minutes: Annotated[int, Field(ge=0, le=24 * 60), Stricter.HIGHER] = 15
    orders_per_minute: Annotated[int, Field(ge=1, le=1000), Stricter.LOWER] = 10
    price_collar_fraction: Annotated[float, Field(gt=0, le=0.5), Stricter.LOWER] = 0.05
    quote_age_seconds: Annotated[int, Field(ge=1, le=24 * 60 * 60), Stricter.LOWER] = 900
    spread_fraction: Annotated[float, Field(gt=0, le=0.2), Stricter.LOWER] = 0.01
    stop_gain_r: Annotated[float, Field(gt=0, le=100), Stricter.LOWER] = 3.0
