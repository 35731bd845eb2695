"""The six points that every plan is held against, each with what it was judged on.

The evidence names facts of the snapshot only: it is printed even when the plan is not.
"""

from __future__ import annotations

from typing import Literal

from core.analysis.bias import BiasReading
from core.analysis.setups.candidate import CandidatePlan
from core.analysis.setups.geometry import BEST_R, FIRST_R, LIMITS, ROUNDING
from core.analysis.signals import macd_curl
from core.domain.market import MarketSnapshot
from core.domain.scenarios import Scenario, Side
from core.domain.tactics import CheckItem

Verdict = Literal["pass", "fail", "na"]


def check(
    candidate: CandidatePlan, scenario: Scenario, bias: BiasReading, snapshot: MarketSnapshot
) -> tuple[CheckItem, ...]:
    """Return the six points in their fixed order."""
    return (
        _curl(candidate, snapshot),
        _vwap(candidate, snapshot),
        CheckItem(name="tape_slowed_at_level", verdict="na", evidence="Watch the tape yourself."),
        _candle(candidate, snapshot),
        _risk(scenario, snapshot),
        _market(candidate, bias, snapshot),
    )


def _curl(candidate: CandidatePlan, snapshot: MarketSnapshot) -> CheckItem:
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


def _vwap(candidate: CandidatePlan, snapshot: MarketSnapshot) -> CheckItem:
    name: Literal["vwap_confirmed"] = "vwap_confirmed"
    if snapshot.vwap is None:
        missing = "bar" if snapshot.session_open is None else "volume"
        text = f"The session has no {missing} yet, so it has no VWAP."
        return CheckItem(name=name, verdict="na", evidence=text)
    holds = candidate.side.sign * (snapshot.last - snapshot.vwap) > 0
    text = f"The session trades {'on' if holds else 'not on'} the plan's side of its VWAP."
    return CheckItem(name=name, verdict=_verdict(holds), evidence=text)


def _candle(candidate: CandidatePlan, snapshot: MarketSnapshot) -> CheckItem:
    bar = "daily bar closed" if snapshot.session_open is None else "price stands"
    whose = "its" if snapshot.session_open is None else "the session's"
    end = "upper" if candidate.side is Side.LONG else "lower"
    place = "in" if candidate.rejects else "outside"
    return CheckItem(
        name="entry_candle_rejects",
        verdict=_verdict(candidate.rejects),
        evidence=f"The last {bar} {place} the {end} part of {whose} range.",
    )


def _risk(scenario: Scenario, snapshot: MarketSnapshot) -> CheckItem:
    flaw = risk_flaw(scenario, snapshot.indicators.atr14)
    text = flaw or "the stop is a fair distance away and the targets pay for it"
    return CheckItem(
        name="risk_defined", verdict=_verdict(not flaw), evidence=f"{text[0].upper()}{text[1:]}."
    )


def risk_flaw(scenario: Scenario, atr: float) -> str:
    """Return what is wrong with stop and targets, an empty text if nothing is."""
    distance = abs(scenario.worst_entry - scenario.stop)
    if not LIMITS.stop_minimum_atr * atr <= distance <= LIMITS.stop_maximum_atr * atr:
        return "the stop is too near or too far for the average range"
    if scenario.reward_risk(scenario.targets[0].price) < FIRST_R - ROUNDING:
        return "the first target does not pay for the risk"
    if scenario.best_reward_risk < BEST_R - ROUNDING:
        return "the best target pays too little for the risk"
    return ""


def _market(candidate: CandidatePlan, bias: BiasReading, snapshot: MarketSnapshot) -> CheckItem:
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
