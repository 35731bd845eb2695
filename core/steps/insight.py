"""From what is stored to a snapshot, and from the snapshot to an insight."""

from __future__ import annotations

from typing import Any

from core.analysis.bias import judge_bias
from core.domain.insights import HeadlineQuestion, Insight, Material, ReadHeadline
from core.domain.market import Headline, MarketSnapshot
from core.domain.tactics import Scenario
from core.errors import InsufficientDataError
from core.flow.catalog import StepContext, step
from core.ports import Analyst
from core.steps.drafting import plans_of
from core.steps.moment import known_at
from core.steps.snapshots import take_snapshots


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
    """Let the analyst judge each snapshot."""
    insights, analyst = context.services.storage.insights, context.services.adapters.analyst
    ids = list(context.results["snapshot"]["snapshots"].values())
    snapshots = insights.snapshots(ids)
    plans = plans_of(context, snapshots)
    made = [_insight(analyst, taken, plans[taken.symbol].scenarios) for taken in snapshots]
    insights.append_insights(made)
    return {"insights": {i.symbol: i.insight_id for i in made}, "engine": analyst.engine}


def _insight(analyst: Analyst, snapshot: MarketSnapshot, plans: tuple[Scenario, ...]) -> Insight:
    read = tuple(_read(analyst, snapshot.symbol, headline) for headline in snapshot.headlines)
    material = Material(snapshot=snapshot, headlines=read, candidates=plans)
    opinion = analyst.judge(material).value
    return Insight(
        snapshot_id=snapshot.snapshot_id,
        symbol=snapshot.symbol,
        session_date=snapshot.session_date,
        as_of=snapshot.as_of,
        engine=analyst.engine,
        bias_sum=judge_bias(snapshot).total,
        headlines=read,
        **opinion.model_dump(),
    )


def _read(analyst: Analyst, symbol: str, headline: Headline) -> ReadHeadline:
    question = HeadlineQuestion(symbol=symbol, headline=headline)
    return ReadHeadline(
        news_id=headline.news_id,
        symbol=symbol,
        engine=analyst.engine,
        extraction=analyst.extract(question).value,
    )
