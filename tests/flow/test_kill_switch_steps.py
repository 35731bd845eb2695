"""The kill switch clears the account to its depth, sells no share twice, and says what is left."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.domain.guards import HaltDepth
from core.domain.order_keys import cancel_key, close_key, protection_key
from core.domain.orders import OrderKind, OrderStatus
from core.errors import UnavailableError
from core.steps.kill_switch import cancel, close, record, verify
from core.steps.protection import check as protect
from core.steps.reconcile import reconcile_now
from tests.contract.stubs.brokers_paper import PaperVenue
from tests.flow.guarding import RUN, Guarded, guarded, paper, wanted
from tests.flow.reconciling import Rig

FLAT, CANCEL = HaltDepth.FLATTEN, HaltDepth.CANCEL
Paper = tuple[Guarded, PaperVenue]


@pytest.fixture
def market(data_dir: Path) -> Iterator[Paper]:
    """A desk over the paper venue."""
    with paper(data_dir) as made:
        yield made


@pytest.fixture
def desk(data_dir: Path) -> Iterator[Guarded]:
    """A desk over a broker that does what a test says."""
    with guarded(data_dir) as made:
        yield made


def sent(desk: Guarded, symbol: str = "AAPL") -> str:
    _, request = wanted(desk, symbol)
    desk.rig.send(request)
    return request.client_order_id


def bought(desk: Guarded, venue: PaperVenue, symbol: str = "AAPL") -> str:
    key = sent(desk, symbol)
    venue.trade(symbol, Decimal(103))
    return key


def press(desk: Guarded, depth: HaltDepth = FLAT) -> dict[str, Any]:
    """Do what the workflow does, with one look less than for ever."""
    results = {
        "cancel": desk.halting(cancel, depth),
        "close": desk.halting(close, depth),
    }
    try:
        results["verify"] = desk.halting(verify, depth)
    except UnavailableError as error:
        results["verify"] = {"error": str(error)}
    return desk.halting(record, depth, **results)


def held(desk: Guarded) -> dict[str, int]:
    return {one.symbol: int(one.quantity) for one in desk.broker.positions()}


def outcome(desk: Guarded) -> Any:
    return desk.storage.guards.outcome_of(RUN)


# on the paper venue


def test_open_entries_are_cancelled_and_the_flat_account_is_suspended(market: Paper) -> None:
    desk, _ = market
    keys = [sent(desk, symbol) for symbol in ("AAPL", "TSLA")]
    assert press(desk, CANCEL) == {"left": [], "is_suspended": True}
    assert set(outcome(desk).cancelled) == set(keys)
    assert desk.broker.open_orders() == []
    assert desk.broker.account().blocked
    assert desk.rig.events(keys[0])[-1] == "canceled"


def test_a_position_keeps_its_bracket_where_only_entries_are_cancelled(market: Paper) -> None:
    desk, venue = market
    key = bought(desk, venue)
    assert press(desk, CANCEL) == {"left": [], "is_suspended": False}
    assert held(desk) == {"AAPL": 10}
    assert desk.broker.order_by_client_id(key).protected_quantity == 10
    venue.trade("AAPL", Decimal(100))
    assert held(desk) == {}


def test_flattening_closes_each_position_of_the_desk_once_and_proves_it(market: Paper) -> None:
    desk, venue = market
    keys = [bought(desk, venue, symbol) for symbol in ("AAPL", "TSLA")]
    assert press(desk) == {"left": [], "is_suspended": True}
    assert outcome(desk).closed == tuple(close_key(key) for key in keys)
    assert held(desk) == {}
    fills = desk.storage.trading.fills()
    assert [int(fill.quantity) for fill in fills] == [10, 10, 10, 10]
    press(desk)
    assert len(desk.broker.fills_since("")[0]) == 4


def test_what_was_bought_by_hand_is_sold_at_the_market_when_it_trades(market: Paper) -> None:
    desk, venue = market
    key = bought(desk, venue)
    venue.trade_by_hand("AAPL", Decimal(7), Decimal(103))
    venue.trade_by_hand("TSLA", Decimal(-5), Decimal(100))
    waiting = press(desk)
    assert waiting["is_suspended"] is False
    assert waiting["left"] == [
        "7 AAPL long of EXTERNAL are held: an order at the market for 7 waits to be filled",
        "5 TSLA short of EXTERNAL are held: an order at the market for 5 waits to be filled",
    ]
    assert outcome(desk).closed == (
        close_key(key), f"flatten:AAPL:{RUN}", f"flatten:TSLA:{RUN}",
    )  # fmt: skip
    assert len(desk.rig.alerts("halt")) == 1
    for symbol in ("AAPL", "TSLA"):
        venue.trade(symbol, Decimal(103))
    assert press(desk) == {"left": [], "is_suspended": True}
    assert held(desk) == {}


def test_the_books_know_what_the_kill_switch_has_sold(market: Paper) -> None:
    desk, venue = market
    bought(desk, venue)
    venue.trade_by_hand("AAPL", Decimal(7), Decimal(103))
    press(desk)
    venue.trade("AAPL", Decimal(103))
    reconcile_now(desk.services, "test", desk.rig.clock.at)
    kinds = {(one.difference.kind.value, one.difference.subject) for one in desk.rig.open()}
    assert kinds == {("fill_unknown", "AAPL")}


def test_orders_of_others_are_cancelled_where_everything_is_to_end(market: Paper) -> None:
    desk, venue = market
    venue.trade_by_hand("AAPL", Decimal(7), Decimal(103))
    _, request = wanted(desk)
    foreign = request.model_copy(update={"client_order_id": "somebody's"})
    desk.broker.submit(foreign, desk.rig.clock.at)
    assert press(desk, CANCEL)["left"] == []
    assert [one.client_order_id for one in desk.broker.open_orders()] == ["somebody's"]
    press(desk)
    assert [one.client_order_id for one in desk.broker.open_orders()] == [f"flatten:AAPL:{RUN}"]


def test_shares_that_somebody_sold_are_not_sold_again(market: Paper) -> None:
    desk, venue = market
    bought(desk, venue)
    venue.trade_by_hand("AAPL", Decimal(-10), Decimal(103))
    assert press(desk)["left"] == []
    assert held(desk) == {}


def test_a_suspended_symbol_is_told_with_the_reason(market: Paper) -> None:
    desk, venue = market
    key = bought(desk, venue)
    venue.halt("AAPL")
    [left] = press(desk)["left"]
    assert left.startswith(f"10 AAPL long of {key} are held: ")
    assert "trading is halted" in left
    venue.open("AAPL")
    press(desk)
    venue.trade("AAPL", Decimal(103))
    assert press(desk)["left"] == []


# a broker that fails


def test_silence_is_not_flat(desk: Guarded) -> None:
    sent(desk)
    desk.broker.silent = True
    for step in (cancel, close, verify):
        with pytest.raises(UnavailableError):
            desk.halting(step, FLAT)
    failed = {"error": "time-out"}
    said = desk.halting(record, FLAT, cancel=failed, close=failed, verify=failed)
    assert said["is_suspended"] is False
    assert said["left"] == ["nobody knows what is left: fake.fills_since: time-out"]
    assert not outcome(desk).is_verified


def test_a_cancel_that_is_refused_is_left_and_the_others_are_sent(
    desk: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    stubborn, other = sent(desk), sent(desk, "TSLA")
    cancelled = type(desk.broker).cancel

    def refuse_one(self: Any, client_order_id: str) -> None:
        self.refuses = "too late" if client_order_id == stubborn else ""
        cancelled(self, client_order_id)

    monkeypatch.setattr(type(desk.broker), "cancel", refuse_one)
    [left] = press(desk, CANCEL)["left"]
    assert left.startswith(f"{stubborn} is open: buy 10 AAPL limit at 103.10: accepted")
    assert outcome(desk).cancelled == (other,)


def test_a_cancel_that_came_to_nothing_is_asked_again_under_a_new_name(desk: Guarded) -> None:
    key = sent(desk)
    press(desk, CANCEL)
    desk.broker.change(key, status=OrderStatus.ACCEPTED)
    assert press(desk, CANCEL)["left"] == []
    names = [one.key for one in desk.services.ledger.list() if one.key.startswith("cancel:")]
    assert names == [cancel_key(key), f"{cancel_key(key)}:2"]


def test_an_entry_of_which_nobody_knows_whether_it_arrived_is_looked_up_and_cancelled(
    desk: Guarded,
) -> None:
    desk.broker.loses_answers = True
    with pytest.raises(Exception, match="504"):
        sent(desk)
    desk.broker.loses_answers = False
    assert press(desk, CANCEL)["left"] == []
    assert [order.status for order in desk.broker.orders.values()] == [OrderStatus.CANCELED]


def test_an_entry_that_stays_unclear_is_left_in_words(
    desk: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.broker.loses_answers = True
    with pytest.raises(Exception, match="504"):
        sent(desk)
    monkeypatch.setattr("core.steps.clearing.look_up", lambda services, teller: 0)
    desk.broker.orders.clear()
    [left] = press(desk, CANCEL)["left"]
    assert "may have arrived" in left


def protected(rig: Rig, desk: Guarded) -> str:
    """Buy, lose the stop, and let the desk protect the shares by an order of its own."""
    key = sent(desk)
    desk.broker.fill_entry(key, 10, "103.05")
    desk.storage.trading.append_fills(desk.broker.told)
    desk.broker.lose_stop(key)
    rig.step(protect)
    return key


def test_what_an_order_of_protection_holds_is_freed_before_it_is_sold(desk: Guarded) -> None:
    key = protected(desk.rig, desk)
    assert desk.halting(close, FLAT) == {"closed": [close_key(key)]}
    assert not desk.broker.orders[protection_key(key, 1)].is_working
    asked = desk.broker.asked
    assert asked.index("cancel") < asked.index("close_position")


def test_where_an_order_of_protection_has_sold_a_part_only_the_rest_is_sold(desk: Guarded) -> None:
    key = protected(desk.rig, desk)
    desk.broker.fill_target(protection_key(key, 1), 4, "106")
    desk.halting(close, FLAT)
    assert desk.halting(close, FLAT) == {"closed": [protection_key(key, 2)]}
    out = desk.broker.orders[protection_key(key, 2)]
    assert (out.kind, out.side, out.quantity) == (OrderKind.MARKET, "sell", 6)
    assert desk.halting(close, FLAT) == {"closed": []}


def test_an_exit_without_an_answer_is_looked_up_and_never_sent_twice(desk: Guarded) -> None:
    desk.broker.trade_by_hand("TSLA", 7)
    desk.broker.loses_answers = True
    assert desk.halting(close, FLAT) == {"closed": []}
    desk.broker.loses_answers = False
    for _ in range(3):
        desk.halting(close, FLAT)
    assert desk.broker.asked.count("submit") == 1
    assert list(desk.broker.orders) == [f"flatten:TSLA:{RUN}"]


def test_an_exit_that_was_refused_is_tried_again_under_a_new_name(desk: Guarded) -> None:
    desk.broker.trade_by_hand("TSLA", 7)
    desk.broker.refuses = "the market is closed"
    assert desk.halting(close, FLAT) == {"closed": []}
    said = desk.halting(record, FLAT, cancel={}, close={}, verify={})
    assert "the market is closed" in said["left"][0]
    desk.broker.refuses = ""
    assert desk.halting(close, FLAT) == {"closed": [f"flatten:TSLA:{RUN}:2"]}


def test_an_exit_that_the_list_of_open_orders_does_not_show_yet_is_not_sent_again(
    desk: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.broker.trade_by_hand("TSLA", 7)
    desk.halting(close, FLAT)
    monkeypatch.setattr(type(desk.broker), "open_orders", lambda self: [])
    desk.halting(close, FLAT)
    assert list(desk.broker.orders) == [f"flatten:TSLA:{RUN}"]


def test_positions_that_change_are_not_judged(desk: Guarded) -> None:
    desk.broker.before_positions = lambda: desk.broker.trade_by_hand("AAPL", 1)
    with pytest.raises(UnavailableError, match="positions change"):
        desk.halting(verify, FLAT)
    desk.broker.before_positions = lambda: None
    desk.broker.trade_by_hand("AAPL", -sum(held(desk).values()))
    assert desk.halting(verify, FLAT) == {"verified": True}


def test_a_broker_that_has_no_switch_is_not_suspended(desk: Guarded) -> None:
    desk.broker.can = desk.broker.can.model_copy(update={"suspend": False})
    assert press(desk) == {"left": [], "is_suspended": False}
