"""Alpaca's trading service over alpaca-py's client, and its stream of trade updates."""

from core.adapters.brokers.alpaca.broker import AlpacaBroker, create

__all__ = ["AlpacaBroker", "create"]
