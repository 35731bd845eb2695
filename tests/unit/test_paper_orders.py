"""The paper venue takes orders once, refuses what it cannot hold, and forgets nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.adapters.brokers.paper import PaperBroker
from core.domain.orders import Bracket, OrderRequest, OrderStatus, TakeProfit
from core.domain.trading import FillLeg, OrderSide
from core.errors import RejectedError, UnexpectedResponseError
from core.ports import SimulatedVenue
from core.settings import ROOT
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


def test_a_new_account_holds_its_start_cash_alone(venue: PaperBroker) -> None:
    account = venue.account()

    assert (account.cash, account.equity, account.buying_power) == (100_000, 100_000, 200_000)
    assert (venue.positions(), venue.open_orders(), venue.fills_since("")) == ([], [], ([], ""))


def test_it_is_a_simulated_venue(venue: PaperBroker) -> None:
    assert isinstance(venue, SimulatedVenue)
    assert not venue.capabilities().is_live


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
from core.domain.orders import OrderRequest

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


# closing, and what is told


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
