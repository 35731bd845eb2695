"""Headlines that Alpaca passes on from Benzinga.

Source: https://docs.alpaca.markets/reference/news-3
"""

from __future__ import annotations

import json
import logging
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from core.adapters.alpaca_rest import MALFORMED, NAME, AlpacaRest, leave_out_invalid, parsing
from core.adapters.alpaca_wire import parse_moment
from core.domain.base import Symbol
from core.domain.feeds import Label, NewsItem, QuarantinedRow
from core.domain.text import plain_text
from core.settings import Settings

ARTICLES_PER_PAGE = 50
REFUSED_KEPT = 1000
SYMBOL = TypeAdapter(Symbol)

log = logging.getLogger(__name__)


def create(settings: Settings) -> AlpacaNews:
    """Build it.

    Raises: ConfigurationError without keys.
    """
    return AlpacaNews(AlpacaRest(settings))


class AlpacaNews:
    """Serves headlines by symbol, from 2015 on."""

    name = NAME

    def __init__(self, rest: AlpacaRest) -> None:
        self._rest = rest
        self._refused: deque[QuarantinedRow] = deque(maxlen=REFUSED_KEPT)

    @property
    def requests_sent(self) -> int:
        return self._rest.requests_sent

    def headlines(self, symbols: Sequence[str], since: datetime, until: datetime) -> list[NewsItem]:
        """Return the articles in the version of [since, until], oldest first.

        An update rewrites an article, so it is another item, published when it was updated.
        """
        if since > until:
            return []
        items = leave_out_invalid(symbols, lambda wanted: self._fetch(wanted, since, until))
        within = {item.news_id: item for item in items if since <= item.published_at <= until}
        return sorted(within.values(), key=lambda item: (item.published_at, item.news_id))

    def refused(self) -> list[QuarantinedRow]:
        """Return the articles that were refused since the last call, at most the newest 1,000."""
        return [self._refused.popleft() for _ in range(len(self._refused))]

    def failures(self) -> dict[str, str]:
        """Return none: there is one address, and `headlines` raises if it fails."""
        return {}

    def _fetch(self, symbols: Sequence[str], since: datetime, until: datetime) -> list[NewsItem]:
        params = {
            "symbols": ",".join(symbols),
            "start": since.isoformat(),
            "end": until.isoformat(),
            "sort": "asc",
            "limit": str(ARTICLES_PER_PAGE),
            "include_content": "false",
        }
        pages = self._rest.pages("headlines", f"{self._rest.data_url}/v1beta1/news", params, "news")
        with parsing("headlines"):
            articles = [article for page in pages for article in page or ()]
        return list(self._readable(articles))

    def _readable(self, articles: Iterable[Mapping[str, Any]]) -> Iterator[NewsItem]:
        for article in articles:
            try:
                yield parse_article(article)
            except MALFORMED as error:
                row = _refusal(article, f"{type(error).__name__} {error}")
                log.warning("alpaca's article %s is refused: %s", row.key, row.reason)
                self._refused.append(row)


def parse_article(article: Mapping[str, Any]) -> NewsItem:
    """Read one article.

    Raises: one of MALFORMED, also if the headline holds no words.
    """
    title = plain_text(article["headline"], 300)
    if not title:
        raise ValueError("the headline holds no words")
    updated_at = parse_moment(article["updated_at"])
    return NewsItem(
        news_id=f"{NAME}:{int(article['id'])}:{updated_at.isoformat()}",
        symbols=_stock_symbols(article["symbols"] or ()),
        title=title,
        summary=plain_text(article.get("summary") or "", 1000),
        source=plain_text(article.get("source") or "", 100) or NAME,
        url=_web_address(article.get("url") or ""),
        published_at=updated_at,
        provider=NAME,
        label=Label.REAL,
    )


def _refusal(article: object, reason: str) -> QuarantinedRow:
    number = article.get("id") if isinstance(article, Mapping) else None
    return QuarantinedRow(
        source=NAME,
        kind="news",
        key=plain_text(f"{NAME}:{number}", 200),
        reason=plain_text(reason, 300),
        payload=plain_text(json.dumps(article)[:500], 500),
        recorded_at=datetime.now(UTC),
    )


def _stock_symbols(named: Iterable[str]) -> tuple[str, ...]:
    """Return each symbol that may be a stock's once; pairs such as BTC/USD are not."""
    return tuple(name for name in dict.fromkeys(named) if _is_symbol(name))


def _is_symbol(name: str) -> bool:
    try:
        SYMBOL.validate_python(name)
    except ValidationError:
        return False
    return True


def _web_address(url: str) -> str:
    """Return an address that a browser may open, else nothing."""
    is_plain = url.isprintable() and " " not in url and len(url) <= 2000
    return url if is_plain and url.startswith(("https://", "http://")) else ""
