"""From what is stored to a snapshot, and from the snapshot to an insight."""

from __future__ import annotations

from typing import Any

from core.errors import InsufficientDataError
from core.flow.catalog import StepContext, step
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
    made = [analyst.analyze(taken) for taken in insights.snapshots(ids)]
    insights.append_insights(made)
    return {"insights": {i.symbol: i.insight_id for i in made}, "engine": analyst.name}
