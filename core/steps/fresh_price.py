"""The newest price, asked for at the moment of a decision."""

from __future__ import annotations

from contextlib import suppress

from core.domain.tactics import Tactic
from core.errors import AdapterError, InsufficientDataError
from core.flow.catalog import StepContext
from core.steps.deadline import doubt_of
from core.steps.quote_feed import fetch_quotes


def fresh_doubt(context: StepContext, tactic: Tactic) -> str:
    """Say why the newest price does not bear a plan out, an empty text if it does.

    The replay has no prices to ask for, and a run for a session of the past none that count.
    """
    if context.services.clock.is_replay or context.inputs.get("backfill"):
        return ""
    with suppress(AdapterError, InsufficientDataError):  # kept as a failed check of the feed
        fetch_quotes(context)
    return doubt_of(context, tactic)
