"""The adapter: asks every address, and keeps what failed and what was refused."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from core.adapters.fetching import Reader, is_web_address, shown
from core.adapters.news.rss.decoding import decode
from core.adapters.news.rss.document import select
from core.adapters.news.rss.entries import SOURCE, Feed, parse_entries, sort_out
from core.domain.feeds import NewsItem, QuarantinedRow
from core.errors import (
    AdapterError,
    ConfigurationError,
    RejectedError,
    UnexpectedResponseError,
)
from core.settings import Settings

LOG = logging.getLogger("convergence.news.rss")

PLACE = "{symbol}"
MAX_BYTES = 5_000_000
USER_AGENT = "Mozilla/5.0 (compatible; Convergence)"  # some hosts leave others without an answer
FAILURES_IN_A_ROW = 3  # then an address is not asked for the rest of the symbols
REFUSED_KEPT = 1000


def create(settings: Settings) -> RssNews:
    """Build it.

    Raises: ConfigurationError if there is no address, or one that is none of the web.
    """
    if not settings.rss_urls:
        raise ConfigurationError("CONVERGENCE_RSS_URLS is empty: list at least one feed")
    for place, address in enumerate(settings.rss_urls, start=1):
        if not is_web_address(address):
            raise ConfigurationError(
                f"CONVERGENCE_RSS_URLS: address {place} must begin with http:// or https:// "
                "and have a host"
            )
    return RssNews(settings.rss_urls)


class RssNews:
    """Reads feeds. One with `{symbol}` in its address is asked once a symbol, any other once.

    The other's headlines name no symbols: which ones they are about is not known here.
    """

    name = "rss"

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses
        self._reader = Reader(self.name, "headlines", USER_AGENT, MAX_BYTES)
        self._failures: dict[str, AdapterError] = {}
        self._refused: dict[tuple[str, str], QuarantinedRow] = {}

    @property
    def requests_sent(self) -> int:
        return self._reader.requests_sent

    def headlines(self, symbols: Sequence[str], since: datetime, until: datetime) -> list[NewsItem]:
        """Return what the feeds date in [since, until], oldest first.

        Raises: the error of the first address if none of them answered; else see `failures`.
        """
        self._failures = {}
        if not symbols or since > until:
            return []
        answers = [one for address in self._addresses for one in self._ask(address, symbols)]
        if not answers:
            raise next(iter(self._failures.values()))
        found = {item.news_id: item for answer in answers for item in answer}
        dated = [item for item in found.values() if since <= item.published_at <= until]
        return sorted(dated, key=lambda item: (item.published_at, item.news_id))

    def failures(self) -> dict[str, str]:
        """Return why addresses failed in the last `headlines`; the query is left out of them."""
        return {address: error.reason for address, error in self._failures.items()}

    def refused(self) -> list[QuarantinedRow]:
        """Return what was refused since the last call, at most the newest 1,000."""
        rows, self._refused = list(self._refused.values()), {}
        return rows

    def _ask(self, template: str, symbols: Sequence[str]) -> Iterator[list[NewsItem]]:
        """Yield the headlines of each answer."""
        failed = 0
        for address, about in expand(template, symbols):
            try:
                items = self._read(address, about)
            except AdapterError as error:
                LOG.warning("%s", error)
                self._failures.setdefault(shown(address), error)
                failed += not isinstance(error, RejectedError)  # that one is about this symbol
            else:
                failed = 0
                yield items
            if failed == FAILURES_IN_A_ROW:
                LOG.warning("%s is not asked for the other symbols", shown(template))
                return

    def _read(self, address: str, about: tuple[str, ...]) -> list[NewsItem]:
        answer = self._reader.read(address)
        try:
            title, entries = parse_entries(select(decode(answer.body, answer.charset)))
        except ValueError as error:
            reason = f"{shown(address)} answers something else than a feed: {error}"
            raise UnexpectedResponseError(self.name, "headlines", reason) from error
        host = urlsplit(address).hostname or ""
        feed = Feed(address, about, title or host[:SOURCE], entries)
        items, refused = sort_out(feed, datetime.now(UTC))
        self._keep(refused, address)
        return items

    def _keep(self, refused: Sequence[QuarantinedRow], address: str) -> None:
        if not refused:
            return
        reasons = "; ".join(sorted({row.reason for row in refused}))
        LOG.warning("%s: %d items refused: %s", shown(address), len(refused), reasons)
        self._refused |= {(row.key, row.reason): row for row in refused}
        for key in list(self._refused)[:-REFUSED_KEPT]:
            del self._refused[key]


def expand(template: str, symbols: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Return the addresses to ask, each with the symbols that its headlines are about."""
    if PLACE not in template:
        return [(template, ())]
    return [
        (template.replace(PLACE, quote(symbol.replace(".", "-"))), (symbol,)) for symbol in symbols
    ]
