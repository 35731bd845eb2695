"""What every broker must do, and what every simulated venue must do with the bars it is shown."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core import registry
from core.adapters.brokers.paper import PaperBroker
from core.domain.trading import (
    Bracket,
    FillLeg,
    OrderRequest,
    OrderSide,
    OrderStatus,
    TakeProfit,
    TimeInForce,
)
from core.errors import RejectedError, UnexpectedResponseError
from core.ports import Broker, SimulatedVenue
from core.settings import ROOT, Settings
from tests.contract.conftest import build_adapter

DAY = date(2026, 11, 24)
MORNING = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
OPEN = datetime(2026, 11, 24, 14, 30, tzinfo=UTC)
KEY = "order:TBOW-TSLA-20261124-A:entry"
FEW = hypothesis_settings(max_examples=25, deadline=None)
Row = tuple[float, float, float, float]
ENTRY_BAR: Row = (100.5, 101.2, 100.2, 100.9)


@pytest.fixture(params=registry.names("brokers"))
def broker(request: pytest.FixtureRequest) -> Broker:
    return build_adapter(request, "brokers", Broker)


@pytest.fixture
def venue(tmp_path: Path) -> PaperBroker:
    return opened(tmp_path)


def opened(folder: Path) -> PaperBroker:
    created = registry.create("brokers", "paper", Broker, Settings(_env_file=None, data_dir=folder))
    assert isinstance(created, PaperBroker)
    return created


def asked(side: OrderSide = OrderSide.BUY, **changes: Any) -> OrderRequest:
    """Ask for 10 shares at 101, stop 98, target 107; mirrored at 100 for a short."""
    away = side.sign
    targets = (TakeProfit(price=Decimal(100 + 7 * away), quantity=Decimal(10)),)
    content: dict[str, Any] = {
        "client_order_id": KEY,
        "symbol": "TSLA",
        "side": side,
        "quantity": Decimal(10),
        "limit_price": Decimal(100 + away),
        "bracket": Bracket(stop_price=Decimal(100 - 2 * away), take_profits=targets),
    }
    return OrderRequest(**content | changes)


def halves() -> OrderRequest:
    """Ask for 10 shares at 101, stop 98, half of it at 104 and half at 107."""
    exits = tuple(TakeProfit(price=Decimal(p), quantity=Decimal(5)) for p in (107, 104))
    return asked(bracket=Bracket(stop_price=Decimal(98), take_profits=exits))


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


# every broker


def test_account_reports_money(broker: Broker) -> None:
    account = broker.account()

    assert account.equity > 0
    assert isinstance(account.cash, Decimal)
    assert account.as_of.tzinfo is not None


def test_a_broker_takes_brackets(broker: Broker) -> None:
    assert broker.capabilities().bracket


def test_submit_echoes_the_request(broker: Broker) -> None:
    order = broker.submit(asked(), MORNING)

    assert (order.client_order_id, order.symbol, order.side) == (KEY, "TSLA", OrderSide.BUY)
    assert (order.quantity, order.limit_price) == (Decimal(10), Decimal(101))
    assert order.submitted_at.tzinfo is not None


def test_submitting_twice_makes_one_order(broker: Broker) -> None:
    first, second = broker.submit(asked(), MORNING), broker.submit(asked(), MORNING)

    assert first.venue_order_id == second.venue_order_id
    assert [order.client_order_id for order in broker.open_orders()].count(KEY) == 1


def test_an_unknown_order_is_none(broker: Broker) -> None:
    assert broker.order_by_client_id("order:nobody:entry") is None


def test_a_submitted_order_is_found_by_its_id(broker: Broker) -> None:
    order = broker.submit(asked(), MORNING)

    found = broker.order_by_client_id(KEY)

    assert found is not None
    assert found.venue_order_id == order.venue_order_id


def test_a_cancelled_order_is_not_open(broker: Broker) -> None:
    broker.submit(asked(), MORNING)

    broker.cancel(KEY)

    assert status(broker) is OrderStatus.CANCELED
    assert KEY not in [order.client_order_id for order in broker.open_orders()]


def test_cancelling_twice_does_nothing_more(broker: Broker) -> None:
    broker.submit(asked(), MORNING)
    broker.cancel(KEY)

    broker.cancel(KEY)

    assert status(broker) is OrderStatus.CANCELED


def test_cancelling_an_unknown_order_does_nothing(broker: Broker) -> None:
    broker.cancel("order:nobody:entry")


def test_closing_an_unknown_position_does_nothing(broker: Broker) -> None:
    broker.close_position("order:nobody:entry", "test")


def test_an_unfilled_order_that_is_cancelled_and_closed_leaves_nothing(broker: Broker) -> None:
    broker.submit(asked(), MORNING)

    for _ in range(2):
        broker.cancel(KEY)
        broker.close_position(KEY, "test")

    assert status(broker) is OrderStatus.CANCELED
    assert "TSLA" not in [position.symbol for position in broker.positions()]


def test_a_cursor_without_new_fills_is_repeatable(broker: Broker) -> None:
    cursor = broker.fills_since("")[1]

    assert broker.fills_since(cursor) == ([], cursor)


# every simulated venue: orders


def test_a_new_account_holds_its_start_cash_alone(venue: PaperBroker) -> None:
    account = venue.account()

    assert (account.cash, account.equity, account.buying_power) == (100_000, 100_000, 200_000)
    assert (venue.positions(), venue.open_orders(), venue.fills_since("")) == ([], [], ([], ""))


def test_it_is_a_simulated_venue(venue: PaperBroker) -> None:
    assert isinstance(venue, SimulatedVenue)
    assert not venue.capabilities().is_live


def test_one_id_with_another_request_is_refused(venue: PaperBroker) -> None:
    venue.submit(asked(), MORNING)

    with pytest.raises(RejectedError, match="client_order_id must be unique"):
        venue.submit(asked(limit_price=Decimal("100.90")), MORNING)


def test_an_id_stays_used_after_cancel(venue: PaperBroker) -> None:
    venue.submit(asked(), MORNING)
    venue.cancel(KEY)

    assert venue.submit(asked(), MORNING).status is OrderStatus.CANCELED


def test_eight_threads_submitting_one_id_make_one_order(tmp_path: Path) -> None:
    def submit(_: int) -> str:
        return opened(tmp_path).submit(asked(), MORNING).venue_order_id

    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(submit, range(16)))

    assert len(ids) == len(opened(tmp_path).open_orders()) == 1


def test_orders_fills_and_money_survive_reopening(tmp_path: Path) -> None:
    before = opened(tmp_path)
    before.submit(asked(), MORNING)
    before.process(shown([ENTRY_BAR]))

    after = opened(tmp_path)

    assert after.order_by_client_id(KEY) == before.order_by_client_id(KEY)
    assert after.fills_since("") == before.fills_since("")
    assert (after.account(), after.positions()) == (before.account(), before.positions())


KILLED_AFTER_SUBMIT = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from core.adapters.brokers.paper import PaperBroker
from core.domain.trading import OrderRequest

broker = PaperBroker(Path(sys.argv[1]) / "paper.sqlite")
first = OrderRequest.model_validate_json(sys.argv[2])
at = datetime.fromisoformat(sys.argv[3])
if sys.argv[4] == "once":
    broker.submit(first, at)
    os.kill(os.getpid(), signal.SIGKILL)
for number in range(1000):
    request = first.model_copy(update={"client_order_id": f"order:{number}:entry"})
    broker.submit(request, at)
    print(request.client_order_id, flush=True)
"""


