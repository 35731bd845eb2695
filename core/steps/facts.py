"""Fact sheets: what a post may state, each number with its source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.analysis.rendering import one_line, usd
from core.analysis.snapshot_facts import headline_facts, snapshot_facts, tactic_facts
from core.domain.content import Fact
from core.domain.insights import Insight
from core.domain.market import MarketSnapshot
from core.domain.scenarios import Scenario
from core.domain.setups import SETUP_TITLES, setup_title
from core.domain.tactics import CheckItem, Monitoring, Tactic
from core.flow.catalog import StepContext
from core.steps.moment import eastern

PHRASES = (
    "95 % interval", "EMA 8", "EMA 21", "SMA 50", "SMA 200", "8-day", "21-day", "50-day", "200-day",
    "20-day", "52-week", "5-minute", "MACD(12,26,9)", "RSI(14)", "RSI 14", "ATR(14)", "ATR 14",
    "TF: 1d", "TF: 5m", *SETUP_TITLES,
)  # fmt: skip
TRIGGERS = {
    "cross_above": "price crosses above", "cross_below": "price crosses below",
    "hold_above": "price holds above", "hold_below": "price holds below",
    "reject": "price rejects", "reclaim": "price reclaims", "curl": "momentum turns at",
}  # fmt: skip
_NOTHING = Monitoring(volume="", flow="", market="")
VERDICTS = {"pass": "yes", "fail": "no", "na": "judge by hand"}
TITLES = {
    "macd_curl_with_bias": "MACD curls with the bias",
    "vwap_confirmed": "VWAP confirms",
    "tape_slowed_at_level": "The tape slows at the level",
    "entry_candle_rejects": "The last candle rejects the level",
    "risk_defined": "Risk is defined",
    "bias_matches_market": "The market agrees",
}


@dataclass(frozen=True)
class FactSheet:
    """The values that a template sees, and the facts that its text is checked against."""

    subject_id: str
    values: dict[str, Any]
    facts: tuple[Fact, ...]
    quoted: tuple[str, ...]


def tactic_sheet(context: StepContext, tactic: Tactic) -> FactSheet:
    insights = context.services.storage.insights
    snapshot, insight = insights.snapshot(tactic.snapshot_id), insights.insight(tactic.insight_id)
    provenance = _provenance(tactic, snapshot)
    values = {
        "symbol": tactic.symbol,
        "headline": tactic.headline,
        "bias": tactic.bias.value,
        "context_insight": tactic.context_insight,
        "objective": tactic.objective,
        **_levels(tactic),
        "scenario": _scenario_values(tactic.scenario) if tactic.scenario else None,
        "wait_clause": tactic.wait_clause,
        "do_not_play_reasons": tactic.do_not_play_reasons,
        "monitoring": (tactic.monitoring or _NOTHING).model_dump(),
        "adaptability": tactic.adaptability or "",
        "checklist": [_check_values(item) for item in tactic.checklist],
        "session_date": tactic.session_date.isoformat(),
        "version": tactic.version,
        "risk_fraction": _risk_fraction(context, tactic),
        "provenance": provenance,
    }
    facts = (*task_facts(snapshot, insight), *tactic_facts_of(context, tactic))
    return FactSheet(tactic.tactic_id, values, facts, (*quoted(context, tactic), provenance))


def task_facts(snapshot: MarketSnapshot, insight: Insight) -> tuple[Fact, ...]:
    """Return what may be said of a snapshot and its news."""
    return (*snapshot_facts(snapshot), *headline_facts(insight.headlines))


def quoted(context: StepContext, tactic: Tactic) -> tuple[str, ...]:
    """Return the phrases with digits that are no numbers of the market."""
    return (*PHRASES, tactic.session_date.isoformat(), eastern(context.as_of))


def _provenance(tactic: Tactic, snapshot: MarketSnapshot) -> str:
    writer = tactic.generator.writer or tactic.generator.engine
    return (
        f"prices {snapshot.provider} ({snapshot.label}) to {snapshot.bars_last_date}, "
        f"snapshot {snapshot.snapshot_id[:12]}, words {writer}"
    )


def _levels(tactic: Tactic) -> dict[str, list[dict[str, Any]]]:
    """Return the resistances from the top, the supports from the top."""
    ordered = sorted(tactic.levels, key=lambda level: -level.price)
    return {
        f"{kind}s": [level.model_dump() for level in ordered if level.kind == kind]
        for kind in ("resistance", "support")
    }


def tactic_facts_of(context: StepContext, tactic: Tactic) -> tuple[Fact, ...]:
    """Return what may be said of a plan."""
    risk = _risk_fraction(context, tactic)
    return (
        *tactic_facts(tactic),
        Fact(fact_id="tactic.symbol", value=tactic.symbol, unit="text"),
        Fact(fact_id="tactic.version", value=tactic.version, unit="count"),
        Fact(fact_id="policy.risk_fraction", value=risk, unit="fraction"),
    )


def _risk_fraction(context: StepContext, tactic: Tactic) -> float:
    """Return the part of the account that a plan of this grade may lose."""
    policy = context.services.playbook.policy
    return policy.risk_fraction * policy.grade_factors.get(tactic.grade, 0.0)


def _scenario_values(scenario: Scenario) -> dict[str, Any]:
    """Return a plan as a template sees it."""
    targets = [
        {
            "price": target.price,
            "fraction": target.fraction,
            "reward": scenario.reward_risk(target.price),
        }
        for target in scenario.targets
    ]
    own = scenario.model_dump(exclude={"targets", "trigger"})
    return own | {
        "targets": targets,
        "setup_title": _title(scenario),
        "trigger": _trigger_line(scenario),
        "is_waiting": not scenario.trigger.is_met,
        "option": scenario.option.model_dump() if scenario.option else None,
        "timebox_minutes": scenario.timebox_minutes,
        "breakeven_after_target": scenario.breakeven_after_target,
    }


def _trigger_line(scenario: Scenario) -> str:
    """Say the machine rule in words."""
    trigger, words = scenario.trigger, TRIGGERS[scenario.trigger.kind]
    if trigger.is_met:
        return f"met: {words} {usd(trigger.price)} on the last close before this was written"
    bars = "" if trigger.bars == 1 else f" for {trigger.bars} closes in a row"
    volume = ""
    if trigger.min_relative_volume:
        volume = f", on {trigger.min_relative_volume:.2f} of the usual volume or more"
    return f"waits for a 5-minute close: {words} {usd(trigger.price)}{bars}{volume}"


def _title(scenario: Scenario) -> str:
    return setup_title(scenario.setup, scenario.side)


def _check_values(item: CheckItem) -> dict[str, str]:
    return {
        "title": TITLES[item.name],
        "verdict": VERDICTS[item.verdict],
        "evidence": one_line(item.evidence, 200),
    }
