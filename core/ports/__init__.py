"""What the desk needs from the outside world. Adapters implement these."""

from core.ports.alerts import Alerts
from core.ports.analysts import Analyst, LanguageModel
from core.ports.brokers import Broker, SimulatedVenue
from core.ports.fundamentals import FundamentalsSource
from core.ports.market_data import (
    CountsRequests,
    MarketCalendar,
    MarketData,
    MarketStream,
    StreamSink,
)
from core.ports.news import News, RefusesRows
from core.ports.publishers import Publisher

__all__ = [
    "Alerts",
    "Analyst",
    "Broker",
    "CountsRequests",
    "FundamentalsSource",
    "LanguageModel",
    "MarketCalendar",
    "MarketData",
    "MarketStream",
    "News",
    "Publisher",
    "RefusesRows",
    "SimulatedVenue",
    "StreamSink",
]
