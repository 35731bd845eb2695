"""The positions page, the broker as it shows it, and what a click there has led to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

import pandas as pd

from core.domain.exposure import Exposure
from core.domain.holdings import Holding
from core.domain.orders import Order, OrderRequest
from core.domain.risk import SizeDecision
from core.domain.trading import Account, BrokerCapabilities, MarketClock
from core.domain.views.trades import PositionsView


@dataclass(frozen=True)
class PositionsPage:
    """What is open and how the account does.

    curve: as_of, equity, cash, drawdown_fraction; the last sample of each day, oldest first.
    working: the orders of which something may still trade. exposure: None before the first
    account sample.
    """

    view: PositionsView
    curve: pd.DataFrame
    holdings: Sequence[Holding]
    working: Sequence[Order]
    exposure: Exposure | None


@dataclass(frozen=True)
class OrderDetail:
    """One order: what was asked, how it was sized, and its way.

    sizes: when and how, oldest first. path: with the columns of `OrderPathViews.order_path`.
    """

    client_order_id: str
    order: Order | None
    request: OrderRequest | None
    tactic_id: str
    sizes: Sequence[tuple[datetime, SizeDecision]]
    path: pd.DataFrame


@dataclass(frozen=True)
class BrokerAnswer:
    """What the broker said when it was asked; error is "" where it answered."""

    asked_at: datetime
    seconds: float
    clock: MarketClock | None = None
    error: str = ""


@dataclass(frozen=True)
class BrokerState:
    """The broker as it is known. USD.

    heard_at: when it last answered a comparison; silence: why the newest one got no answer.
    clock: the market's hours, by the broker where it was asked, else by the exchange's calendar.
    account: as it was last told. asked: the last question of this process, None before the first.
    """

    name: str
    capabilities: BrokerCapabilities
    heard_at: datetime | None
    silence: str
    clock: MarketClock
    account: Account | None
    asked: BrokerAnswer | None


class HandAction(StrEnum):
    """What an operator can do to what is open."""

    FLATTEN = "flatten"
    BREAK_EVEN = "break_even"
    CANCEL = "cancel"


class Word(NamedTuple):
    """Who does something by hand, why, and how long he has thought about it."""

    actor: str
    reason: str
    waited_s: float = 0.0


class Outcome(StrEnum):
    """pending: the broker has taken it, and it is not done. unclear: nobody knows whether it has.

    refused: by the broker, for good. not_sent: surely nothing has happened.
    """

    DONE = "done"
    PENDING = "pending"
    UNCLEAR = "unclear"
    REFUSED = "refused"
    NOT_SENT = "not_sent"


@dataclass(frozen=True)
class HandReport:
    """What a click has led to, as the broker then tells it."""

    outcome: Outcome
    text: str
