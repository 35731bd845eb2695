"""Yahoo's charts: daily and intraday bars, splits and dividends, last prices."""

from core.adapters.market_data.yahoo.adapter import YahooMarketData, create

__all__ = ["YahooMarketData", "create"]
