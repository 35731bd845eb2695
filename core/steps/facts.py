"""Fact sheets: what a post may state, each number with its source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from core.analysis.rendering import one_line
from core.analysis.statistics import summarize
from core.domain.content import Fact
from core.domain.market import Indicators, MarketSnapshot
from core.domain.resolutions import Resolution
from core.domain.setups import setup_title
from core.domain.tactics import CheckItem, Scenario, Tactic
from core.flow.catalog import StepContext
from core.steps.moment import eastern

RECORD = 20
PHRASES = (
    "95 % interval", "EMA 8", "EMA 21", "SMA 50", "SMA 200", "8-day", "21-day", "50-day", "200-day",
    "20-day", "52-week", "MACD(12,26,9)", "RSI(14)", "RSI 14", "ATR(14)", "ATR 14",
)  # fmt: skip
UNITS: dict[str, Literal["index", "fraction"]] = {
    "rsi14": "index", "relative_volume": "index", "macd": "index", "macd_signal": "index",
    "adx14": "index", "bollinger_width": "fraction",
}  # fmt: skip
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
class Sheet:
    """The values that a template sees, and the facts that its text is checked against."""

    subject_id: str
    values: dict[str, Any]
    facts: tuple[Fact, ...]
    quoted: tuple[str, ...]


def tactic_sheet(context: StepContext, tactic: Tactic) -> Sheet:
    snapshot = context.services.storage.insights.snapshot(tactic.snapshot_id)
    provenance = (
        f"prices {snapshot.provider} ({snapshot.label}) to {snapshot.bars_last_date}, "
        f"snapshot {snapshot.snapshot_id[:12]}"
    )
    values = {
        "symbol": tactic.symbol,
        "headline": tactic.headline,
        "context_insight": tactic.context_insight,
        "objective": tactic.objective,
        "levels": [level.model_dump() for level in tactic.levels],
        "scenario": _scenario_values(tactic.scenario) if tactic.scenario else None,
        "wait_clause": tactic.wait_clause,
        "do_not_play_reasons": tactic.do_not_play_reasons,
        "relative_volume": snapshot.indicators.relative_volume,
        "lead_line": _lead_line(snapshot),
        "checklist": [_check_values(item) for item in tactic.checklist],
        "session_date": tactic.session_date.isoformat(),
        "provenance": provenance,
    }
    quoted = (*PHRASES, provenance, tactic.session_date.isoformat(), eastern(context.as_of))
    return Sheet(tactic.tactic_id, values, tuple(_tactic_facts(tactic, snapshot)), quoted)


def recap_sheet(context: StepContext, resolved: list[str]) -> Sheet | None:
    """Return the day's sheet, None when nothing was planned and nothing ended."""
    storage, today = context.services.storage, context.session_date
    plans = storage.tactics.for_session(today)
    if not plans and not resolved:
        return None
    ended = [(storage.tactics.get(t), storage.tactics.resolution(t)) for t in resolved]
    results = [(tactic, resolution) for tactic, resolution in ended if resolution]
    equity, change = _equity(context)
    record = _record(context)
    values = {
        "session_date": today.isoformat(),
        "plans": [_plan_values(context, plan) for plan in plans],
        "resolved": [_resolved_values(tactic, resolution) for tactic, resolution in results],
        "equity": equity,
        "day_change": change,
        "record": record,
        "provenance": "5-minute bars are synthetic in the demo",
    }
    quoted = (*PHRASES, "5-minute", today.isoformat(), eastern(context.as_of))
    return Sheet(f"session-{today}", values, tuple(_recap_facts(values)), quoted)


def _scenario_values(scenario: Scenario) -> dict[str, Any]:
    targets = [
        {
            "price": target.price,
            "fraction": target.fraction,
            "reward": scenario.reward_risk(target.price),
        }
        for target in scenario.targets
    ]
    own = scenario.model_dump(exclude={"targets", "trigger"})
    return own | {"targets": targets, "setup_title": _title(scenario)}


def _title(scenario: Scenario) -> str:
    return setup_title(scenario.setup, scenario.side)


def _check_values(item: CheckItem) -> dict[str, str]:
    return {
        "title": TITLES[item.name],
        "verdict": VERDICTS[item.verdict],
        "evidence": one_line(item.evidence, 200),
    }


def _lead_line(snapshot: MarketSnapshot) -> str:
    if snapshot.lead is None:
        return "The market lead is not known today."
    side = "above" if snapshot.lead.above_ema21 else "below"
    return f"The lead {snapshot.lead.symbol} ({snapshot.lead.label}) is {side} its 21-day average."


def _tactic_facts(tactic: Tactic, snapshot: MarketSnapshot) -> Iterator[Fact]:
    yield from _snapshot_facts(snapshot)
    for number, level in enumerate(tactic.levels, 1):
        yield Fact(fact_id=f"tactic.levels.{number}", value=level.price, unit="usd")
    if tactic.scenario:
        yield from _scenario_facts(tactic.scenario)


