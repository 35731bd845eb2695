"""The paper account's arithmetic: average cost, turning from long to short, buying power."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from core.adapters.brokers.paper.money import Holding, account, positions
from core.adapters.brokers.paper.rules import VenueRules
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

    result = account(fills, shorts, Decimal(0), AT, VenueRules())

    assert (result.cash, result.equity) == (100_999, 99_899)
    assert result.buying_power == 2 * 99_899 - 1100


def test_buying_power_is_below_zero_where_more_is_held_than_margin_allows() -> None:
    fills = [fill(1000, 200)]
    held_long = positions(fills, {"TSLA": Decimal(110)})

    result = account(fills, held_long, Decimal(0), AT, VenueRules())

    assert result.equity == 100_000 - 200_001 + 110_000
    assert result.buying_power == 2 * result.equity - 110_000 < 0


def test_open_entries_use_up_buying_power_alone() -> None:
    free = account([], [], Decimal(0), AT, VenueRules())
    reserved = account([], [], Decimal("1010.50"), AT, VenueRules())

    assert reserved.buying_power == free.buying_power - Decimal("1010.50")
    assert (reserved.cash, reserved.equity) == (free.cash, free.equity)


def test_the_account_starts_with_what_the_rules_say() -> None:
    rules = VenueRules(start_cash_usd=Decimal(5000), margin=Decimal(1))

    result = account([], [], Decimal(0), AT, rules)

    assert (result.cash, result.buying_power, result.multiplier) == (5000, 5000, 1)
