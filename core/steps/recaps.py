"""The fact sheet of a session: what was planned, how it ended, where the account stands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time
from typing import Any

from core.analysis.statistics import summarize
from core.domain.content import Fact
from core.domain.resolutions import Resolution
from core.domain.setups import setup_title
from core.domain.tactics import Tactic
from core.errors import InsufficientDataError
from core.flow.catalog import StepContext
from core.steps.facts import PHRASES, FactSheet
from core.steps.moment import NEW_YORK, eastern

RECORD = 20


def recap_sheet(context: StepContext, resolved: list[str]) -> FactSheet | None:
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
    quoted = (*PHRASES, today.isoformat(), eastern(context.as_of))
    return FactSheet(f"session-{today}", values, tuple(_recap_facts(values)), quoted)


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


def _title(tactic: Tactic) -> str:
    plan = tactic.scenario
    return setup_title(plan.setup, plan.side) if plan else ""


def _resolved_values(tactic: Tactic, resolution: Resolution) -> dict[str, Any]:
    return {
        "symbol": tactic.symbol,
        "setup_title": _title(tactic),
        "outcome": resolution.outcome.value.replace("_", " "),
        "system_r": resolution.system_r,
        "actual_r": resolution.actual_r,
    }


def _equity(context: StepContext) -> tuple[float, float]:
    """Return the equity and its change since the last reading before the session's day."""
    trading = context.services.storage.trading
    last = trading.equity_at(context.as_of)
    if last is None:
        raise InsufficientDataError("the account was never read; let trade.sync run first")
    midnight = datetime.combine(context.session_date, time(), NEW_YORK)
    before = trading.equity_at(midnight) or last
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