@contextmanager
def desk_process(folder: Path, request: OrderRequest, times: str) -> Iterator[Any]:
    arguments = [str(folder), request.model_dump_json(), MORNING.isoformat(), times]
    command = [sys.executable, "-c", KILLED_AFTER_SUBMIT, *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.chaos
def test_a_kill_between_submit_and_answer_leaves_one_order(tmp_path: Path) -> None:
    with desk_process(tmp_path, asked(), "once") as process:
        assert process.wait() == -9

    venue = opened(tmp_path)
    found, again = venue.order_by_client_id(KEY), venue.submit(asked(), MORNING)

    assert found == again
    assert len(venue.open_orders()) == 1


@pytest.mark.chaos
def test_a_kill_in_a_stream_of_orders_loses_none_that_was_answered(tmp_path: Path) -> None:
    small = asked(quantity=Decimal(1), bracket=one_share())
    with desk_process(tmp_path, small, "many") as process:
        answered = [process.stdout.readline().strip() for _ in range(7)]
        process.kill()
        answered += process.stdout.read().split()

    kept = [order.client_order_id for order in opened(tmp_path).open_orders()]

    assert kept[: len(answered)] == answered
    assert len(kept) - len(answered) in {0, 1}


def one_share() -> Bracket:
    exits = (TakeProfit(price=Decimal(107), quantity=Decimal(1)),)
    return Bracket(stop_price=Decimal(98), take_profits=exits)


def test_a_too_large_order_is_refused_with_both_numbers(venue: PaperBroker) -> None:
    exits = (TakeProfit(price=Decimal(107), quantity=Decimal(2000)),)
    bracket = Bracket(stop_price=Decimal(98), take_profits=exits)

    with pytest.raises(RejectedError, match=r"202,000\.00 USD.*200,000\.00 USD"):
        venue.submit(asked(quantity=Decimal(2000), bracket=bracket), MORNING)

    assert venue.order_by_client_id(KEY) is None


def test_open_orders_and_positions_use_up_buying_power(venue: PaperBroker) -> None:
    venue.submit(asked(), MORNING)
    assert venue.account().buying_power == 200_000 - 1010

    venue.process(shown([ENTRY_BAR]))

    account = venue.account()
    assert account.buying_power == 2 * account.equity - 10 * Decimal("100.90")


@pytest.mark.parametrize(
    "changes",
    [
        {"limit_price": Decimal(97)},
        {"limit_price": Decimal(108)},
        {"quantity": Decimal(11)},
        {"side": OrderSide.SELL},
    ],
)
def test_a_wrong_bracket_is_refused(venue: PaperBroker, changes: dict[str, Any]) -> None:
    unchecked = asked().model_copy(update=changes)

    with pytest.raises(RejectedError):
        venue.submit(unchecked, MORNING)

    assert venue.open_orders() == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"limit_price": Decimal("100.995")}, "whole cents"),
        ({"quantity": Decimal("0.5"), "bracket": None}, "whole shares"),
    ],
)
def test_what_an_exchange_does_not_trade_is_refused(
    venue: PaperBroker, changes: dict[str, Any], reason: str
) -> None:
    exits = (TakeProfit(price=Decimal(107), quantity=Decimal("0.5")),)
    if "bracket" in changes:
        changes = changes | {"bracket": Bracket(stop_price=Decimal(98), take_profits=exits)}

    with pytest.raises(RejectedError, match=reason):
        venue.submit(asked(**changes), MORNING)


