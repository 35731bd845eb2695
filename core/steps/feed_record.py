"""What each fetch leaves behind: one check per feed and provider, with its counts or its error."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from core.domain.feeds import FeedCheck, FeedName
from core.errors import AppError, InsufficientDataError
from core.flow.catalog import StepContext
from core.steps.moment import received_at
from core.steps.providers import Provider

TEXT = 1000
NONE = {"rows_read": 0, "rows_stored": 0, "rows_quarantined": 0}


def record(
    context: StepContext,
    feed: FeedName,
    provider: str,
    counts: Mapping[str, Any] | None = None,
    error: str = "",
    note: str = "",
) -> None:
    """Keep how one fetch went."""
    known = {key: value for key, value in (counts or {}).items() if key in FeedCheck.model_fields}
    fields = {
        "feed": feed, "provider": provider, "run_id": context.run_id,
        "checked_at": received_at(context), "error": error[:TEXT], "note": note[:TEXT],
    }  # fmt: skip
    check = FeedCheck.model_validate({**NONE, **known, **fields})
    context.services.storage.quality.record_check(check)


def stored_at(context: StepContext) -> datetime | None:
    """Return when rows are received: in the replay at its moment, else when they are stored."""
    return context.as_of if context.services.clock.is_replay else None


def followed(context: StepContext) -> tuple[str, ...]:
    """Return the followed symbols as they are asked for: first the leads, which lead all others."""
    universe = context.services.universe
    return tuple(dict.fromkeys((*universe.leads, *universe.symbols)))


class Attempt:
    """One fetch of one feed: which providers failed, and of which symbols nothing came and why."""

    def __init__(self, context: StepContext, feed: FeedName) -> None:
        self.missing: dict[str, str] = {}
        self.last_error: AppError | None = None
        self.is_recorded = False
        self._context, self._feed = context, feed
        self._errors: defaultdict[str, list[AppError]] = defaultdict(list)

    def failed(self, provider: str, error: AppError) -> None:
        self._errors[provider].append(error)
        self.last_error = error

    def record(self, answered: Mapping[str, Mapping[str, Any]]) -> None:
        """Keep a check of every provider that answered, with its counts, or that failed."""
        self.is_recorded = True
        gone = _words(f"nothing of {', '.join(self.missing)}", list(self.missing.values()))
        for provider, counts in answered.items():
            # That it does not have one symbol is no fault; it shows above where nobody has it.
            errors = [e for e in self._errors[provider] if not isinstance(e, InsufficientDataError)]
            own = _words(f"failed {len(errors)} times", [str(error) for error in errors])
            note = "; ".join(text for text in (own, gone) if text)
            record(self._context, self._feed, provider, counts, note=note)
        for provider, errors in self._errors.items():
            if provider not in answered:
                more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
                record(self._context, self._feed, provider, error=f"{errors[0]}{more}")


@contextmanager
def attempting(
    context: StepContext, feed: FeedName, providers: Sequence[Provider[Any]]
) -> Iterator[Attempt]:
    """Let an error leave a check too: under the name of the first provider, if of no other."""
    attempt = Attempt(context, feed)
    try:
        yield attempt
    except AppError as error:
        if not attempt.is_recorded:
            record(context, feed, providers[0].name if providers else "none", error=str(error))
        raise


def is_due(context: StepContext, feed: FeedName) -> bool:
    """Tell whether a feed has not come whole for the node's `every_minutes`, if it has them."""
    every, now = every_minutes(context), received_at(context)
    if every is None:
        return True
    last = context.services.storage.quality.last_success(feed, now)
    return last is None or now - last >= every


def every_minutes(context: StepContext) -> timedelta | None:
    minutes = context.options.get("every_minutes")
    return None if minutes is None else timedelta(minutes=float(minutes))


def _words(what: str, reasons: Sequence[str]) -> str:
    return f"{what}: {reasons[0]}" if reasons else ""
