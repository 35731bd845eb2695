"""The operator's setup files: which plans are looked for, and with which parameters.

Distances in `_atr` are in average true ranges (ATR 14), those in `_fraction` parts of the price,
ages in daily sessions.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, model_validator

from core.domain.base import Fraction, Frozen
from core.domain.scenarios import Side
from core.domain.tactics import Stage

SetupName = Literal[
    "vwap_reclaim", "vwap_rejection", "htf_support_bounce", "htf_resistance_rejection",
    "breakout", "breakdown", "gap_fill", "range_mean_reversion", "trend_pullback",
    "opening_range_breakout",
]  # fmt: skip
INTRADAY: frozenset[SetupName] = frozenset(
    {"vwap_reclaim", "vwap_rejection", "gap_fill", "opening_range_breakout"}
)
Atr = Annotated[float, Field(gt=0, le=10, allow_inf_nan=False)]
Reach = Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)]
Sessions = Annotated[int, Field(ge=1, le=250)]
RelativeVolume = Annotated[float, Field(ge=0, le=10)]

_TITLES = {
    "vwap_reclaim": "VWAP reclaim",
    "vwap_rejection": "VWAP rejection",
    "htf_support_bounce": "support bounce",
    "htf_resistance_rejection": "resistance rejection",
}
# setups that stored plans name by one word for both sides
_SHORT_TITLES = {"breakout": "breakdown", "support_bounce": "resistance rejection"}


def setup_title(setup: str, side: Side) -> str:
    """Return what a setup is called, that of an older plan by its side."""
    if side is Side.SHORT and setup in _SHORT_TITLES:
        return _SHORT_TITLES[setup]
    return _TITLES.get(setup, setup.replace("_", " "))


SETUP_TITLES = tuple(setup_title(name, Side.LONG) for name in get_args(SetupName))


class Geometry(Frozen):
    """Zone and stop, both counted from the price that a plan rests on."""

    zone_atr: Atr
    stop_atr: Atr


class LevelGeometry(Geometry):
    """Targets at the next levels that pay, counted in ATR from the worst fill where none does."""

    first_target_atr: Atr
    best_target_atr: Atr
    maximum_target_atr: Atr

    @model_validator(mode="after")
    def _ordered(self) -> LevelGeometry:
        if not self.first_target_atr < self.best_target_atr <= self.maximum_target_atr:
            raise ValueError("the targets must be ordered: first < best <= maximum")
        return self


class VwapParameters(Geometry):
    """A price that has come back over VWAP, with volume. Targets count from the worst fill.

    minimum_dip_atr: how far beyond VWAP the session must have been before it came back.
    """

    kind: Literal["vwap_reclaim", "vwap_rejection"]
    minimum_dip_atr: Atr
    maximum_distance_fraction: Fraction
    minimum_relative_volume: RelativeVolume
    targets_atr: Annotated[tuple[Atr, ...], Field(min_length=1, max_length=3)]

    @model_validator(mode="after")
    def _ordered(self) -> VwapParameters:
        if any(b <= a for a, b in pairwise(self.targets_atr)):
            raise ValueError("targets_atr must rise")
        return self


class BounceParameters(LevelGeometry):
    """A level that was touched and held."""

    kind: Literal["htf_support_bounce", "htf_resistance_rejection"]
    touch_atr: Atr
    touch_sessions: Sessions
    maximum_distance_fraction: Fraction
    minimum_confluence: Annotated[int, Field(ge=1, le=5)]
    minimum_close_position: Fraction


class BreakParameters(LevelGeometry):
    """A price beyond an edge, with volume.

    conditional_reach_atr: a price that is still so near to the edge gets a plan that waits for
        the break; 0 for none. It stays within the stop, or the plan would end before it begins.
    """

    maximum_extension_fraction: Fraction
    minimum_relative_volume: RelativeVolume
    conditional_reach_atr: Reach = 0

    @model_validator(mode="after")
    def _waits_within_the_stop(self) -> BreakParameters:
        if self.conditional_reach_atr > self.stop_atr:
            raise ValueError("conditional_reach_atr must not exceed stop_atr")
        return self


class BreakoutParameters(BreakParameters):
    """A price beyond the highest high (lowest low) of the sessions before."""

    kind: Literal["breakout", "breakdown"]
    lookback_sessions: Sessions
    fresh_sessions: Sessions


class OpeningRangeParameters(BreakParameters):
    """A price beyond the range of the session's first five minutes."""

    kind: Literal["opening_range_breakout"] = "opening_range_breakout"
    maximum_range_atr: Atr