def test_a_time_without_a_zone_is_refused(venue: PaperBroker) -> None:
    with pytest.raises(RejectedError, match="no zone"):
        venue.submit(asked(), MORNING.replace(tzinfo=None))


# every simulated venue: matching


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
    assert venue.open_orders() == []


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


# every simulated venue: the end of a DAY order


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


# every simulated venue: being shown bars


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


# every simulated venue: closing, money, cursor


def test_closing_a_position_flattens_the_rest_once(venue: PaperBroker) -> None:
    venue.submit(halves(), MORNING)
    venue.process(shown([ENTRY_BAR, (101, 104.5, 100.5, 104.2)]))

    venue.close_position(KEY, "time limit")
    venue.close_position(KEY, "time limit")

    assert traded(venue)[2:] == [("time_stop", 5, Decimal("104.18"))]
    assert venue.positions() == []


def test_a_closed_position_has_no_working_exits(venue: PaperBroker) -> None:
    venue.submit(asked(), MORNING)
    venue.process(shown([ENTRY_BAR]))
    venue.close_position(KEY, "time limit")

    venue.process(shown([(90, 120, 90, 120)], OPEN + timedelta(minutes=5)))

    assert [leg for leg, _, _ in traded(venue)] == ["entry", "time_stop"]


def test_closing_what_has_not_entered_leaves_the_order(venue: PaperBroker) -> None:
    venue.submit(asked(), MORNING)

    venue.close_position(KEY, "time limit")

    assert (status(venue), traded(venue)) == (OrderStatus.ACCEPTED, [])