def _snapshot_facts(snapshot: MarketSnapshot) -> Iterator[Fact]:
    prices = {"last", "previous_close", "previous_high", "previous_low"}
    for name in sorted(prices):
        yield Fact(fact_id=f"snapshot.{name}", value=getattr(snapshot, name), unit="usd")
    yield Fact(fact_id="snapshot.change_fraction", value=snapshot.change_fraction, unit="fraction")
    yield from _indicator_facts(snapshot.indicators)
    yield Fact(fact_id="snapshot.symbol", value=snapshot.symbol, unit="text")
    yield Fact(fact_id="snapshot.headlines", value=len(snapshot.headlines), unit="count")
    if snapshot.lead:
        yield Fact(fact_id="snapshot.lead.symbol", value=snapshot.lead.symbol, unit="text")
        yield Fact(
            fact_id="snapshot.lead.change_fraction",
            value=snapshot.lead.change_fraction,
            unit="fraction",
        )
    if snapshot.fundamentals and snapshot.fundamentals.next_earnings_date:
        value = snapshot.fundamentals.next_earnings_date.isoformat()
        yield Fact(fact_id="snapshot.fundamentals.next_earnings_date", value=value, unit="date")


def _indicator_facts(indicators: Indicators) -> Iterator[Fact]:
    """Yield the numbers among the readings; what is a word or a yes is no fact of its own."""
    for name, value in indicators:
        if isinstance(value, tuple):
            for place, part in enumerate(value):
                yield Fact(fact_id=f"snapshot.indicators.{name}.{place}", value=part, unit="index")
        elif isinstance(value, float):
            unit = UNITS.get(name, "usd")
            yield Fact(fact_id=f"snapshot.indicators.{name}", value=value, unit=unit)
    for name, value in indicators.pivots or ():
        yield Fact(fact_id=f"snapshot.indicators.pivots.{name}", value=value, unit="usd")


def _scenario_facts(scenario: Scenario) -> Iterator[Fact]:
    for name in ("entry_low", "entry_high", "stop"):
        yield Fact(fact_id=f"scenario.{name}", value=getattr(scenario, name), unit="usd")
    yield Fact(fact_id="scenario.trigger.price", value=scenario.trigger.price, unit="usd")
    yield Fact(fact_id="scenario.timebox_sessions", value=scenario.timebox_sessions, unit="count")
    for number, target in enumerate(scenario.targets, 1):
        name, reward = f"scenario.targets.{number}", scenario.reward_risk(target.price)
        yield Fact(fact_id=name, value=number, unit="count")
        yield Fact(fact_id=f"{name}.price", value=target.price, unit="usd")
        yield Fact(fact_id=f"{name}.fraction", value=target.fraction, unit="fraction")
        yield Fact(fact_id=f"{name}.reward", value=reward, unit="r")


def _plan_values(context: StepContext, plan: Tactic) -> dict[str, Any]:
    resolution = context.services.storage.tactics.resolution(plan.tactic_id)
    events = context.services.storage.tactics.events(plan.tactic_id)
    state = events[-1].kind.value.replace("_", " ") if events else "drafted"
    return {
        "symbol": plan.symbol,
        "grade": plan.grade.value,
        "state": "waited" if plan.scenario is None else state,
        "result": resolution.system_r if resolution else None,
    }


def _resolved_values(tactic: Tactic, resolution: Resolution) -> dict[str, Any]:
    return {
        "symbol": tactic.symbol,
        "setup_title": _title(tactic.scenario) if tactic.scenario else "",
        "outcome": resolution.outcome.value.replace("_", " "),
        "system_r": resolution.system_r,
        "actual_r": resolution.actual_r,
    }


def _equity(context: StepContext) -> tuple[float, float]:
    """Return the equity and its change against the sample before."""
    samples = context.services.storage.trading.equity_samples(limit=2)
    last, before = samples[-1], samples[0]
    return last, last / before - 1


def _record(context: StepContext) -> dict[str, Any]:
    recent = context.services.storage.tactics.resolutions(limit=RECORD)
    return summarize([r.system_r for r in recent if r.outcome.was_traded]).model_dump()


def _recap_facts(values: dict[str, Any]) -> Iterator[Fact]:
    yield Fact(fact_id="account.equity", value=values["equity"], unit="usd")
    yield Fact(fact_id="account.day_change", value=values["day_change"], unit="fraction")
    for name in ("win_rate", "win_low", "win_high"):
        if values["record"][name] is not None:
            yield Fact(fact_id=f"record.{name}", value=values["record"][name], unit="fraction")
    yield Fact(fact_id="record.count", value=values["record"]["count"], unit="count")
    yield Fact(fact_id="record.net_r", value=values["record"]["net_r"], unit="r")
    for number, plan in enumerate(values["plans"], 1):
        yield Fact(fact_id=f"plans.{number}.symbol", value=plan["symbol"], unit="text")
        if plan["result"] is not None:
            yield Fact(fact_id=f"plans.{number}.result", value=plan["result"], unit="r")
    for number, item in enumerate(values["resolved"], 1):
        yield Fact(fact_id=f"resolved.{number}.symbol", value=item["symbol"], unit="text")
        for name in ("system_r", "actual_r"):
            if item[name] is not None:
                yield Fact(fact_id=f"resolved.{number}.{name}", value=item[name], unit="r")
