"""What each fetch leaves behind: one check per feed and provider, with its counts or its error."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from datetime import timedelta
from typing import Any

from core.domain.feeds import FeedCheck, FeedName
from core.flow.catalog import StepContext
from core.steps.moment import received_at
from core.steps.providers import Provider

NONE = {"rows_read": 0, "rows_stored": 0, "rows_quarantined": 0}


def record(
    context: StepContext,
    feed: FeedName,
    provider: str,
    counts: Mapping[str, Any] | None = None,
    error: str = "",
) -> None:
    """Keep how one fetch went."""
    known = {key: value for key, value in (counts or {}).items() if key in FeedCheck.model_fields}
    fields = {"feed": feed, "provider": provider, "run_id": context.run_id, "error": error[:1000]}
    check = FeedCheck.model_validate(
        {**NONE, **known, **fields, "checked_at": received_at(context)}
    )
    context.services.storage.quality.record_check(check)


def is_due(context: StepContext, feed: FeedName) -> bool:
    """Tell whether a feed is older than the node's `every_minutes`; without them it always is."""
    minutes, now = context.options.get("every_minutes"), received_at(context)
    last = context.services.storage.quality.last_success(feed, now)
    if minutes is None or last is None:
        return True
    return now - last >= timedelta(minutes=float(minutes))


class FailureWatch:
    """Notices which providers failed while others answered in their place."""

    def __init__(self, providers: Sequence[Provider[Any]]) -> None:
        self._providers = providers
        self._before = {one.name: one.state().last_failure_at for one in providers}

    def record_failures(
        self, context: StepContext, feed: FeedName, answered: Container[str]
    ) -> dict[str, str]:
        """Record the providers that failed since then and answered nothing; return their errors."""
        failed = {}
        for provider in self._providers:
            state = provider.state()
            is_new = state.last_failure_at != self._before[provider.name]
            if (is_new or state.breaker == "open") and provider.name not in answered:
                failed[provider.name] = state.last_error
                record(context, feed, provider.name, error=state.last_error)
        return failed
