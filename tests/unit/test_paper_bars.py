"""What the paper venue makes of the bars that it is shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from core.adapters.brokers.paper import PaperBroker
from core.domain.orders import OrderStatus, TimeInForce
from core.errors import RejectedError
from tests.unit.paper_orders import (
    ENTRY_BAR,
    KEY,
    MORNING,
    OPEN,
    asked,
    halves,
    opened,
    shown,
    status,
    traded,
)


@pytest.fixture
def venue(tmp_path: Path) -> PaperBroker:
    return opened(tmp_path)


def test_an_entry_that_is_not_reached_stays_open(venue: PaperBroker) -> None:
    venue.submit(asked(), MORNING)

    venue.process(shown([(102, 103, 101.01, 102)]))

    assert (status(venue), traded(venue)) == (OrderStatus.ACCEPTED, [])


def test_an_entry_fills_at_its_limit(venue: PaperBroker) -> None:
    venue.submit(asked(), MORNING)

    venue.process(shown([(102, 103, 100.5, 102)]))

    assert traded(venue) == [("entry", 10, Decimal("101.00"))]


def test_an_entry_fills_at_a_better_open(venue: PaperBroker) -> None:
    venue.submit(asked(), MORNING)

    venue.process(shown([ENTRY_BAR]))

    order = venue.order_by_client_id(KEY)
    assert order is not None
    assert (order.status, order.average_fill_price) == (OrderStatus.FILLED, Decimal("100.50"))
    assert venue.open_orders() == [order]


def test_bars_from_before_the_order_do_not_fill_it(venue: PaperBroker) -> None:
    venue.submit(asked(), OPEN + timedelta(minutes=1))

    venue.process(shown([ENTRY_BAR, (102, 103, 101.5, 102)]))

    assert traded(venue) == []


def test_on_the_entry_bar_the_target_does_not_count(venue: PaperBroker) -> None:
    venue.submit(asked(), MORNING)

    venue.process(shown([(101, 110, 100.5, 109)]))

    assert [leg for leg, _, _ in traded(venue)] == ["entry"]


def test_on_the_entry_bar_the_stop_counts(venue: PaperBroker) -> None:
    venue.submit(asked(), MORNING)

    venue.process(shown([(101, 110, 97.9, 109)]))

    assert traded(venue) == [("entry", 10, 101), ("stop", 10, Decimal("97.98"))]


def test_stop_and_target_in_one_bar_is_stop_first(venue: PaperBroker) -> None:
    venue.submit(asked(), MORNING)

    venue.process(shown([ENTRY_BAR, (101, 107.5, 97.8, 103)]))

    assert traded(venue)[1:] == [("stop", 10, Decimal("97.98"))]


def test_a_gap_through_the_stop_fills_at_the_open(venue: PaperBroker) -> None:
    venue.submit(asked(), MORNING)

    venue.process(shown([ENTRY_BAR, (97, 97.5, 96.5, 97.2)]))

    assert traded(venue)[1:] == [("stop", 10, Decimal("96.98"))]


def test_a_gap_through_the_target_fills_at_the_target(venue: PaperBroker) -> None:
    venue.submit(asked(), MORNING)

    venue.process(shown([ENTRY_BAR, (109, 110, 108.5, 109)]))

    assert traded(venue)[1:] == [("target", 10, Decimal("107.00"))]


def test_each_take_profit_fills_at_its_own_price_nearest_first(venue: PaperBroker) -> None:
    venue.submit(halves(), MORNING)

    venue.process(shown([ENTRY_BAR, (101, 104.5, 100.5, 104), (104, 107.2, 103.5, 107)]))

    assert traded(venue)[1:] == [("target", 5, 104), ("target", 5, 107)]
    assert venue.positions() == []


def test_after_a_take_profit_the_stop_holds_the_rest(venue: PaperBroker) -> None:
    venue.submit(halves(), MORNING)

    venue.process(shown([ENTRY_BAR, (101, 104.5, 100.5, 104), (104, 104, 97, 97)]))

    assert traded(venue)[1:] == [("target", 5, 104), ("stop", 5, Decimal("97.98"))]


def test_a_filled_stop_cancels_the_take_profits(venue: PaperBroker) -> None:
    venue.submit(halves(), MORNING)

    venue.process(shown([ENTRY_BAR, (101, 101, 97, 97), (100, 120, 100, 120)]))

    assert [leg for leg, _, _ in traded(venue)] == ["entry", "stop"]


def test_filled_take_profits_cancel_the_stop(venue: PaperBroker) -> None:
    venue.submit(halves(), MORNING)

    venue.process(shown([ENTRY_BAR, (101, 108, 101, 108), (100, 100, 90, 90)]))

    assert [leg for leg, _, _ in traded(venue)] == ["entry", "target", "target"]


def test_the_bracket_outlives_the_day(venue: PaperBroker) -> None:
    venue.submit(asked(), MORNING)
    venue.process(shown([ENTRY_BAR]))

    venue.process(shown([(97, 97.5, 96.5, 97)], OPEN + timedelta(days=1)))

    assert [leg for leg, _, _ in traded(venue)] == ["entry", "stop"]


def test_fills_tell_their_order_leg_bar_and_label(venue: PaperBroker) -> None:
    venue.submit(halves(), MORNING)
    venue.process(shown([ENTRY_BAR, (101, 108, 101, 108)]))

    fills, _ = venue.fills_since("")

    assert [fill.fill_id for fill in fills] == [
        f"{KEY}#entry-1", f"{KEY}#target-1", f"{KEY}#target-2",
    ]  # fmt: skip
    assert {fill.label for fill in fills} == {"synthetic"}
    assert [fill.filled_at for fill in fills] == [OPEN, *[OPEN + timedelta(minutes=5)] * 2]
    assert fills[0].fees == Decimal("0.10")


def test_daily_bars_trade_in_the_hours_of_their_session(venue: PaperBroker) -> None:
    venue.submit(asked(), MORNING)
    midnight = datetime(2026, 11, 24, tzinfo=UTC)

    venue.process(shown([ENTRY_BAR], midnight, timeframe="1d", label="real"))

    (fill,) = venue.fills_since("")[0]
    assert (fill.filled_at, fill.label) == (OPEN, "real")


# the end of a DAY order


def test_a_day_order_expires_with_the_last_bar_of_its_session(venue: PaperBroker) -> None:
    venue.submit(asked(), MORNING)
    close = datetime(2026, 11, 24, 21, 0, tzinfo=UTC)

    venue.process(shown([(102, 103, 102, 102)], close - timedelta(minutes=5)))

    order = venue.order_by_client_id(KEY)
    assert order is not None
    assert (order.status, order.updated_at) == (OrderStatus.EXPIRED, close)


def test_an_expired_order_does_not_fill_the_next_day(venue: PaperBroker) -> None:
    venue.submit(asked(), MORNING)

    venue.process(shown([ENTRY_BAR], OPEN + timedelta(days=1)))

    assert (status(venue), traded(venue)) == (OrderStatus.EXPIRED, [])


@pytest.mark.parametrize(
    ("submitted_at", "last_bar"),
    [
        (datetime(2026, 11, 24, 21, 0, tzinfo=UTC), datetime(2026, 11, 25, 20, 55, tzinfo=UTC)),
        (datetime(2026, 11, 25, 22, 0, tzinfo=UTC), datetime(2026, 11, 27, 17, 55, tzinfo=UTC)),
        (datetime(2026, 7, 2, 14, 0, tzinfo=UTC), datetime(2026, 7, 2, 19, 55, tzinfo=UTC)),
    ],
    ids=["after the close", "before a holiday and a half day", "in summer time"],
)
def test_a_day_order_lives_to_the_close_in_exchange_time(
    venue: PaperBroker, submitted_at: datetime, last_bar: datetime
) -> None:
    venue.submit(asked(), submitted_at)
    quiet = (102.0, 103.0, 102.0, 102.0)

    venue.process(shown([quiet], last_bar - timedelta(minutes=5)))
    assert status(venue) is OrderStatus.ACCEPTED

    venue.process(shown([quiet], last_bar))
    assert status(venue) is OrderStatus.EXPIRED


def test_another_symbol_s_bars_do_not_expire_an_order(venue: PaperBroker) -> None:
    venue.submit(asked(), MORNING)

    venue.process(shown([ENTRY_BAR], OPEN + timedelta(days=1), symbol="AAPL"))

    assert status(venue) is OrderStatus.ACCEPTED


def test_a_gtc_order_fills_on_a_later_day(venue: PaperBroker) -> None:
    venue.submit(asked(time_in_force=TimeInForce.GTC), MORNING)

    venue.process(shown([ENTRY_BAR], OPEN + timedelta(days=3)))

    assert status(venue) is OrderStatus.FILLED


# being shown bars


def test_the_same_bars_again_change_nothing(venue: PaperBroker) -> None:
    venue.submit(asked(), MORNING)
    bars = shown([ENTRY_BAR, (101, 104, 100, 103)])
    venue.process(bars)
    before = (venue.fills_since(""), venue.account(), venue.positions())

    venue.process(bars)

    assert (venue.fills_since(""), venue.account(), venue.positions()) == before


def test_an_order_does_not_trade_on_bars_that_were_seen_before_it(venue: PaperBroker) -> None:
    bars = shown([ENTRY_BAR, ENTRY_BAR])
    venue.process(bars)
    venue.submit(asked(), MORNING)

    venue.process(bars)

    assert traded(venue) == []


def test_bars_of_several_symbols_are_played_in_time_order(venue: PaperBroker) -> None:
    venue.submit(asked(), MORNING)
    venue.submit(asked(symbol="AAPL", client_order_id="order:2:entry"), MORNING)
    later = shown([ENTRY_BAR], OPEN + timedelta(minutes=10))
    bars = pd.concat([later, shown([ENTRY_BAR], symbol="AAPL")], ignore_index=True)

    venue.process(bars)

    assert [fill.symbol for fill in venue.fills_since("")[0]] == ["AAPL", "TSLA"]


@pytest.mark.parametrize(
    ("bars", "reason"),
    [
        (shown([ENTRY_BAR]).drop(columns="label"), "lack the columns"),
        (shown([ENTRY_BAR, (101, 100, 99, 100)]), "contradict"),
        (shown([ENTRY_BAR, (101, float("nan"), 99, 100)]), "contradict"),
        (shown([ENTRY_BAR]).assign(close=[None]), "contradict"),
        (shown([ENTRY_BAR], OPEN.replace(tzinfo=None)), "no zone"),
        (shown([ENTRY_BAR], timeframe="1h"), "unknown timeframe"),
    ],
)
def test_broken_bars_are_refused_and_change_nothing(
    venue: PaperBroker, bars: pd.DataFrame, reason: str
) -> None:
    venue.submit(asked(), MORNING)

    with pytest.raises(RejectedError, match=reason):
        venue.process(bars)

    assert (status(venue), traded(venue)) == (OrderStatus.ACCEPTED, [])


def test_no_bars_do_nothing(venue: PaperBroker) -> None:
    venue.process(pd.DataFrame())