class GapFillParameters(Geometry):
    """An open away from the last close, and a price that moves back towards it."""

    kind: Literal["gap_fill"] = "gap_fill"
    minimum_gap_atr: Atr
    maximum_gap_atr: Atr

    @model_validator(mode="after")
    def _ordered(self) -> GapFillParameters:
        if self.minimum_gap_atr >= self.maximum_gap_atr:
            raise ValueError("minimum_gap_atr must be below maximum_gap_atr")
        return self


class MeanReversionParameters(Geometry):
    """A price far from its mean that turns. The zone is the end of the candle that turned."""

    kind: Literal["range_mean_reversion"] = "range_mean_reversion"
    minimum_extension_atr: Atr
    maximum_target_atr: Atr
    swing_sessions: Sessions
    minimum_close_position: Fraction


class TrendPullbackParameters(LevelGeometry):
    """A trend that fell back to its 21-day average and turned."""

    kind: Literal["trend_pullback"] = "trend_pullback"
    touch_atr: Atr
    touch_sessions: Sessions
    swing_sessions: Sessions
    minimum_pullback_atr: Atr
    maximum_distance_atr: Atr
    rsi_minimum: Annotated[float, Field(ge=0, le=100)]
    rsi_maximum: Annotated[float, Field(ge=0, le=100)]

    @model_validator(mode="after")
    def _is_a_band(self) -> TrendPullbackParameters:
        if self.rsi_minimum >= self.rsi_maximum:
            raise ValueError("rsi_minimum must be below rsi_maximum")
        return self


Parameters = Annotated[
    VwapParameters
    | BounceParameters
    | BreakoutParameters
    | GapFillParameters
    | MeanReversionParameters
    | TrendPullbackParameters
    | OpeningRangeParameters,
    Field(discriminator="kind"),
]


class SetupFile(Frozen):
    """One file of data/tactics; `setup` is also the file's name.

    timebox_minutes: how long an intraday plan may stay open; its session ends it, too.
    """

    setup: SetupName
    version: int = Field(ge=1)
    stage: Stage
    timebox_sessions: int = Field(default=5, ge=1, le=60)
    timebox_minutes: Annotated[int, Field(ge=1, le=390)] | None = None
    breakeven_after_target: Annotated[int, Field(ge=1, le=3)] | None = None
    parameters: Parameters

    @model_validator(mode="before")
    @classmethod
    def _name_the_parameters(cls, content: Any) -> Any:
        """Let the setup's name choose the model of its parameters."""
        if not isinstance(content, dict) or not isinstance(content.get("parameters"), dict):
            return content
        return {**content, "parameters": {"kind": content.get("setup"), **content["parameters"]}}

    @model_validator(mode="after")
    def _belong_together(self) -> SetupFile:
        if self.parameters.kind != self.setup:
            raise ValueError(f"parameters of {self.parameters.kind} under setup {self.setup}")
        return self

    @model_validator(mode="after")
    def _ends_in_time(self) -> SetupFile:
        is_intraday = self.setup in INTRADAY
        if is_intraday and (self.timebox_minutes is None or self.timebox_sessions != 1):
            raise ValueError("an intraday setup needs timebox_sessions: 1 and timebox_minutes")
        if not is_intraday and self.timebox_minutes is not None:
            raise ValueError("timebox_minutes is for intraday setups")
        return self
