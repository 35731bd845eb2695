"""Yahoo as a source of bars, actions and last prices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd

from core.adapters.market_data.yahoo.charts import OPERATION, Charts
from core.adapters.market_data.yahoo.frames import NEW_YORK, Chart, to_actions, to_bars
from core.adapters.yahoo_rest import NAME, parsing
from core.domain.feeds import CorporateAction, Label, Quote
from core.domain.market import BarQuery, Timeframe
from core.errors import InsufficientDataError
from core.settings import Settings

ONE_DAY = timedelta(days=1)


def create(settings: Settings) -> YahooMarketData:
    """Build it; CONVERGENCE_YAHOO_URL can be a local server."""
    return YahooMarketData(settings)


class YahooMarketData:
    """Serves any US stock: daily bars of decades, 5-minute bars of 60 days, 1-minute bars of 30."""

    name = NAME

    def __init__(self, settings: Settings) -> None:
        self._charts = Charts(settings)

    @property
    def requests_sent(self) -> int:
        return self._charts.requests_sent

    def symbols(self) -> tuple[str, ...]:
        return ()

    def bars(self, query: BarQuery) -> pd.DataFrame:
        """Return the bars of the range.

        Yahoo divides its prices by every later split; to undo that, the splits through today are
        needed. Daily bars come with them; of intraday bars Yahoo does not give as many at once.
        """
        today = _today()
        end = max(query.end, today) if query.timeframe is Timeframe.DAY else query.end
        chart = self._fetch(query.symbol, query.timeframe, query.start, end)
        if end < today:
            splits = self._fetch(query.symbol, Timeframe.DAY, query.start, today).splits
        else:
            splits = chart.splits
        with parsing(OPERATION, f"no readable bars of {query.symbol!r}"):
            return to_bars(chart.prices, splits, query)

    def actions(self, symbol: str, start: date, end: date) -> list[CorporateAction]:
        """Return the splits and dividends with an ex-date from start to end, oldest first."""
        chart = self._fetch(symbol, Timeframe.DAY, start, max(end, _today()))
        with parsing(OPERATION, f"no readable actions of {symbol!r}"):
            return to_actions(chart, symbol, start, end)

    def quotes(self, symbols: Sequence[str]) -> list[Quote]:
        """Return the last price of each symbol in regular hours; one request a symbol."""
        quotes = (self._quote(symbol) for symbol in symbols)
        return [quote for quote in quotes if quote is not None]

    def _quote(self, symbol: str) -> Quote | None:
        try:
            chart = self._charts.fetch(symbol, Timeframe.DAY, period="1d")
        except InsufficientDataError:
            return None
        if chart.last_price is None or chart.last_traded_at is None:
            return None
        facts: dict[str, Any] = {"symbol": symbol, "provider": NAME, "label": Label.REAL}
        with parsing(OPERATION, f"no readable quote of {symbol!r}"):
            return Quote(last=chart.last_price, quoted_at=chart.last_traded_at, **facts)

    def _fetch(self, symbol: str, timeframe: Timeframe, start: date, end: date) -> Chart:
        return self._charts.fetch(symbol, timeframe, start=start, end=end + ONE_DAY)


def _today() -> date:
    return datetime.now(NEW_YORK).date()
