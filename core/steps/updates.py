"""What is told when something happens to a published tactic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from core.domain.content import Fact
from core.domain.setups import setup_title
from core.domain.tactics import Tactic
from core.flow.catalog import StepContext
from core.steps.facts import FactSheet, quoted, tactic_facts_of

HEADLINES = {
    "triggered": "the trigger has closed",
    "target_hit": "a target is reached",
    "targets_done": "every target is reached",
    "stopped": "stopped out",
    "breakeven_stop": "the rest is stopped at breakeven",
    "invalidated": "the plan is dead before entry",
    "time_stop": "the time limit has ended it",
}


def update_sheet(context: StepContext, tactic: Tactic, news: Mapping[str, Any]) -> FactSheet:
    """Return what an update may say: the plan, what happened, and where it stands by rule."""
    plan = tactic.scenario
    values = {
        "symbol": tactic.symbol,
        "what": news["what"],
        "headline": HEADLINES[news["what"]],
        "price": news.get("price"),
        "running_r": news["running_r"],
        "stop": news.get("stop"),
        "setup_title": setup_title(plan.setup, plan.side) if plan else "",
        "side": plan.side.value if plan else "",
        "session_date": tactic.session_date.isoformat(),
        "provenance": "read from 5-minute bars by rule, stop first on a tie",
    }
    facts = tuple(_facts(tactic_facts_of(context, tactic), values))
    return FactSheet(tactic.tactic_id, values, facts, quoted(context, tactic))


def _facts(planned: Iterable[Fact], values: Mapping[str, Any]) -> Iterator[Fact]:
    """Yield the plan's facts, the stop where it is now, and what happened."""
    for fact in planned:
        if fact.fact_id == "scenario.stop" and values["stop"] is not None:
            yield fact.model_copy(update={"value": values["stop"]})
        else:
            yield fact
    yield Fact(fact_id="update.running_r", value=values["running_r"], unit="r")
    if values["price"] is not None:
        yield Fact(fact_id="update.price", value=values["price"], unit="usd")
