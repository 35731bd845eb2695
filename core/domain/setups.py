"""The operator's setup files: which plans are looked for, and with which parameters.

Distances are in average true ranges (ATR 14), ages in daily sessions.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from core.domain.base import Fraction, Frozen
from core.domain.tactics import Side, Stage

SetupName = Literal["breakout", "support_bounce", "trend_pullback"]
Atr = Annotated[float, Field(gt=0, le=10, allow_inf_nan=False)]
Sessions = Annotated[int, Field(ge=1, le=250)]

_TITLES: dict[tuple[str, Side], str] = {
    ("breakout", Side.SHORT): "breakdown",
    ("support_bounce", Side.SHORT): "resistance rejection",
}


def setup_title(setup: str, side: Side) -> str:
    """Return what a setup is called on a side: a short breakout is a breakdown."""
    return _TITLES.get((setup, side), setup.replace("_", " "))


class Geometry(Frozen):
    """Zone, stop and targets around the price that a plan rests on."""

    zone_atr: Atr
    stop_atr: Atr
    first_target_atr: Atr
    best_target_atr: Atr
    maximum_target_atr: Atr

    @model_validator(mode="after")
    def _ordered(self) -> Geometry:
        if not self.first_target_atr < self.best_target_atr <= self.maximum_target_atr:
            raise ValueError("the targets must be ordered: first < best <= maximum")
        return self


class BreakoutParameters(Geometry):
    """A close beyond the highest high (lowest low) of the sessions before."""

    kind: Literal["breakout"] = "breakout"
    lookback_sessions: Sessions
    fresh_sessions: Sessions
    maximum_extension_atr: Atr
    minimum_relative_volume: Annotated[float, Field(ge=0, le=10)]


class SupportBounceParameters(Geometry):
    """A level that was touched and held."""

    kind: Literal["support_bounce"] = "support_bounce"
    touch_atr: Atr
    touch_sessions: Sessions
    maximum_distance_atr: Atr
    minimum_confluence: Annotated[int, Field(ge=1, le=5)]
    minimum_close_position: Fraction


class TrendPullbackParameters(Geometry):
    """A trend that fell back to its 21-day average and turned."""

    kind: Literal["trend_pullback"] = "trend_pullback"
    touch_atr: Atr
    touch_sessions: Sessions
    swing_sessions: Sessions
    minimum_pullback_atr: Atr
    maximum_distance_atr: Atr
    rsi_minimum: Annotated[float, Field(ge=0, le=100)]
    rsi_maximum: Annotated[float, Field(ge=0, le=100)]


Parameters = Annotated[
    BreakoutParameters | SupportBounceParameters | TrendPullbackParameters,
    Field(discriminator="kind"),
]


class SetupFile(Frozen):
    """One file of data/tactics; `setup` is also the file's name."""

    setup: SetupName
    version: int = Field(ge=1)
    stage: Stage
    timebox_sessions: int = Field(default=5, ge=1, le=60)
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
