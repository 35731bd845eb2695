"""The six points that every plan is held against, each with what it was judged on.

The evidence names facts of the snapshot only: it is printed even when the plan is not.
"""

from __future__ import annotations

from typing import Literal

from core.analysis.bias import BiasReading
from core.analysis.setups.candidate import Candidate
from core.analysis.signals import macd_curl
from core.domain.market import MarketSnapshot
from core.domain.tactics import CheckItem, Scenario, Side

STOP_ATR = (0.3, 3.0)
FIRST_R = 1.0
BEST_R = 2.0
ROUNDING = 1e-9

Verdict = Literal["pass", "fail", "na"]


def check(
    candidate: Candidate, scenario: Scenario, bias: BiasReading, snapshot: MarketSnapshot
) -> tuple[CheckItem, ...]:
    """Return the six points in their fixed order."""
    return (
        _curl(candidate, snapshot),
        CheckItem(name="vwap_confirmed", verdict="na", evidence="Daily bars have no VWAP."),
        CheckItem(name="tape_slowed_at_level", verdict="na", evidence="Watch the tape yourself."),
        _candle(candidate),
        _risk(scenario, snapshot),
        _market(candidate, bias, snapshot),
    )


def _curl(candidate: Candidate, snapshot: MarketSnapshot) -> CheckItem:
    wanted = "up" if candidate.side is Side.LONG else "down"
    before, middle, last = snapshot.indicators.macd_histogram
    curl = macd_curl((before, middle, last))
    path = f"{before:.2f}, {middle:.2f}, {last:.2f}"
    turn = "does not curl" if curl == "none" else f"curls {curl}"
    return CheckItem(
        name="macd_curl_with_bias",
        verdict=_verdict(curl == wanted),
        evidence=f"The MACD histogram {turn}: {path}.",
    )


def _candle(candidate: Candidate) -> CheckItem:
    end = "upper" if candidate.side is Side.LONG else "lower"
    place = "in" if candidate.rejects else "outside"
    return CheckItem(
        name="entry_candle_rejects",
        verdict=_verdict(candidate.rejects),
        evidence=f"The last daily bar closed {place} the {end} part of its range.",
    )


def _risk(scenario: Scenario, snapshot: MarketSnapshot) -> CheckItem:
    reason = risk_flaw(scenario, snapshot.indicators.atr14)
    text = reason or "The stop is a fair distance away and both targets pay for it."
    return CheckItem(name="risk_defined", verdict=_verdict(not reason), evidence=text)


def risk_flaw(scenario: Scenario, atr: float) -> str:
    """Return what is wrong with stop and targets, an empty text if nothing is."""
    distance = abs(scenario.worst_entry - scenario.stop) / atr
    if not STOP_ATR[0] <= distance <= STOP_ATR[1]:
        return "The stop is too near or too far for the average range."
    if scenario.reward_risk(scenario.targets[0].price) < FIRST_R - ROUNDING:
        return "The first target does not pay for the risk."
    if scenario.best_reward_risk < BEST_R - ROUNDING:
        return "The best target pays too little for the risk."
    return ""


def _market(candidate: Candidate, bias: BiasReading, snapshot: MarketSnapshot) -> CheckItem:
    name: Literal["bias_matches_market"] = "bias_matches_market"
    if snapshot.lead is None:
        return CheckItem(name=name, verdict="na", evidence="The market lead is not known.")
    direction = bias.direction_of("lead") * candidate.side.sign
    stand = {1: "leads the same way", 0: "gives no lead", -1: "leads the other way"}[direction]
    return CheckItem(
        name=name, verdict=_verdict(direction > 0), evidence=f"{snapshot.lead.symbol} {stand}."
    )


def _verdict(holds: bool) -> Verdict:
    return "pass" if holds else "fail"
