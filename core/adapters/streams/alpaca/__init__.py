"""Alpaca's websocket of minute bars and quotes.

Not alpaca-py's StockDataStream: that one only logs a refused key, and tries for ever.
Source: https://docs.alpaca.markets/docs/streaming-market-data
"""

from core.adapters.streams.alpaca.stream import AlpacaStream, create

__all__ = ["AlpacaStream", "create"]
