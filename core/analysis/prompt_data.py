"""What a model is shown at each stage, and nothing else: facts, enums and the plans of code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from core.analysis.rendering import count, index, percent, r_multiple, usd
from core.analysis.snapshot_facts import headline_facts, scenario_facts, snapshot_facts
from core.domain.content import Fact
from core.domain.insights import HeadlineQuestion, Material, ReadHeadline, WritingTask
from core.domain.market import Indicators, Lead, MarketSnapshot
from core.domain.scenarios import Scenario
from core.domain.text import plain_text

TITLE_CHARACTERS = 160
LINK = re.compile(r"(?:https?://|www\.)\S*", re.IGNORECASE)
WRITTEN = {"usd": usd, "fraction": percent, "r": r_multiple, "index": index}


def headline_data(question: HeadlineQuestion) -> dict[str, Any]:
    """Return the one text of outsiders that a model sees, bounded, without links."""
    title = plain_text(LINK.sub(" ", question.headline.title), TITLE_CHARACTERS)
    return {"symbol": question.symbol, "headline": title}


def opinion_facts(material: Material) -> tuple[Fact, ...]:
    """Return what an opinion may cite and state."""
    return (
        *snapshot_facts(material.snapshot),
        *headline_facts(material.headlines),
        *(
            fact
            for scenario in material.candidates
            for fact in scenario_facts(scenario, f"plans.{scenario.key}")
        ),
    )


def opinion_data(material: Material) -> dict[str, Any]:
    """Return what an opinion is asked about. The texts of headlines are not in it."""
    snapshot = material.snapshot
    return {
        "symbol": snapshot.symbol,
        "session": snapshot.session_date.isoformat(),
        "facts": _sheet(opinion_facts(material)),
        "conditions": _conditions(snapshot),
        "headlines": _enums(material.headlines),
        "plans": [_plan(scenario) for scenario in material.candidates],
        **_refused(material.refused),
    }


def prose_facts(task: WritingTask) -> tuple[Fact, ...]:
    """Return what the prose around a plan may state."""
    return (
        *snapshot_facts(task.snapshot),
        *headline_facts(task.insight.headlines),
        *(scenario_facts(task.scenario) if task.scenario else ()),
    )


def prose_data(task: WritingTask) -> dict[str, Any]:
    """Return what prose is asked for. Of the insight's words none is in it."""
    snapshot, insight = task.snapshot, task.insight
    reasons = [{"direction": one.direction, "facts": one.fact_ids} for one in insight.drivers]
    return {
        "symbol": snapshot.symbol,
        "session": snapshot.session_date.isoformat(),
        "facts": _sheet(prose_facts(task)),
        "view": {"stance": insight.stance, "reasons": reasons},
        "conditions": _conditions(snapshot),
        "headlines": _enums(insight.headlines),
        "plan": _plan(task.scenario) if task.scenario else None,
        "reasons": task.reasons,
        **_refused(task.refused),
    }


def _sheet(facts: Sequence[Fact]) -> list[dict[str, str]]:
    return [{"id": f.fact_id, "value": _written(f), "unit": f.unit} for f in facts]


def _written(fact: Fact) -> str:
    """Return the value as a text may write it, so that a model need not round or convert."""
    if isinstance(fact.value, str):
        return fact.value
    if fact.unit == "count":
        return count(int(fact.value))
    return WRITTEN[fact.unit](fact.value)


def _plan(scenario: Scenario) -> dict[str, Any]:
    return {
        "key": scenario.key,
        "setup": scenario.setup,
        "side": scenario.side,
        "grade": scenario.grade,
        "trigger": scenario.trigger.kind,
        "option": scenario.option.right if scenario.option else None,
    }


def _enums(headlines: Sequence[ReadHeadline]) -> list[dict[str, Any]]:
    return [headline.extraction.model_dump(mode="json") for headline in headlines]


def _conditions(snapshot: MarketSnapshot) -> dict[str, Any]:
    """Return the readings that are words; what is not known is left out."""
    leads = snapshot.leads or ((snapshot.lead,) if snapshot.lead else ())
    return {
        "bars": snapshot.label,
        **snapshot.regime.model_dump(mode="json", exclude_none=True),
        **dict(_words(snapshot.indicators)),
        "leads": [dict(_words(lead)) for lead in leads],
    }


def _words(readings: Indicators | Lead) -> Iterator[tuple[str, str | bool]]:
    for name, value in readings:
        if isinstance(value, str | bool):
            yield name, value


def _refused(claims: Sequence[str]) -> dict[str, Any]:
    return {"refused": list(claims)} if claims else {}
