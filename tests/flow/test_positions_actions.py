"""Flatten, break even, cancel: once, under their business keys, told as the broker then tells."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from threading import Thread

import pytest

from core.desk.positions import Positions
from core.domain.flow import EffectRecord
from core.domain.holdings import Holding
from core.domain.order_keys import breakeven_key, cancel_key, close_key, protection_key
from core.domain.orders import OrderRequest, OrderStatus
from core.domain.reconciliation import EXTERNAL
from core.domain.risk import RiskPolicy
from core.domain.views.positions import HandReport, Outcome, Word
from core.errors import AppError, DomainError, InvalidTransitionError
from core.steps.breakeven import move_stops
from core.steps.order_effects import ClosePosition
from core.steps.protection import check
from core.steps.reconcile import reconcile_now
from core.steps.stops import stop_prices
from tests.flow.hand_broker import HandBroker
from tests.flow.reconciling import DAY, Rig, asked, plan, rig_over
from tests.storage import samples

WORD = Word("ann", "the news have changed")


@pytest.fixture
def rig(data_dir: Path) -> Iterator[Rig]:
    with rig_over(data_dir) as rig:
        rig.broker = rig.services.adapters.broker = HandBroker()
        rig.storage.policies.remember(RiskPolicy(version="test"), DAY)
        yield rig


def bought(rig: Rig, quantity: int = 10, symbol: str = "AAPL") -> OrderRequest:
    """Let a plan be sent and filled, with the market past its entry."""
    request = asked(rig, plan(symbol))
    rig.send(request)
    rig.broker.fill_entry(request.client_order_id, quantity, "103.05")
    rig.broker.prices[symbol] = Decimal("104.50")
    caught_up(rig)
    return request


def caught_up(rig: Rig) -> Positions:
    reconcile_now(rig.services, "test", rig.clock.at)
    return Positions(rig.services)


def only(positions: Positions) -> Holding:
    [holding] = positions.read().holdings
    return holding


def held_by_nobody(rig: Rig, quantity: int = 5) -> Holding:
    rig.broker.trade_by_hand("TSLA", quantity)
    return only(caught_up(rig))


# closing what a tactic holds


def test_a_position_is_flattened_under_the_key_of_its_plan(rig: Rig) -> None:
    request = bought(rig)
    positions = Positions(rig.services)
    report = positions.flatten(only(positions), WORD)
    assert report.outcome is Outcome.DONE
    assert "AAPL" in report.text
    assert "is flat" in report.text
    assert rig.broker.sold("AAPL") == 10
    record = rig.services.ledger.get(close_key(request.client_order_id))
    assert record.state == "done"
    assert positions.read().holdings == []


def test_the_close_is_told_on_the_path_of_its_order_with_the_name_and_the_reason(rig: Rig) -> None:
    request = bought(rig)
    positions = Positions(rig.services)
    positions.flatten(only(positions), WORD)
    path = rig.storage.order_events.of_order(request.client_order_id)
    [told] = [one for one in path if "by hand" in one.detail]
    assert (told.actor, told.kind, told.quantity) == ("ann", "sending", 10)
    assert "the news have changed" in told.detail
    [entry] = [one for one in rig.storage.audit.entries(20) if one.action == "flatten by hand"]
    assert (entry.actor, entry.subject_id) == ("ann", request.client_order_id)


def test_the_rule_finds_a_plan_that_was_flattened_by_hand_closed(rig: Rig) -> None:
    """The workflow asks for every plan that has ended to be closed, in its own words."""
    request = bought(rig)
    positions = Positions(rig.services)
    positions.flatten(only(positions), WORD)
    rig.services.ledger.apply(
        close_key(request.client_order_id),
        ClosePosition(rig.broker),
        {"client_order_id": request.client_order_id, "reason": "the plan has ended"},
    )
    assert rig.broker.asked.count("close_position") == 1


def test_a_second_click_on_the_same_page_closes_nothing_more(rig: Rig) -> None:
    bought(rig)
    positions = Positions(rig.services)
    seen = only(positions)
    positions.flatten(seen, WORD)
    with pytest.raises(InvalidTransitionError, match="is flat"):
        positions.flatten(seen, WORD)
    assert rig.broker.sold("AAPL") == 10


def test_two_clicks_at_once_close_once(rig: Rig) -> None:
    rig.broker.is_slow = True
    bought(rig)
    positions = Positions(rig.services)
    seen, outcomes = only(positions), list[object]()

    def click() -> None:
        try:
            outcomes.append(positions.flatten(seen, WORD).outcome)
        except AppError as error:
            outcomes.append(type(error))

    threads = [Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, outcomes)) == sorted(
        map(str, [Outcome.PENDING, *[InvalidTransitionError] * 3])
    )
    assert rig.broker.asked.count("close_position") == 1


def test_a_close_that_waits_for_the_market_is_not_told_as_done(rig: Rig) -> None:
    rig.broker.is_slow = True
    bought(rig)
    positions = Positions(rig.services)
    report = positions.flatten(only(positions), WORD)
    assert report.outcome is Outcome.PENDING
    assert "still holds 10 AAPL" in report.text
    assert "is being closed" in only(positions).unclosable
    rig.broker.let_out()
    assert caught_up(rig).read().holdings == []


def test_a_lost_answer_counts_as_what_the_broker_then_tells(rig: Rig) -> None:
    request = bought(rig)
    rig.broker.loses = frozenset({"close_position"})
    positions = Positions(rig.services)
    report = positions.flatten(only(positions), WORD)
    assert report.outcome is Outcome.DONE
    path = rig.storage.order_events.of_order(request.client_order_id)
    assert "unknown" in [one.kind for one in path]


def test_an_outcome_that_nobody_knows_says_so_and_the_next_click_goes_on(rig: Rig) -> None:
    bought(rig)
    rig.broker.drops = True
    positions = Positions(rig.services)
    seen = only(positions)
    report = positions.flatten(seen, WORD)
    assert report.outcome is Outcome.UNCLEAR
    assert "Nobody knows yet" in report.text
    assert "still holds 10 AAPL" in report.text
    rig.broker.drops = False
    rig.later(1)
    assert positions.flatten(seen, WORD).outcome is Outcome.DONE
    assert rig.broker.sold("AAPL") == 10


def test_what_surely_was_not_sent_says_so(rig: Rig) -> None:
    bought(rig)
    rig.broker.is_out = True
    positions = Positions(rig.services)
    report = positions.flatten(only(positions), WORD)
    assert report.outcome is Outcome.NOT_SENT
    assert "Nothing was done" in report.text


def test_a_refusal_is_told_and_another_try_is_another_effect(rig: Rig) -> None:
    request = bought(rig)
    rig.broker.refuses = "trading is halted"
    positions = Positions(rig.services)
    report = positions.flatten(only(positions), WORD)
    assert report.outcome is Outcome.REFUSED
    assert "trading is halted" in report.text
    rig.broker.refuses = ""
    rig.later(1)
    assert positions.flatten(only(positions), WORD).outcome is Outcome.DONE
    record = rig.services.ledger.get(f"{close_key(request.client_order_id)}:2")
    assert record.state == "done"


def test_a_broker_that_falls_silent_after_the_close_is_not_taken_for_flat(rig: Rig) -> None:
    bought(rig)
    positions = Positions(rig.services)
    seen = only(positions)
    rig.broker.mute = frozenset({"positions"})
    report = positions.flatten(seen, WORD)
    assert report.outcome is Outcome.PENDING
    assert "has not told how it stands" in report.text


def test_without_a_reason_nothing_is_done(rig: Rig) -> None:
    bought(rig)
    positions = Positions(rig.services)
    with pytest.raises(DomainError, match="say why"):
        positions.flatten(only(positions), Word("ann", "  "))
    assert "close_position" not in rig.broker.asked


def test_of_two_plans_of_a_symbol_one_is_closed(rig: Rig) -> None:
    first = bought(rig)
    second = asked(rig, plan().model_copy(update={"tactic_id": "TBOW-AAPL-20261123-AM"}))
    rig.broker.submit(second, rig.clock.at)
    rig.broker.fill_entry(second.client_order_id, 10, "103.00")
    positions = caught_up(rig)
    mine = next(h for h in positions.read().holdings if h.entry_id == first.client_order_id)
    rig.later()
    positions.flatten(mine, WORD)
    assert [h.entry_id for h in positions.read().holdings] == [second.client_order_id]
    assert rig.broker.sold("AAPL") == 10


# closing what is held beside the desk


def test_a_foreign_position_is_flattened_by_a_market_exit(rig: Rig) -> None:
    seen = held_by_nobody(rig)
    assert (seen.owner, seen.quantity) == (EXTERNAL, 5)
    positions = Positions(rig.services)
    report = positions.flatten(seen, WORD)
    assert (report.outcome, report.text) == (Outcome.DONE, "5 TSLA sold at 102.00.")
    order = rig.broker.orders[f"flatten:TSLA:{DAY}:1"]
    assert (order.purpose, order.kind, order.side) == ("exit", "market", "sell")
    assert "ann" in {one.actor for one in rig.storage.order_events.of_order(order.client_order_id)}
    assert positions.read().holdings == []


def test_a_second_click_sells_no_share_that_is_not_there(rig: Rig) -> None:
    seen = held_by_nobody(rig)
    positions = Positions(rig.services)
    positions.flatten(seen, WORD)
    with pytest.raises(InvalidTransitionError):
        positions.flatten(seen, WORD)
    assert rig.broker.sold("TSLA") == 5


def test_what_an_order_is_selling_already_is_not_sold_twice(rig: Rig) -> None:
    rig.broker.is_slow = True
    seen = held_by_nobody(rig)
    positions = Positions(rig.services)
    assert positions.flatten(seen, WORD).outcome is Outcome.PENDING
    again = only(positions)
    assert again.closable == 0
    with pytest.raises(InvalidTransitionError, match="is being closed"):
        positions.flatten(again, WORD)
    assert [name for name in rig.broker.orders if name.startswith("flatten:")] == [
        f"flatten:TSLA:{DAY}:1"
    ]


def test_shares_that_come_later_on_the_same_day_are_another_order(rig: Rig) -> None:
    positions = Positions(rig.services)
    positions.flatten(held_by_nobody(rig), WORD)
    rig.later()
    positions.flatten(held_by_nobody(rig, 3), WORD)
    assert rig.broker.orders[f"flatten:TSLA:{DAY}:2"].quantity == 3
    assert rig.broker.sold("TSLA") == 8


def test_a_foreign_close_without_an_answer_is_looked_up_and_not_sent_again(rig: Rig) -> None:
    rig.broker.is_slow = True
    seen = held_by_nobody(rig)
    rig.broker.loses = frozenset({"submit"})
    positions = Positions(rig.services)
    report = positions.flatten(seen, WORD)
    assert report.outcome is Outcome.UNCLEAR
    assert "accepted" in report.text
    rig.broker.loses = frozenset()
    with pytest.raises(InvalidTransitionError):
        positions.flatten(seen, WORD)
    assert rig.broker.asked.count("submit") == 1


def test_a_foreign_close_that_never_arrived_goes_out_under_the_same_key(rig: Rig) -> None:
    seen = held_by_nobody(rig)
    rig.broker.drops = True
    positions = Positions(rig.services)
    assert positions.flatten(seen, WORD).outcome is Outcome.UNCLEAR
    rig.broker.drops = False
    rig.later(1)
    assert positions.flatten(only(positions), WORD).outcome is Outcome.DONE
    assert [name for name in rig.broker.orders if name.startswith("flatten:")] == [seen.close_id]


def test_what_nobody_can_count_is_not_sold(rig: Rig) -> None:
    seen = held_by_nobody(rig)
    rig.broker.mute = frozenset({"positions"})
    with pytest.raises(DomainError, match="nothing was sent"):
        Positions(rig.services).flatten(seen, WORD)
    assert "submit" not in rig.broker.asked


def test_shares_of_a_tactic_are_not_sold_as_foreign_ones(rig: Rig) -> None:
    """Ten are held by a plan, five of them were sold by hand: nothing foreign can be closed."""
    bought(rig)
    rig.broker.trade_by_hand("AAPL", -5)
    positions = caught_up(rig)
    own, foreign = positions.read().holdings
    assert (own.quantity, foreign.owner, foreign.quantity) == (10, EXTERNAL, -5)
    assert "stands against" in foreign.unclosable
    with pytest.raises(InvalidTransitionError, match="stands against"):
        positions.flatten(foreign, WORD)


def test_a_foreign_option_is_left_to_the_broker(rig: Rig) -> None:
    rig.broker.trade_by_hand("AAPL261218C00200000", 1)
    assert "it is an option" in only(caught_up(rig)).unclosable


def test_a_fill_that_has_not_arrived_yet_is_not_taken_for_a_foreign_share(rig: Rig) -> None:
    request = bought(rig, quantity=4)
    rig.broker.trade_by_hand("AAPL", 5)
    positions = caught_up(rig)
    foreign = positions.read().holdings[-1]
    rig.broker.fill_entry(request.client_order_id, 6, "103.05")
    positions.flatten(foreign, WORD)
    assert rig.broker.sold("AAPL") == 5


# a process that dies in between


class DiedError(BaseException):
    """The end of the process."""


def dying(rig: Rig, seen: Holding) -> None:
    """Let the process die after the broker has taken what closes a holding, and start anew."""

    def die(_record: EffectRecord) -> None:
        raise DiedError

    rig.services.ledger._after_send = die
    with pytest.raises(DiedError):
        Positions(rig.services).flatten(seen, WORD)
    rig.services.ledger._after_send = None
    rig.services.ledger.release_leases()
    rig.later()


@pytest.mark.parametrize("is_slow", [False, True])
def test_a_foreign_close_survives_the_end_of_the_process_and_happens_once(
    rig: Rig, is_slow: bool
) -> None:
    seen = held_by_nobody(rig)
    rig.broker.is_slow = is_slow
    dying(rig, seen)
    with pytest.raises(InvalidTransitionError):
        Positions(rig.services).flatten(seen, WORD)
    rig.broker.let_out()
    assert caught_up(rig).read().holdings == []
    assert rig.broker.sold("TSLA") == 5
    assert rig.broker.asked.count("submit") == 1


def test_the_close_of_a_plan_survives_the_end_of_the_process(rig: Rig) -> None:
    bought(rig)
    dying(rig, only(Positions(rig.services)))
    assert caught_up(rig).read().holdings == []
    assert rig.broker.sold("AAPL") == 10


# the stop moves to what the shares have cost


def stop_of(rig: Rig, name: str) -> list[Decimal]:
    return stop_prices(rig.broker.orders[name])


def test_the_stop_moves_to_what_the_shares_have_cost(rig: Rig) -> None:
    request = bought(rig)
    positions = Positions(rig.services)
    report = positions.break_even(only(positions), WORD)
    assert report == HandReport(Outcome.DONE, "The stop of 10 AAPL stands at 103.05.")
    assert stop_of(rig, request.client_order_id) == [Decimal("103.05")]
    record = rig.services.ledger.get(f"{breakeven_key(request.client_order_id)}:103.05")
    assert record.state == "done"
    path = rig.storage.order_events.of_order(request.client_order_id)
    moved = next(one for one in path if one.kind == "stop_moved")
    assert (moved.actor, moved.price) == ("ann", Decimal("103.05"))


def test_a_second_click_moves_no_stop(rig: Rig) -> None:
    bought(rig)
    positions = Positions(rig.services)
    seen = only(positions)
    positions.break_even(seen, WORD)
    with pytest.raises(InvalidTransitionError, match="stands at"):
        positions.break_even(seen, WORD)
    assert rig.broker.asked.count("replace") == 1


def test_a_stop_that_would_close_at_once_is_not_moved(rig: Rig) -> None:
    request = bought(rig)
    rig.broker.prices["AAPL"] = Decimal("103.05")
    positions = caught_up(rig)
    with pytest.raises(DomainError, match="would close it at once"):
        positions.break_even(only(positions), WORD)
    assert stop_of(rig, request.client_order_id) == [Decimal(101)]


def test_a_stop_of_an_order_that_protects_moves_too(rig: Rig) -> None:
    request = bought(rig)
    rig.broker.lose_stop(request.client_order_id)
    rig.step(check)
    positions = caught_up(rig)
    assert positions.break_even(only(positions), WORD).outcome is Outcome.DONE
    protecting = protection_key(request.client_order_id, 1)
    assert stop_of(rig, protecting)[0] == Decimal("103.05")
    assert rig.services.ledger.get(f"{breakeven_key(protecting)}:103.05").state == "done"


def test_the_rule_may_tighten_it_once_more(rig: Rig) -> None:
    """By the plan the stop moves to its worst entry, after the first target."""
    request = bought(rig)
    positions = Positions(rig.services)
    positions.break_even(only(positions), WORD)
    rig.broker.fill_target(request.client_order_id, 5, "106")
    caught_up(rig)
    assert rig.step(move_stops) == {"moved": 1}
    assert stop_of(rig, request.client_order_id) == [Decimal("103.10")]


def test_a_broker_that_moves_no_stop_is_told_before_anything_is_asked(rig: Rig) -> None:
    bought(rig)
    rig.broker.can = rig.broker.can.model_copy(update={"replace": False})
    positions = Positions(rig.services)
    with pytest.raises(DomainError, match="cannot move a stop"):
        positions.break_even(only(positions), WORD)
    assert "replace" not in rig.broker.asked


def test_a_move_without_an_answer_counts_as_what_the_broker_then_tells(rig: Rig) -> None:
    bought(rig)
    rig.broker.loses = frozenset({"replace"})
    positions = Positions(rig.services)
    assert positions.break_even(only(positions), WORD).outcome is Outcome.DONE


def test_a_stop_that_was_moved_back_is_left_to_its_mover(rig: Rig) -> None:
    request = bought(rig)
    positions = Positions(rig.services)
    positions.break_even(only(positions), WORD)
    legs = tuple(
        leg.model_copy(update={"price": Decimal(100)}) if leg.leg == "stop" else leg
        for leg in rig.broker.orders[request.client_order_id].legs
    )
    rig.broker.change(request.client_order_id, legs=legs)
    caught_up(rig)
    with pytest.raises(InvalidTransitionError, match="moved it back"):
        positions.break_even(only(positions), WORD)


def test_what_no_plan_has_bought_has_no_break_even(rig: Rig) -> None:
    seen = held_by_nobody(rig)
    with pytest.raises(DomainError):
        Positions(rig.services).break_even(seen, WORD)


# cancelling an order


def working(rig: Rig, filled: int = 0) -> str:
    request = asked(rig)
    rig.send(request)
    if filled:
        rig.broker.fill_entry(request.client_order_id, filled, "103.05")
    order = rig.broker.orders[request.client_order_id]
    rig.storage.trading.append_orders([order])
    caught_up(rig)
    return request.client_order_id


def test_an_order_is_cancelled_under_its_key(rig: Rig) -> None:
    name = working(rig)
    report = Positions(rig.services).cancel(name, WORD)
    assert (report.outcome, report.text) == (Outcome.DONE, "AAPL: canceled, 0 of 10 had filled.")
    assert rig.services.ledger.get(cancel_key(name)).state == "done"
    assert rig.events(name)[-1] == "canceled"


def test_what_has_filled_stays_protected(rig: Rig) -> None:
    name = working(rig, filled=4)
    report = Positions(rig.services).cancel(name, WORD)
    assert "4 of 10 had filled, what has filled stays protected" in report.text
    assert rig.broker.orders[name].protected_quantity > 0


def test_a_second_click_cancels_nothing(rig: Rig) -> None:
    name = working(rig)
    positions = Positions(rig.services)
    positions.cancel(name, WORD)
    with pytest.raises(InvalidTransitionError, match="canceled"):
        positions.cancel(name, WORD)
    assert rig.broker.asked.count("cancel") == 1


def test_a_cancel_that_loses_the_race_is_not_told_as_done(rig: Rig) -> None:
    name = working(rig)
    filled = rig.broker.orders[name].quantity

    def fill_first(client_order_id: str) -> None:
        rig.broker.fill_entry(client_order_id, int(filled), "103.05")

    rig.broker.cancel = fill_first  # type: ignore[method-assign]
    report = Positions(rig.services).cancel(name, WORD)
    assert report.outcome is Outcome.REFUSED
    assert "filled before its cancel" in report.text


def test_a_cancel_on_its_way_is_told_as_such(rig: Rig) -> None:
    name = working(rig)
    rig.broker.keeps_open = True
    report = Positions(rig.services).cancel(name, WORD)
    assert report.outcome is Outcome.PENDING
    assert "pending cancel" in report.text
    assert rig.broker.orders[name].status is OrderStatus.PENDING_CANCEL


def test_an_order_that_protects_is_not_cancelled(rig: Rig) -> None:
    request = bought(rig)
    rig.broker.lose_stop(request.client_order_id)
    rig.step(check)
    positions = caught_up(rig)
    with pytest.raises(DomainError, match="protects a position"):
        positions.cancel(protection_key(request.client_order_id, 1), WORD)


def test_the_exits_of_a_filled_entry_are_not_cancelled(rig: Rig) -> None:
    request = bought(rig)
    with pytest.raises(InvalidTransitionError, match="filled"):
        Positions(rig.services).cancel(request.client_order_id, WORD)


def test_an_order_of_somebody_else_is_adopted_first(rig: Rig) -> None:
    with pytest.raises(DomainError, match="adopt it first"):
        Positions(rig.services).cancel("by-hand-1", WORD)


# what a page shows


def test_a_holding_shows_where_its_stop_stands_now(rig: Rig) -> None:
    bought(rig)
    positions = Positions(rig.services)
    before = only(positions)
    assert before.stops == (Decimal(101),)
    assert before.planned_stop == 101
    assert before.open_r == pytest.approx((104.50 - 103.05) / (103.10 - 101))
    positions.break_even(before, WORD)
    assert only(positions).stops == (Decimal("103.05"),)


def test_after_a_split_the_prices_are_those_of_the_new_shares(rig: Rig) -> None:
    bought(rig)
    before = only(Positions(rig.services))
    split = samples.split(ex_date=DAY, ratio=2.0)
    rig.storage.actions.append([split], rig.clock.at)
    rig.broker.moved["AAPL"], rig.broker.prices["AAPL"] = Decimal(10), Decimal("52.25")
    reconcile_now(rig.services, "test", rig.clock.at)
    [difference] = rig.open()
    rig.page.adopt(difference.difference_id, "ann", "the split of today")
    now = only(Positions(rig.services))
    assert (now.quantity, now.entry, now.planned_stop) == (20, pytest.approx(51.525), 50.5)
    assert now.open_r == pytest.approx(before.open_r)
    assert now.unrealized_pnl == pytest.approx(before.unrealized_pnl)
    assert now.break_even == Decimal("51.53")


def test_a_symbol_that_was_renamed_is_left_to_the_broker(rig: Rig) -> None:
    bought(rig)
    rig.broker.moved = {"AAPL": Decimal(-10), "APLE": Decimal(10)}
    rig.broker.retired.add("AAPL")
    reconcile_now(rig.services, "test", rig.clock.at)
    [difference] = [one for one in rig.open() if one.difference.kind == "symbol_renamed"]
    rig.page.adopt(difference.difference_id, "ann", "it has a new name")
    now = only(Positions(rig.services))
    assert (now.symbol, now.quantity) == ("APLE", 10)
    assert "another symbol" in now.unclosable


# the broker


def test_the_broker_is_known_without_asking_it(rig: Rig) -> None:
    positions = Positions(rig.services)
    state = positions.broker()
    assert (state.heard_at, state.silence, state.account, state.asked) == (None, "", None, None)
    assert state.clock.is_open
    assert state.clock.next_close.hour == 21  # four in the afternoon in New York, in winter
    assert rig.broker.asked == []


def test_what_the_broker_was_asked_is_kept_with_its_account(rig: Rig) -> None:
    positions = caught_up(rig)
    answer = positions.ask_broker()
    state = positions.broker()
    assert (answer.error, state.asked, state.heard_at) == ("", answer, rig.clock.at)
    assert state.account is not None
    assert state.account.account_id == "F1"


def test_a_broker_that_does_not_answer_keeps_what_was_known(rig: Rig) -> None:
    positions = caught_up(rig)
    positions.ask_broker()
    rig.broker.silent = True
    assert "time-out" in positions.ask_broker().error
    reconcile_now(rig.services, "test", rig.clock.at)
    state = positions.broker()
    assert "time-out" in state.silence
    assert state.account is not None
    assert state.heard_at == rig.clock.at
