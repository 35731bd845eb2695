"""Every setup with its rule; the two setups of a mirrored pair share one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from core.analysis.setups import (
    breakout,
    gap_fill,
    htf_support_bounce,
    opening_range_breakout,
    range_mean_reversion,
    trend_pullback,
    vwap_reclaim,
)
from core.analysis.setups.candidate import CandidatePlan, View
from core.domain.scenarios import Side
from core.domain.setups import SetupFile, SetupName

LONG, SHORT, BOTH = (Side.LONG,), (Side.SHORT,), (Side.LONG, Side.SHORT)


class Rule(NamedTuple):
    """How a setup is found, on which sides, and what it means if it fails before the entry."""

    find: Callable[[View, Any], CandidatePlan | str]
    sides: tuple[Side, ...]
    failure: str


VWAP = "the price is back through VWAP"
LEVEL = "the level has not held"
BREAK = "the break has failed"

CATALOGUE: Mapping[SetupName, Rule] = {
    "vwap_reclaim": Rule(vwap_reclaim.find, LONG, VWAP),
    "vwap_rejection": Rule(vwap_reclaim.find, SHORT, VWAP),
    "htf_support_bounce": Rule(htf_support_bounce.find, LONG, LEVEL),
    "htf_resistance_rejection": Rule(htf_support_bounce.find, SHORT, LEVEL),
    "breakout": Rule(breakout.find, LONG, BREAK),
    "breakdown": Rule(breakout.find, SHORT, BREAK),
    "gap_fill": Rule(gap_fill.find, BOTH, "the gap is not being filled"),
    "range_mean_reversion": Rule(range_mean_reversion.find, BOTH, "the turn has failed"),
    "trend_pullback": Rule(trend_pullback.find, BOTH, "the pullback has become a reversal"),
    "opening_range_breakout": Rule(opening_range_breakout.find, BOTH, BREAK),
}


def detect(views: Mapping[Side, View], setup: SetupFile) -> dict[Side, CandidatePlan | str]:
    """Return the plan on each side of a setup, with its time limits, or why there is none."""
    rule = CATALOGUE[setup.setup]
    limits = {
        "failure": rule.failure,
        "timebox_sessions": setup.timebox_sessions,
        "timebox_minutes": setup.timebox_minutes,
        "breakeven_after_target": setup.breakeven_after_target,
    }
    found = {side: rule.find(views[side], setup.parameters) for side in rule.sides}
    return {
        side: one if isinstance(one, str) else one.model_copy(update=limits)
        for side, one in found.items()
    }
