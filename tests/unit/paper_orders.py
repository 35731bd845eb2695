"""Orders and bars for the tests of the paper venue."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from core import registry
from core.adapters.brokers.paper import PaperBroker
from core.domain.orders import Bracket, OrderRequest, OrderStatus, TakeProfit
from core.domain.trading import OrderSide
from core.ports import Broker
from core.settings import Settings

MORNING = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
OPEN = datetime(2026, 11, 24, 14, 30, tzinfo=UTC)
NEXT_DAY = OPEN + timedelta(days=1)
KEY = "order:TBOW-TSLA-20261124-A:entry"
Row = tuple[float, float, float, float]
ENTRY_BAR: Row = (100.5, 101.2, 100.2, 100.9)


def opened(folder: Path) -> PaperBroker:
    """Return the venue as the desk builds it."""
    created = registry.create("brokers", "paper", Broker, Settings(_env_file=None, data_dir=folder))
    assert isinstance(created, PaperBroker)
    return created


def bracket(stop: float, *targets: tuple[float, int]) -> Bracket:
    exits = tuple(
        TakeProfit(price=Decimal(str(price)), quantity=Decimal(shares)) for price, shares in targets
    )
    return Bracket(stop_price=Decimal(str(stop)), take_profits=exits)


def asked(side: OrderSide = OrderSide.BUY, **changes: Any) -> OrderRequest:
    """Ask for 10 shares at 101, stop 98, target 107; mirrored at 100 for a short."""
    away = side.sign
    content: dict[str, Any] = {
        "client_order_id": KEY,
        "symbol": "TSLA",
        "side": side,
        "quantity": Decimal(10),
        "limit_price": Decimal(100 + away),
        "bracket": bracket(100 - 2 * away, (100 + 7 * away, 10)),
    }
    return OrderRequest(**content | changes)


def halves() -> OrderRequest:
    """Ask for 10 shares at 101, stop 98, half of it at 104 and half at 107."""
    return asked(bracket=bracket(98, (107, 5), (104, 5)))


def shown(rows: Iterable[Row], start: datetime = OPEN, **columns: Any) -> pd.DataFrame:
    """Return five-minute bars, one after another."""
    records = [
        {
            "symbol": "TSLA",
            "timeframe": "5m",
            "session_date": start.date(),
            "started_at": pd.Timestamp(start + timedelta(minutes=5) * place),
            **dict(zip(("open", "high", "low", "close"), row, strict=True)),
            "volume": 1000,
            "provider": "sample",
            "label": "synthetic",
        }
        | columns
        for place, row in enumerate(rows)
    ]
    return pd.DataFrame(records)


def traded(broker: Broker) -> list[tuple[str, Decimal, Decimal]]:
    return [(f.leg.value, f.quantity, f.price) for f in broker.fills_since("")[0]]


def status(broker: Broker, key: str = KEY) -> OrderStatus:
    order = broker.order_by_client_id(key)
    assert order is not None
    return order.status
