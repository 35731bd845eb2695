"""The paper account's arithmetic: average cost, turning from long to short, buying power."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from core.adapters.brokers.paper.money import Holding, account, positions
from core.domain.trading import Fill, FillLeg, OrderSide

AT = datetime(2026, 11, 24, 14, 30, tzinfo=UTC)


def fill(quantity: int, price: int) -> Fill:
    return Fill(
        fill_id=f"order:1:entry#entry-{quantity}",
        client_order_id="order:1:entry",
        symbol="TSLA",
        side=OrderSide.BUY if quantity > 0 else OrderSide.SELL,
        leg=FillLeg.ENTRY,
        quantity=Decimal(abs(quantity)),
        price=Decimal(price),
        fees=Decimal(1),
        filled_at=AT,
        label="synthetic",
    )


def held(*fills: tuple[int, int]) -> Holding:
    holding = Holding()
    for quantity, price in fills:
        holding = holding.plus(fill(quantity, price))
    return holding


def test_adding_averages_the_cost() -> None:
    assert held((10, 100), (30, 120)) == Holding(Decimal(40), Decimal(4600))


def test_taking_away_keeps_the_average() -> None:
    assert held((10, 100), (30, 120), (-20, 200)) == Holding(Decimal(20), Decimal(2300))


def test_beyond_flat_the_cost_starts_anew() -> None:
    assert held((10, 100), (-15, 120)) == Holding(Decimal(-5), Decimal(-600))


def test_flat_costs_nothing_and_is_no_position() -> None:
    fills = [fill(10, 100), fill(-10, 120)]

    assert held((10, 100), (-10, 120)) == Holding(Decimal(0), Decimal(0))
    assert positions(fills, {"TSLA": Decimal(120)}) == []


def test_a_short_account_keeps_its_cash_and_owes_the_shares() -> None:
    fills = [fill(-10, 100)]
    shorts = positions(fills, {"TSLA": Decimal(110)})

    result = account(fills, shorts, [], AT)

    assert (result.cash, result.equity) == (100_999, 99_899)
    assert result.buying_power == 2 * 99_899 - 1100


def test_buying_power_is_never_below_zero() -> None:
    fills = [fill(1000, 200)]
    held_long = positions(fills, {"TSLA": Decimal(110)})

    assert account(fills, held_long, [], AT).buying_power == 0
