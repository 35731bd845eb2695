"""The embedded broker: a simulated venue with its own book."""

from core.adapters.brokers.paper.broker import PaperBroker, create

__all__ = ["PaperBroker", "create"]
