"""Alpaca's stock bars, quotes, corporate actions and market calendar.

Source: https://docs.alpaca.markets/reference/stockbars
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

import pandas as pd

from core.adapters.alpaca_rest import NAME, AlpacaRest, leave_out_invalid, parsing
from core.adapters.alpaca_wire import NEW_YORK, parse_bar, parse_quote, to_frame
from core.domain.feeds import CorporateAction, Label, Quote, SessionHours
from core.domain.market import BarQuery, Timeframe
from core.errors import InsufficientDataError
from core.settings import Settings

TIMEFRAMES = {Timeframe.DAY: "1Day", Timeframe.FIVE_MINUTES: "5Min", Timeframe.MINUTE: "1Min"}
BARS_PER_PAGE = 10_000
ACTIONS_PER_PAGE = 1_000
DELAYED_FEED = "delayed_sip"
DELAY = timedelta(minutes=16)  # without a subscription Alpaca refuses the last 15 minutes of SIP

# Alpaca searches actions by the date on which they are booked: a dividend's is its payday.
BOOKED_BEFORE = timedelta(days=10)
BOOKED_AFTER = timedelta(days=120)


def create(settings: Settings) -> AlpacaMarketData:
    """Build it.

    Raises: ConfigurationError without keys.
    """
    return AlpacaMarketData(AlpacaRest(settings), settings.alpaca_feed)


class AlpacaMarketData:
    """Serves US stocks in prices as they were traded, and the sessions of the US market."""

    name = NAME

    def __init__(self, rest: AlpacaRest, feed: str) -> None:
        self._rest = rest
        self._feed = feed
        self._known: set[str] = set()

    @property
    def requests_sent(self) -> int:
        return self._rest.requests_sent

    def symbols(self) -> tuple[str, ...]:
        """Return none: it serves any US stock."""
        return ()

    def bars(self, query: BarQuery) -> pd.DataFrame:
        """Return the bars.

        Alpaca answers an unknown symbol and a holiday alike, with no bars; the trading service then
        says whether there is such a symbol.
        Raises: InsufficientDataError for a symbol that Alpaca does not have; as `AlpacaRest.get`.
        """
        with parsing("bars"):
            bars = [parse_bar(query.symbol, row) for row in self._rows(query)]
        if not bars:
            self._require_known(query.symbol)
        return to_frame(bars, query.timeframe)

    def actions(self, symbol: str, start: date, end: date) -> list[CorporateAction]:
        """Return the splits and cash dividends with an ex-date from start to end, oldest first."""
        params = {
            "symbols": symbol,
            "types": "forward_split,reverse_split,cash_dividend",
            "start": (start - BOOKED_BEFORE).isoformat(),
            "end": (end + BOOKED_AFTER).isoformat(),
            "limit": str(ACTIONS_PER_PAGE),
        }
        url = f"{self._rest.data_url}/v1/corporate-actions"
        pages = self._rest.pages("actions", url, params, "corporate_actions")
        with parsing("actions"):
            found = [action for page in pages for action in parse_actions(symbol, page)]
        within = (action for action in found if start <= action.ex_date <= end)
        return sorted(within, key=lambda action: action.ex_date)

    def quotes(self, symbols: Sequence[str]) -> list[Quote]:
        """Return the newest quote of each symbol that has a bid or an ask."""
        return leave_out_invalid(symbols, self._quotes)

    def session_hours(self, start: date, end: date) -> list[SessionHours]:
        """Return the sessions from start to end, oldest first, as the trading service has them."""
        params = {"start": start.isoformat(), "end": end.isoformat()}
        answer = self._rest.get("session_hours", f"{self._rest.trading_url}/v2/calendar", params)
        with parsing("session_hours"):
            sessions = [parse_session(row) for row in answer]
        within = (session for session in sessions if start <= session.session_date <= end)
        return sorted(within, key=lambda session: session.session_date)

    def _rows(self, query: BarQuery) -> Iterator[Mapping[str, Any]]:
        start = datetime.combine(query.start, time.min, NEW_YORK)
        end = datetime.combine(query.end, time.max, NEW_YORK)
        if self._feed == DELAYED_FEED:  # it has no history of its own: that is SIP's
            end = min(end, datetime.now(UTC) - DELAY)
        if end <= start:
            return
        params = {
            "symbols": query.symbol,
            "timeframe": TIMEFRAMES[query.timeframe],
            "start": start.isoformat(),
            "end": end.isoformat(),
            "adjustment": "raw",
            "feed": self._feed.removeprefix("delayed_"),
            "limit": str(BARS_PER_PAGE),
        }
        url = f"{self._rest.data_url}/v2/stocks/bars"
        for page in self._rest.pages("bars", url, params, "bars"):
            yield from (page or {}).get(query.symbol, ())

    def _quotes(self, symbols: Sequence[str]) -> list[Quote]:
        params = {"symbols": ",".join(symbols), "feed": self._feed}
        url = f"{self._rest.data_url}/v2/stocks/quotes/latest"
        answer = self._rest.get("quotes", url, params)
        with parsing("quotes"):
            messages = answer["quotes"]
            found = [parse_quote(name, messages[name]) for name in symbols if name in messages]
        return [quote for quote in found if quote is not None]

    def _require_known(self, symbol: str) -> None:
        if symbol in self._known:
            return
        if not self._rest.exists("bars", f"{self._rest.trading_url}/v2/assets/{symbol}"):
            raise InsufficientDataError(f"alpaca has no {symbol!r}: check how it is spelled")
        self._known.add(symbol)


def parse_actions(symbol: str, page: Mapping[str, Any]) -> Iterator[CorporateAction]:
    """Yield the splits and the dividends in USD of one page."""
    for row in (*page.get("forward_splits", ()), *page.get("reverse_splits", ())):
        if row["symbol"] == symbol:
            yield _action(symbol, "split", row, ratio=row["new_rate"] / row["old_rate"])
    for row in page.get("cash_dividends", ()):
        if row["symbol"] == symbol and row["rate"] != 0 and row.get("currency", "USD") == "USD":
            yield _action(symbol, "dividend", row, amount_usd=row["rate"])


def parse_session(row: Mapping[str, str]) -> SessionHours:
    """Read one session, whose hours are New York's."""
    day = date.fromisoformat(row["date"])
    opens, closes = (time.fromisoformat(row[key]) for key in ("open", "close"))
    return SessionHours(
        session_date=day,
        opens_at=datetime.combine(day, opens, NEW_YORK),
        closes_at=datetime.combine(day, closes, NEW_YORK),
    )


def _action(
    symbol: str, kind: Literal["split", "dividend"], row: Mapping[str, Any], **size: float
) -> CorporateAction:
    ex_date = date.fromisoformat(row["ex_date"])
    return CorporateAction(
        symbol=symbol, kind=kind, ex_date=ex_date, provider=NAME, label=Label.REAL, **size
    )
