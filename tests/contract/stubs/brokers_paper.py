"""The paper broker's market: every trade is a bar with one price."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pandas as pd

from core.adapters.brokers.paper import PaperBroker, VenueRules
from core.domain.trading import Asset

OPEN = datetime(2026, 11, 24, 14, 30, tzinfo=UTC)
SESSIONS = tuple(OPEN + timedelta(days=day) for day in (0, 1, 6, 7, 8, 9, 10, 13, 14, 15, 16, 17))
HOURS, BAR = timedelta(hours=6, minutes=30), timedelta(minutes=5)
FREE = VenueRules(fee_fraction=Decimal(0), slippage_usd=Decimal(0), volume_share=Decimal(1))
PLENTY = Decimal(1_000_000_000)
LISTED = ("TSLA", "AAPL", "BRK.B", "HTBR")
LAST_PRICE = Decimal(100)


class PaperVenue:
    """Shows bars of five minutes, one after another, in sessions of whole days."""

    def __init__(self, folder: Path, rules: VenueRules = FREE) -> None:
        self._path, self._rules = folder / "paper.sqlite", replace(rules)
        self._session, self._bars = 0, 0
        self.broker = self.reconnect()
        self.broker.list_asset(_asset("HTBR", is_shortable=False, reason="nobody lends it"))
        self.broker.list_asset(_asset("ZZZZ", is_tradable=False, reason="it is unknown"))
        self._show(dict.fromkeys(LISTED, LAST_PRICE), PLENTY)

    def reconnect(self) -> PaperBroker:
        broker = PaperBroker(self._path, self._rules)
        broker.connect()
        return broker

    def trade(self, symbol: str, price: Decimal, shares: Decimal | None = None) -> None:
        self._show({symbol: price}, PLENTY if shares is None else shares)

    def halt(self, symbol: str) -> None:
        self.broker.list_asset(_asset(symbol, is_tradable=False, reason="trading is halted"))

    def open(self, symbol: str) -> None:
        self.broker.list_asset(_asset(symbol))

    def end_session(self) -> None:
        """Show the session's last bar, in which nothing traded."""
        self._bars = HOURS // BAR - 1
        symbols = {order.symbol for order in self.broker.open_orders()}
        self._show(dict.fromkeys(symbols, LAST_PRICE), Decimal(0))

    def trade_by_hand(self, symbol: str, quantity: Decimal, price: Decimal) -> str:
        return self.broker.trade_by_hand(symbol, quantity, price).client_order_id

    def _show(self, prices: dict[str, Decimal], volume: Decimal) -> None:
        started_at = SESSIONS[self._session] + self._bars * BAR
        bars = [_bar(symbol, started_at, price, volume) for symbol, price in prices.items()]
        self.broker.process(pd.DataFrame(bars))
        self._bars += 1
        if self._bars * BAR >= HOURS:
            self._session, self._bars = self._session + 1, 0


def _bar(symbol: str, started_at: datetime, price: Decimal, volume: Decimal) -> dict[str, object]:
    return {
        "symbol": symbol,
        "timeframe": "5m",
        "session_date": started_at.date(),
        "started_at": pd.Timestamp(started_at),
        **dict.fromkeys(("open", "high", "low", "close"), float(price)),
        "volume": float(volume),
        "provider": "sample",
        "label": "synthetic",
    }


def _asset(symbol: str, **changes: object) -> Asset:
    listed = {"is_tradable": True, "is_shortable": True, "is_fractionable": False}
    return Asset.model_validate({"symbol": symbol} | listed | changes)
