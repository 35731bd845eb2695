"""What stands behind an insight, and what models cost and answered today."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.analysis.snapshot_facts import headline_facts, scenario_facts, snapshot_facts
from core.domain.content import Fact
from core.domain.insights import Insight
from core.domain.market import MarketSnapshot
from core.domain.model_calls import CallStatus
from core.domain.tactics import Tactic
from core.domain.views import ModelDay
from core.steps.services import Services

NEW_YORK = ZoneInfo("America/New_York")
ONE_DAY = timedelta(days=1)


class Insights:
    """How the analyst comes to its views."""

    def __init__(self, services: Services) -> None:
        self._services, self._views = services, services.storage.views

    def facts(
        self, insight: Insight, snapshot: MarketSnapshot, tactics: Iterable[Tactic] = ()
    ) -> dict[str, Fact]:
        """Return the facts that an insight may cite, by their ids.

        Of the plans that it was shown only those are known that one of `tactics` holds.
        """
        return {fact.fact_id: fact for fact in _sheet(insight, snapshot, tactics)}

    def models_today(self) -> ModelDay:
        """Return who judges, and what models were asked today; nobody is asked for it."""
        adapters, budget = self._services.adapters, self._services.budget.today()
        start = datetime.combine(budget.day, time(0), NEW_YORK)
        end = datetime.combine(budget.day + ONE_DAY, time(0), NEW_YORK)
        since, until = start.astimezone(UTC), end.astimezone(UTC)
        model = adapters.language_model.adapter if adapters.language_model else None
        is_used = model is not None or budget.spent_usd + budget.reserved_usd > 0
        ended = self._views.calls_by_status(since, until)
        return ModelDay(
            engine=model.engine if model else adapters.analyst.engine,
            asks_a_model=model is not None,
            budget=budget if is_used else None,
            statuses={way.value: ended[way] for way in CallStatus if way in ended},
            unanswered=self._views.unanswered_calls(since, until),
        )


def _sheet(insight: Insight, snapshot: MarketSnapshot, tactics: Iterable[Tactic]) -> Iterator[Fact]:
    yield from snapshot_facts(snapshot)
    yield from headline_facts(insight.headlines)
    for scenario in (scenario for tactic in tactics for scenario in tactic.scenarios):
        yield from scenario_facts(scenario, f"plans.{scenario.key}")