def test_a_cancel_after_the_entry_leaves_the_bracket(venue: PaperBroker) -> None:
    venue.submit(asked(), MORNING)
    venue.process(shown([ENTRY_BAR]))

    venue.cancel(KEY)
    venue.process(shown([(97, 97, 96, 96)], OPEN + timedelta(minutes=5)))

    assert (status(venue), traded(venue)[-1][0]) == (OrderStatus.FILLED, "stop")


def test_a_filled_order_that_is_cancelled_and_closed_is_flat(venue: PaperBroker) -> None:
    venue.submit(asked(), MORNING)
    venue.process(shown([ENTRY_BAR]))

    venue.cancel(KEY)
    venue.close_position(KEY, "time limit")

    assert ([leg for leg, _, _ in traded(venue)], venue.positions()) == (["entry", "time_stop"], [])


def test_a_cancelled_entry_does_not_fill(venue: PaperBroker) -> None:
    venue.submit(asked(), MORNING)
    venue.cancel(KEY)

    venue.process(shown([ENTRY_BAR]))

    assert traded(venue) == []


def test_a_short_position_gains_when_the_price_falls(venue: PaperBroker) -> None:
    venue.submit(asked(OrderSide.SELL), MORNING)

    venue.process(shown([(99.5, 99.8, 98.8, 98.9)]))

    (position,) = venue.positions()
    assert (position.quantity, position.average_entry_price) == (-10, Decimal("99.50"))
    assert position.unrealized_pnl == Decimal("6.00")
    assert venue.account().equity == Decimal(100_000) + 6 - Decimal("0.10")


def test_fills_resume_after_the_cursor(tmp_path: Path) -> None:
    venue = opened(tmp_path)
    venue.submit(asked(), MORNING)
    venue.process(shown([ENTRY_BAR]))
    first, cursor = venue.fills_since("")
    venue.process(shown([(108, 109, 107, 108)], OPEN + timedelta(minutes=5)))

    second, end = opened(tmp_path).fills_since(cursor)

    assert [fill.leg for fill in first + second] == [FillLeg.ENTRY, FillLeg.TARGET]
    assert venue.fills_since(end) == ([], end)


def test_a_cursor_from_elsewhere_is_refused(venue: PaperBroker) -> None:
    with pytest.raises(RejectedError, match="unknown cursor"):
        venue.fills_since("yesterday")


def test_a_file_that_is_no_book_is_an_unexpected_response(tmp_path: Path) -> None:
    (tmp_path / "paper.sqlite").write_text("not a database" * 100)

    with pytest.raises(UnexpectedResponseError):
        opened(tmp_path)


# every simulated venue: laws


CENTS = st.integers(9_000, 11_000).map(lambda cents: cents / 100)
BARS = st.lists(
    st.tuples(CENTS, CENTS, CENTS, CENTS).map(lambda p: (p[0], max(p), min(p), p[3])),
    min_size=1,
    max_size=12,
)


