"""The newest quotes, of each symbol from the first provider that has one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from core.domain.feeds import QuarantinedRow, Quote
from core.errors import AppError, InsufficientDataError
from core.flow.catalog import StepContext
from core.ports import MarketData
from core.steps.feed_record import NONE, Attempt, attempting, followed, stored_at
from core.steps.moment import received_at
from core.steps.providers import Provider

AT_ONCE = 50  # some vendors need a request a symbol, and their rate limit has to be kept
NAMED = 5
AHEAD = timedelta(minutes=2)  # a vendor's clock may be fast
FUTURE = "the quote lies in the future"


def fetch_quotes(context: StepContext) -> dict[str, Any]:
    """Ask each provider for what those before it did not have, and store what came.

    Raises: the last error, if there is no quote at all.
    """
    with attempting(context, "quotes", context.services.adapters.market_data) as attempt:
        found = _ask(context, attempt)
        counts = {name: _store(context, name, quotes) for name, quotes in found.items()}
        attempt.record(counts)
    if attempt.last_error is not None and not counts:
        raise attempt.last_error
    total = {name: sum(one[name] for one in counts.values()) for name in NONE}
    return total | {"failed": attempt.missing}


def _ask(context: StepContext, attempt: Attempt) -> dict[str, list[Quote]]:
    """Return the quotes by provider. The replay's provider has none, which is no failure."""
    found: dict[str, list[Quote]] = {}
    left, now = list(followed(context)), received_at(context)
    for provider in context.services.adapters.market_data:
        quotes, error = _quotes(context, provider, left)
        if quotes or context.services.clock.is_replay:
            found[provider.name] = quotes
        elif error is None and not found:
            error = InsufficientDataError(f"{provider.name} has no quote of {_few(left)}")
        if error is not None:
            attempt.failed(provider.name, error)
        had = {quote.symbol for quote in quotes if not _is_ahead(quote, now)}
        left = [symbol for symbol in left if symbol not in had]
    if not context.services.clock.is_replay:
        attempt.missing |= dict.fromkeys(left, "no provider has a quote of it")
    return found


def _quotes(
    context: StepContext, provider: Provider[MarketData], symbols: Sequence[str]
) -> tuple[list[Quote], AppError | None]:
    """Return what a provider has of the symbols, and the error that ended the questions."""
    patience_s, quotes = context.services.playbook.feeds.patience_seconds, list[Quote]()
    for start in range(0, len(symbols), AT_ONCE):
        wanted = symbols[start : start + AT_ONCE]
        try:
            found = provider.call(_of(wanted), patience_s)
        except AppError as error:
            return quotes, error
        quotes += [quote for quote in found if quote.symbol in wanted]
    return quotes, None


def _of(symbols: Sequence[str]) -> Callable[[MarketData], list[Quote]]:
    return lambda source: source.quotes(symbols)


def _store(context: StepContext, provider: str, quotes: Sequence[Quote]) -> dict[str, Any]:
    """Store the quotes but those of the future; return the counts."""
    storage, now = context.services.storage, received_at(context)
    ahead = [quote for quote in quotes if _is_ahead(quote, now)]
    sound = [quote for quote in quotes if not _is_ahead(quote, now)]
    storage.quality.quarantine([_refusal(quote, provider, now) for quote in ahead])
    return {
        "rows_read": len(quotes),
        "rows_stored": storage.quotes.append(sound, stored_at(context)),
        "rows_quarantined": len(ahead),
        "newest_at": max((quote.quoted_at for quote in sound), default=None),
    }


def _few(symbols: Sequence[str]) -> str:
    more = f" and {len(symbols) - NAMED} more" if len(symbols) > NAMED else ""
    return ", ".join(symbols[:NAMED]) + more


def _is_ahead(quote: Quote, now: datetime) -> bool:
    return quote.quoted_at > now + AHEAD


def _refusal(quote: Quote, provider: str, now: datetime) -> QuarantinedRow:
    return QuarantinedRow(
        source=provider, kind="quote", key=f"{quote.symbol} {quote.quoted_at.isoformat()}",
        reason=FUTURE, payload=quote.model_dump_json(), recorded_at=now,
    )  # fmt: skip
