"""Yahoo as a source of key figures, which it has of today alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from yfinance.scrapers.quote import Quote

from core.adapters.yahoo_rest import NAME, YahooRest, parsing
from core.domain.feeds import Fundamentals, Label
from core.domain.text import plain_text
from core.errors import InsufficientDataError
from core.settings import Settings

OPERATION = "fundamentals"
NEW_YORK = ZoneInfo("America/New_York")
MODULES = [
    "assetProfile", "summaryDetail", "defaultKeyStatistics", "financialData", "calendarEvents",
]  # fmt: skip

Section = Mapping[str, Any]


def create(settings: Settings) -> YahooFundamentals:
    """Build it; CONVERGENCE_YAHOO_URL can be a local server."""
    return YahooFundamentals(settings)


class YahooFundamentals:
    """Serves the newest figures of any US stock, dated today; of the past it knows nothing."""

    name = NAME

    def __init__(self, settings: Settings) -> None:
        self._rest = YahooRest(settings, OPERATION)

    @property
    def requests_sent(self) -> int:
        return self._rest.requests_sent

    def fundamentals(self, symbol: str, as_of: date) -> Fundamentals | None:
        """Return the figures of today, None for an `as_of` that lies further back.

        Raises: UnavailableError, AuthenticationError, RejectedError, UnexpectedResponseError.
        """
        today = _today()
        if as_of < today:
            return None
        # `Quote.info` would ask three times and still not know the next earnings.
        with parsing(OPERATION, f"no readable figures of {symbol!r}"):
            try:
                answer = Quote(self, symbol.replace(".", "-"))._fetch(MODULES)
            except InsufficientDataError:
                return None
            return to_fundamentals(answer["quoteSummary"]["result"][0], symbol, today)

    def get_raw_json(self, url: str, params: Mapping[str, Any]) -> Any:
        """Return the parsed answer to what yfinance's reader asks."""
        return self._rest.get_with_crumb(url, params).json()


def to_fundamentals(
    summary: Mapping[str, Section], symbol: str, today: date
) -> Fundamentals | None:
    """Return what `summary` says, None if it holds no figure.

    Money of reports in another currency than USD is left out.
    """
    profile, detail, statistics, financial, calendar = (summary.get(name) or {} for name in MODULES)
    is_in_usd = financial.get("financialCurrency") == "USD"
    money: Section = {**statistics, **financial} if is_in_usd else {}
    figures = {
        "market_cap_usd": _number(detail, "marketCap"),
        "price_earnings_ratio": _number(detail, "trailingPE"),
        "earnings_per_share_usd": _number(money, "trailingEps"),
        "revenue_usd": _number(money, "totalRevenue"),
        "net_income_usd": _number(money, "netIncomeToCommon"),
        "revenue_growth_fraction": _number(financial, "revenueGrowth"),
        "gross_margin_fraction": _number(financial, "grossMargins"),
        "net_margin_fraction": _number(financial, "profitMargins"),
    }
    if all(figure is None for figure in figures.values()):
        return None
    return Fundamentals(
        symbol=symbol,
        as_of_date=today,
        sector=plain_text(profile.get("sector") or "", limit=100),
        next_earnings_date=_next_earnings(calendar, today),
        provider=NAME,
        label=Label.REAL,
        **figures,
    )


def _number(section: Section, name: str) -> float | None:
    """Return a figure; Yahoo leaves out what it does not know, and writes "Infinity" as a text."""
    value = section.get(name)
    if isinstance(value, int | float) and math.isfinite(value):
        return float(value)
    return None


def _next_earnings(calendar: Section, today: date) -> date | None:
    moments = (calendar.get("earnings") or {}).get("earningsDate") or []
    days = (datetime.fromtimestamp(moment, NEW_YORK).date() for moment in moments)
    return min((day for day in days if day >= today), default=None)


def _today() -> date:
    return datetime.now(NEW_YORK).date()
