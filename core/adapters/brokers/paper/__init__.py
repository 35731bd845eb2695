"""The embedded broker: a simulated venue with its own book."""

from core.adapters.brokers.paper.broker import PaperBroker, create
from core.adapters.brokers.paper.rules import VenueRules

__all__ = ["PaperBroker", "VenueRules", "create"]