@st.composite
def orders(draw: st.DrawFn, key: str = KEY) -> OrderRequest:
    side = draw(st.sampled_from(OrderSide))
    limit = Decimal(draw(st.integers(9_500, 10_500))) / 100
    risk = Decimal(draw(st.integers(1, 300))) / 100
    steps = draw(st.lists(st.integers(1, 300), min_size=1, max_size=3))
    exits = tuple(
        TakeProfit(price=limit + side.sign * Decimal(step) / 100, quantity=Decimal(place + 1))
        for place, step in enumerate(steps)
    )
    return asked(
        side,
        client_order_id=key,
        quantity=sum(exit_.quantity for exit_ in exits),
        limit_price=limit,
        bracket=Bracket(stop_price=limit - side.sign * risk, take_profits=exits),
    )


PAIR = st.tuples(orders("order:1:entry"), orders("order:2:entry"))


@contextmanager
def played(pair: Iterable[OrderRequest], bars: list[Row]) -> Iterator[PaperBroker]:
    with tempfile.TemporaryDirectory() as folder:
        venue = opened(Path(folder))
        for request in pair:
            venue.submit(request, MORNING)
        venue.process(shown(bars))
        yield venue


@FEW
@given(PAIR, BARS)
def test_a_position_is_the_sum_of_its_fills(pair: Iterable[OrderRequest], bars: list[Row]) -> None:
    with played(pair, bars) as venue:
        fills = venue.fills_since("")[0]
        held = sum((position.quantity for position in venue.positions()), Decimal(0))

    assert held == sum((fill.side.sign * fill.quantity for fill in fills), Decimal(0))


@FEW
@given(PAIR, BARS)
def test_equity_is_cash_and_positions(pair: Iterable[OrderRequest], bars: list[Row]) -> None:
    with played(pair, bars) as venue:
        account, held, fills = venue.account(), venue.positions(), venue.fills_since("")[0]

    flows = sum((f.side.sign * f.quantity * f.price + f.fees for f in fills), Decimal(0))
    assert account.cash == 100_000 - flows
    assert account.equity == account.cash + sum((p.market_value for p in held), Decimal(0))


@FEW
@given(PAIR, BARS)
def test_no_order_exits_more_than_it_entered(pair: Iterable[OrderRequest], bars: list[Row]) -> None:
    with played(pair, bars) as venue:
        for request in pair:
            venue.close_position(request.client_order_id, "test")
        fills = venue.fills_since("")[0]

    assert sum((fill.side.sign * fill.quantity for fill in fills), Decimal(0)) == 0
    assert len({fill.fill_id for fill in fills}) == len(fills)


@FEW
@given(orders(), BARS)
def test_a_short_is_the_mirror_image_of_a_long(request: OrderRequest, bars: list[Row]) -> None:
    mirrored = [(200 - o, 200 - low, 200 - high, 200 - c) for o, high, low, c in rounded(bars)]
    with played([request], bars) as venue:
        plain = traded(venue)
    with played([mirror(request)], rounded(mirrored)) as venue:
        image = traded(venue)

    assert [(leg, quantity, 200 - price) for leg, quantity, price in image] == plain


def rounded(bars: list[Row]) -> list[Row]:
    return [tuple(round(price, 2) for price in bar) for bar in bars]  # type: ignore[misc]


def mirror(request: OrderRequest) -> OrderRequest:
    exits = tuple(
        TakeProfit(price=200 - exit_.price, quantity=exit_.quantity)
        for exit_ in request.bracket.take_profits
    )
    return OrderRequest(
        **dict(request)
        | {
            "side": request.side.opposite,
            "limit_price": 200 - request.limit_price,
            "bracket": Bracket(stop_price=200 - request.bracket.stop_price, take_profits=exits),
        }
    )


@FEW
@given(orders(), BARS, st.integers(0, 12))
def test_bars_in_two_portions_trade_as_in_one(
    request: OrderRequest, bars: list[Row], cut: int
) -> None:
    with played([request], bars) as venue:
        whole = (traded(venue), venue.account())
    with played([request], bars[:cut]) as venue:
        venue.process(shown(bars))
        assert (traded(venue), venue.account()) == whole
