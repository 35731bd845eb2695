"""From what is stored to a snapshot, and from the snapshot to an insight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.analysis.bias import judge_bias
from core.analysis.claims import check_stance
from core.analysis.prompt_data import opinion_facts
from core.domain.claims import Claim
from core.domain.insights import (
    HeadlineQuestion,
    Insight,
    Material,
    Opinion,
    ReadHeadline,
    Signed,
)
from core.domain.market import Headline, MarketSnapshot
from core.domain.scenarios import Scenario
from core.errors import InsufficientDataError
from core.flow.catalog import StepContext, step
from core.ports import Analyst
from core.steps.alert import send_alert
from core.steps.analysts import Held, Sheet, analyst_of, ask_checked
from core.steps.drafting import plans_of
from core.steps.facts import PHRASES
from core.steps.moment import known_at
from core.steps.snapshots import take_snapshots

TURNING_POINT = "would_change_mind"


@step("insight.snapshot")
def snapshot(context: StepContext) -> dict[str, Any]:
    """Freeze what is known of each symbol at this moment."""
    services = context.services
    taken = take_snapshots(services, context.session_date, known_at(context))
    if not taken.symbols:
        raise InsufficientDataError(f"no symbol has enough data: {taken.failed}")
    services.storage.insights.append_snapshots(taken.all)
    snapshots = {snapshot.symbol: snapshot.snapshot_id for snapshot in taken.symbols}
    return {"snapshots": snapshots, "without_data": taken.failed}


@step("insight.analyze")
def analyze(context: StepContext) -> dict[str, Any]:
    """Let the analyst judge each snapshot; hold its words against the facts."""
    storage, analyst = context.services.storage, analyst_of(context)
    snapshots = storage.insights.snapshots(list(context.results["snapshot"]["snapshots"].values()))
    plans = plans_of(context, snapshots)
    made, reports = [], []
    for taken in snapshots:
        held, insight = _judge(context, analyst, taken, plans[taken.symbol].scenarios)
        made.append(insight)
        reports += held.reports(insight.insight_id, context.as_of)
        if held.signed.needs_operator:
            _escalate(context, insight)
    storage.insights.append_insights(made)
    storage.claims.append(reports)
    return {"insights": {i.symbol: i.insight_id for i in made}, "engine": analyst.engine}


def _judge(
    context: StepContext, analyst: Analyst, taken: MarketSnapshot, plans: tuple[Scenario, ...]
) -> tuple[Held[Opinion], Insight]:
    read = tuple(_read(analyst, taken.symbol, headline) for headline in taken.headlines)
    material = Material(snapshot=taken, headlines=read, candidates=plans)
    held = ask_checked(
        lambda refused: analyst.judge(material.model_copy(update={"refused": refused})),
        lambda: context.services.adapters.analyst.judge(material),
        _texts,
        Sheet(opinion_facts(material), PHRASES),
        _against_stance,
    )
    return held, _insight(taken, read, held.signed)


def _texts(opinion: Opinion) -> Mapping[str, str]:
    texts = {"summary": opinion.summary, TURNING_POINT: opinion.would_change_mind}
    texts |= {f"driver {n}": driver.text for n, driver in enumerate(opinion.drivers, 1)}
    return texts | {f"risk {n}": risk for n, risk in enumerate(opinion.risks, 1)}


def _against_stance(opinion: Opinion) -> dict[str, tuple[Claim, ...]]:
    """Find what tells the other side than the stance; what would change it may speak of that."""
    return {
        part: check_stance(text, opinion.stance)
        for part, text in _texts(opinion).items()
        if part != TURNING_POINT
    }


def _insight(
    taken: MarketSnapshot, read: tuple[ReadHeadline, ...], signed: Signed[Opinion]
) -> Insight:
    asked = signed.prompt is not None
    return Insight(
        snapshot_id=taken.snapshot_id,
        symbol=taken.symbol,
        session_date=taken.session_date,
        as_of=taken.as_of,
        engine=signed.engine,
        bias_sum=judge_bias(taken).total,
        headlines=read,
        samples=signed.samples,
        disagreement=signed.disagreement,
        prompt=signed.prompt,
        cost_usd=signed.usage.cost_usd if asked else None,
        fallback=signed.fallback,
        **signed.value.model_dump(),
    )


def _read(analyst: Analyst, symbol: str, headline: Headline) -> ReadHeadline:
    signed = analyst.extract(HeadlineQuestion(symbol=symbol, headline=headline))
    return ReadHeadline(
        news_id=headline.news_id,
        symbol=symbol,
        engine=signed.engine,
        extraction=signed.value,
        fallback=signed.fallback,
    )


def _escalate(context: StepContext, insight: Insight) -> None:
    services = context.services
    send_alert(
        services.ledger,
        services.adapters.alerts,
        f"alert:disagreement:{insight.insight_id[:16]}",
        f"The analyst disagrees with itself on {insight.symbol}",
        f"Asked {len(insight.samples)} times, {insight.disagreement:.0%} of the answers take "
        "another side. Its plan of today is not approved by policy: look at the page Insights.",
    )
