"""Lets yfinance ask for a chart and read it; tells what is missing from what is broken."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd
from curl_cffi.requests import Response
from pandas.errors import Pandas4Warning
from yfinance.exceptions import YFDataException, YFException, YFPricesMissingError
from yfinance.scrapers.history import PriceHistory

from core.adapters.market_data.yahoo.frames import NEW_YORK, NO_CHART, NO_ROWS, Chart
from core.adapters.yahoo_rest import NAME, YahooRest, parsing
from core.domain.market import Timeframe
from core.errors import RejectedError, UnavailableError, UnexpectedResponseError
from core.settings import Settings

OPERATION = "chart"
NO_DATA = "Data doesn't exist"  # of a known symbol in this range, says Yahoo with HTTP 400


class Charts:
    """Starts below yfinance's `Ticker`, which asks for a time zone first and remembers a failure.

    yfinance's reader asks through `get` and `cache_get`, and nothing is cached.
    """

    def __init__(self, settings: Settings) -> None:
        self._rest = YahooRest(settings, OPERATION)

    @property
    def requests_sent(self) -> int:
        return self._rest.requests_sent

    def fetch(self, symbol: str, timeframe: Timeframe, **span: Any) -> Chart:
        """Fetch one chart; `span` is start and end (not included), or a period.

        Raises: as `YahooRest.get`.
        """
        vendor_symbol = symbol.replace(".", "-")
        history = PriceHistory(self, vendor_symbol, NEW_YORK.key, session=self._rest.session)
        with parsing(OPERATION, f"no readable chart of {symbol!r}"):
            try:
                prices = _read(history, timeframe, span)
            except RejectedError as error:
                if NO_DATA in error.reason:
                    return NO_CHART
                raise
            facts = history.get_history_metadata()
            _expect(facts, symbol=vendor_symbol, exchangeTimezoneName=NEW_YORK.key, currency="USD")
            return _to_chart(prices, history, facts)

    def get(
        self, url: str, params: Mapping[str, Any] | None = None, timeout: float | None = None
    ) -> Response:
        return self._rest.get(url, params or {})

    cache_get = get


def _read(history: PriceHistory, timeframe: Timeframe, span: Mapping[str, Any]) -> pd.DataFrame:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Pandas4Warning)  # yfinance 1.7 on pandas 3.1
            prices: pd.DataFrame = history.history(
                **span,
                interval=str(timeframe),
                prepost=timeframe is not Timeframe.DAY,
                auto_adjust=False,
                actions=True,
            )
        return prices
    except YFPricesMissingError:  # it has its facts all the same, if it is a chart
        return NO_ROWS
    except YFDataException as error:  # Yahoo's maintenance page
        raise UnavailableError(NAME, OPERATION, str(error)) from error
    except YFException as error:
        raise UnexpectedResponseError(NAME, OPERATION, str(error)) from error


def _expect(facts: Mapping[str, Any], **expected: str) -> None:
    for name, value in expected.items():
        if facts.get(name) != value:
            raise ValueError(f"{name} is {facts.get(name)!r}, expected {value!r}")


def _to_chart(prices: pd.DataFrame, history: PriceHistory, facts: Mapping[str, Any]) -> Chart:
    # The frame moves an action of a day without a bar to the bar before; these keep their dates.
    splits, dividends = _by_date(history._splits), _by_date(_in_usd(history._dividends))
    if not all(math.isfinite(ratio) and ratio > 0 for ratio in splits.values()):
        raise ValueError(f"the ratios of its splits are {list(splits.values())}")
    traded_at = facts.get("regularMarketTime")
    return Chart(
        prices=prices,
        splits=splits,
        dividends=dividends,
        last_price=facts.get("regularMarketPrice"),
        last_traded_at=None if traded_at is None else traded_at.to_pydatetime(),
    )


def _by_date(events: Any) -> dict[date, float]:
    if events is None:  # a chart without bars
        return {}
    return {moment.date(): float(value) for moment, value in events.items()}


def _in_usd(dividends: Any) -> Any:
    """Leave out what is paid in another currency; yfinance names currencies only if some is."""
    if isinstance(dividends, pd.DataFrame):
        return dividends.loc[dividends["currency"] == "USD", "Dividends"]
    return dividends
