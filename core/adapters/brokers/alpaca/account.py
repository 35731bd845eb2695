"""What the account, its positions, the market's clock and an asset look like on Alpaca's wire."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from core.adapters.alpaca_wire import parse_moment
from core.adapters.brokers.alpaca.wire import optional_decimal, parse_decimal
from core.domain.trading import CENT, Account, Asset, MarketClock, Position

BLOCKS = {
    "account_blocked": "Alpaca has blocked the account",
    "trading_blocked": "Alpaca has blocked trading",
    "trade_suspended_by_user": "trading is suspended",
}


def parse_account(answer: Mapping[str, Any]) -> Account:
    reasons = [words for field, words in BLOCKS.items() if answer.get(field) is True]
    if answer["status"] != "ACTIVE":
        reasons.append(f"the account is {str(answer['status']).lower().replace('_', ' ')}")
    return Account(
        account_id=str(answer.get("account_number") or answer["id"]),
        equity=_cents(answer["equity"]),
        cash=_cents(answer["cash"]),
        buying_power=_cents(answer["buying_power"]),
        as_of=datetime.now(UTC),
        multiplier=parse_decimal(answer["multiplier"]),
        shorting_enabled=answer.get("shorting_enabled") is True,
        blocked="; ".join(reasons),
    )


def parse_positions(answer: Any) -> list[Position]:
    if not isinstance(answer, list):
        raise TypeError("it is not a list")
    return [_parse_position(position) for position in answer]


def _parse_position(answer: Mapping[str, Any]) -> Position:
    """Read one position. Alpaca tells the price before today's first trade as the last day's."""
    quantity = abs(parse_decimal(answer["qty"]))
    last_price = optional_decimal(answer, "current_price") or parse_decimal(answer["lastday_price"])
    return Position(
        symbol=str(answer["symbol"]),
        quantity=-quantity if answer["side"] == "short" else quantity,
        average_entry_price=parse_decimal(answer["avg_entry_price"]),
        last_price=last_price,
    )


def parse_clock(answer: Mapping[str, Any]) -> MarketClock:
    return MarketClock(
        at=parse_moment(answer["timestamp"]),
        is_open=answer["is_open"],
        next_open=parse_moment(answer["next_open"]),
        next_close=parse_moment(answer["next_close"]),
    )


def parse_asset(answer: Mapping[str, Any]) -> Asset:
    tradable = answer["tradable"] is True and answer["status"] == "active"
    return Asset(
        symbol=str(answer["symbol"]),
        is_tradable=tradable,
        is_shortable=tradable and answer["shortable"] is True,
        is_fractionable=answer["fractionable"] is True,
        reason="" if tradable else "Alpaca does not trade it",
    )


def unknown_asset(symbol: str) -> Asset:
    return Asset(
        symbol=symbol,
        is_tradable=False,
        is_shortable=False,
        is_fractionable=False,
        reason="Alpaca does not know it: check how it is spelled, or whether it was renamed",
    )


def _cents(value: Any) -> Decimal:
    return parse_decimal(value).quantize(CENT, ROUND_FLOOR)
