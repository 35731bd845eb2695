"""Round trips from a broker's rows: what was realised, what is open, and that no cent is lost."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis.round_trips import summarize_trips, trade_history
from core.domain.imports import (
    ActivityCode,
    BrokerActivity,
    OptionContract,
    TradeHistory,
    TradeSummary,
)
from tests.examples import examples

DAY = date(2026, 3, 2)
CALL = OptionContract(symbol="TSLA", expiry=date(2026, 3, 13), right="call", strike=Decimal(410))
Step = tuple[int, str, str, str]


def activity(place: int, day: int, code: str, quantity: str, amount: str) -> BrokerActivity:
    stock = code in {"Buy", "Sell", "SPL", "SPR", "MRGS", "SXCH", "CDIV"}
    number = Decimal(quantity.removesuffix("S"))
    cash = Decimal(amount) if amount else None
    price = abs(cash) / number / (1 if stock else 100) if cash is not None else None
    return BrokerActivity(
        activity_id=str(place), account="main", activity_date=DAY + timedelta(days=day),
        place=place, instrument="TSLA", contract=None if stock else CALL, description="",
        code=ActivityCode(code), quantity=number, removes=quantity.endswith("S"), price=price,
        amount=cash,
    )  # fmt: skip


def history(*steps: Step) -> TradeHistory:
    return trade_history(activity(place, *step) for place, step in enumerate(steps))


def realised(found: TradeHistory) -> list[Decimal]:
    return [trip.realized_pnl for trip in found.round_trips]


def summary(*results: int) -> TradeSummary:
    steps = [
        step
        for day, result in enumerate(results)
        for step in ((day, "Buy", "1", "-100"), (day, "Sell", "1", str(100 + result)))
    ]
    return summarize_trips(history(*steps).round_trips)


def test_the_oldest_lot_is_sold_first() -> None:
    found = history(
        (0, "Buy", "10", "-100"), (1, "Buy", "10", "-200"), (2, "Sell", "15", "300"),
    )  # fmt: skip
    assert found.partial_pnl == Decimal(100)
    assert [(lot.quantity, lot.cost) for lot in found.open_lots] == [(5, 100)]
    assert not found.round_trips


def test_a_round_trip_goes_from_flat_to_flat() -> None:
    found = history(
        (0, "Buy", "10", "-100"), (1, "Sell", "5", "60"), (2, "Buy", "5", "-50"),
        (3, "Sell", "10", "150"), (4, "Buy", "1", "-10"),
    )  # fmt: skip
    (trip,) = found.round_trips
    assert (trip.realized_pnl, trip.quantity, trip.side) == (60, 15, "long")
    assert (trip.opened_date, trip.closed_date) == (DAY, DAY + timedelta(days=3))
    assert (trip.entry_price, trip.exit_price) == (10, 14)
    assert len(found.open_lots) == 1


def test_a_written_option_earns_its_premium() -> None:
    found = history((0, "STO", "2", "300"), (5, "BTC", "1", "-50"), (9, "OEXP", "1", ""))
    (trip,) = found.round_trips
    assert (trip.side, trip.realized_pnl, trip.ended_by) == ("short", 250, ActivityCode.EXPIRATION)
    assert (trip.entry_price, trip.exit_price) == (1.5, 0.25)


@pytest.mark.parametrize("code", ["OEXP", "OASGN", "OEXCS"])
@pytest.mark.parametrize(("opening", "amount"), [("BTO", "-200"), ("STO", "200")])
def test_what_ends_an_option_takes_its_direction_from_the_position(
    code: str, opening: str, amount: str
) -> None:
    found = history((0, opening, "1", amount), (9, code, "1", ""))
    assert realised(found) == [Decimal(amount)]
    assert not found.flags


@pytest.mark.parametrize("code", ["OEXP", "STC", "BTC", "Sell"])
def test_an_end_without_a_beginning_is_flagged_and_no_trade(code: str) -> None:
    amount = {"OEXP": "", "BTC": "-50"}.get(code, "50")
    found = history((0, code, "2", amount))
    assert not found.round_trips
    assert not found.open_lots
    assert [flag.amount for flag in found.flags] == [Decimal(amount or 0)]
    assert "no row in the history opened the 2" in found.flags[0].reason


def test_selling_more_than_is_held_is_split_between_trade_and_flag() -> None:
    found = history((0, "Buy", "10", "-100"), (1, "Sell", "15", "300"))
    assert realised(found) == [Decimal(100)]
    assert [flag.amount for flag in found.flags] == [Decimal(100)]


@pytest.mark.parametrize("added", ["30", "30S"])
def test_a_split_multiplies_the_lots_and_leaves_their_cost(added: str) -> None:
    found = history(
        (0, "Buy", "4", "-100"), (1, "Buy", "6", "-200"), (2, "SPL", added, ""),
        (3, "Sell", "16", "160"),
    )  # fmt: skip
    assert found.partial_pnl == Decimal(60)
    assert [(lot.quantity, lot.cost) for lot in found.open_lots] == [(24, 200)]


@pytest.mark.parametrize("rows", [["90"], ["10"], ["100S", "10"], ["90S"]])
def test_a_reverse_split_is_understood_in_each_of_its_forms(rows: list[str]) -> None:
    splits = [(1, "SPR", quantity, "") for quantity in rows]
    found = history((0, "Buy", "100", "-500"), *splits, (2, "Sell", "10", "600"))
    assert realised(found) == [Decimal(100)]
    assert found.round_trips[0].entry_price == 50


def test_a_split_of_nothing_is_flagged() -> None:
    found = history((0, "SPL", "30", ""))
    assert found.flags[0].reason == "the split does not fit the 0 held"


def test_a_merger_for_cash_is_a_sale_and_an_exchange_is_left_to_the_operator() -> None:
    sold = history((0, "Buy", "10", "-100"), (1, "MRGS", "10S", "150"))
    assert realised(sold) == [Decimal(50)]
    exchanged = history((0, "Buy", "10", "-100"), (1, "SXCH", "10S", ""))
    assert exchanged.flags[0].reason == "it may change the position; check it by hand"
    assert len(exchanged.open_lots) == 1


def test_dividends_are_no_trades() -> None:
    found = history((0, "CDIV", "1", "5"))
    assert found == TradeHistory((), (), (), Decimal(0))


def test_a_file_that_lists_the_sale_first_is_put_in_the_only_possible_order() -> None:
    found = history((0, "STC", "1", "210"), (0, "BTO", "1", "-200"))
    assert realised(found) == [Decimal(10)]
    assert not found.flags
    assert not found.round_trips[0].order_unknown


@pytest.mark.parametrize(
    ("codes", "unknown"),
    [
        (["BTO", "STC"], False),
        (["BTO", "BTO", "STC"], False),
        (["BTO", "STC", "BTO", "STC"], True),
    ],
)
def test_a_day_whose_order_decides_the_trades_is_marked(codes: list[str], unknown: bool) -> None:
    sold = {"STC": "2"} if codes.count("BTO") > codes.count("STC") else {}
    steps = [
        (0, code, sold.get(code, "1"), "-100" if code == "BTO" else "110") for code in codes
    ]  # fmt: skip
    assert {trip.order_unknown for trip in history(*steps).round_trips} == {unknown}


def test_accounts_do_not_close_each_others_lots() -> None:
    bought = activity(0, 0, "Buy", "1", "-100")
    sold = activity(1, 1, "Sell", "1", "150").model_copy(update={"account": "ira"})
    found = trade_history([bought, sold])
    assert len(found.open_lots) == len(found.flags) == 1


def test_a_fee_is_what_the_net_amount_lacks() -> None:
    rows = [activity(0, 0, "STO", "2", "156"), activity(1, 1, "BTC", "2", "-20")]
    net = [rows[0].model_copy(update={"amount": Decimal("155.91")}), rows[1]]
    (trip,) = trade_history(net).round_trips
    assert (trip.fees, trip.realized_pnl) == (Decimal("0.09"), Decimal("135.91"))


def test_the_rounded_price_of_a_fraction_is_no_fee() -> None:
    bought = activity(0, 0, "Buy", "0.123456", "-10.00")
    sold = activity(1, 1, "Sell", "0.123456", "11.00")
    printed = [
        bought.model_copy(update={"price": Decimal("80.99")}),
        sold.model_copy(update={"price": Decimal("89.11")}),
    ]
    (trip,) = trade_history(printed).round_trips
    assert (trip.fees, trip.realized_pnl) == (0, 1)


def test_a_split_into_endless_fractions_loses_no_share() -> None:
    bought = [(day, "Buy", "1", "-100") for day in range(3)]
    found = history(*bought, (3, "SPL", "1", ""), (4, "Sell", "4", "400"))
    assert realised(found) == [Decimal(100)]
    assert not found.open_lots


@pytest.mark.parametrize(("sold", "unknown"), [("3", False), ("10", True)])
def test_a_sale_that_could_have_ended_the_position_before_the_buy_is_marked(
    sold: str, unknown: bool
) -> None:
    found = history(
        (0, "Buy", "10", "-100"), (1, "Buy", "5", "-50"), (1, "Sell", sold, "40"),
        (2, "Sell", str(15 - int(sold)), "150"),
    )  # fmt: skip
    assert [trip.order_unknown for trip in found.round_trips] == [unknown]


def test_the_summary_counts_wins_and_losses_and_how_little_they_say() -> None:
    found = summary(10, -5, 0, 20, 15)
    assert (found.count, found.wins, found.losses) == (5, 3, 1)
    assert (found.win_rate, found.profit_factor, found.realized_pnl) == (0.75, 9.0, 40)
    assert not found.enough
    assert summary(*[1, -1] * 10).enough


def test_the_interval_of_the_win_rate_is_wilsons() -> None:
    found = summary(*[1] * 12, *[-1] * 8)
    assert found.win_low == pytest.approx(0.3866, abs=1e-4)
    assert found.win_high == pytest.approx(0.7812, abs=1e-4)


def test_no_trades_have_no_rate() -> None:
    found = summarize_trips([])
    assert (found.win_rate, found.win_low, found.profit_factor) == (None, None, None)


MONEY = st.decimals("0.01", "99999", places=2)
QUANTITY = st.one_of(
    st.integers(1, 50).map(Decimal), st.decimals("0.000001", "9", places=6)
)  # fmt: skip
TRADES = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.sampled_from(["Buy", "Sell", "BTO", "STC", "STO", "BTC", "OEXP", "SPL", "SPR", "MRGS"]),
        QUANTITY,
        MONEY,
    ),
    max_size=25,
)


@examples(300)
@given(TRADES)
def test_realised_and_open_and_flagged_money_is_all_the_money(
    trades: list[tuple[int, str, Decimal, Decimal]],
) -> None:
    paid, free = {"Buy", "BTO", "BTC"}, {"OEXP", "SPL", "SPR"}
    signs = dict.fromkeys(paid, -1) | dict.fromkeys(free, 0)
    rows = [
        activity(place, day, code, str(quantity), str(cash * signs.get(code, 1) or ""))
        for place, (day, code, quantity, cash) in enumerate(trades)
    ]
    found = trade_history(rows)
    kept = sum(realised(found), found.partial_pnl) - sum(lot.cost for lot in found.open_lots)
    kept += sum(flag.amount for flag in found.flags)
    assert kept == sum(row.amount or 0 for row in rows)


@examples(100)
@given(TRADES, st.randoms())
def test_the_order_in_which_rows_are_stored_does_not_matter(
    trades: list[tuple[int, str, Decimal, Decimal]], random: Random
) -> None:
    rows = [
        activity(place, day, code, str(quantity), "5" if code in {"Sell", "STC", "STO"} else "-5")
        for place, (day, code, quantity, _) in enumerate(trades)
    ]
    mixed = list(rows)
    random.shuffle(mixed)
    assert trade_history(mixed) == trade_history(rows)
