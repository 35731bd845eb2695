"""Desk and broker are compared as they are: nothing is adopted silently, silence is not "flat"."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.domain.feeds import CorporateAction, Label
from core.domain.lifecycle import TacticEventKind
from core.domain.orders import OrderStatus
from core.domain.reconciliation import DifferenceKind, RunState
from core.errors import EffectUnclearError, InvalidTransitionError
from core.steps import reconcile
from core.steps.reconcile import reconcile_now, trading_block
from tests.flow.reconciling import DAY, Rig, asked, rig_over

Kind = DifferenceKind


@pytest.fixture
def rig(data_dir: Path) -> Iterator[Rig]:
    with rig_over(data_dir) as made:
        yield made


def now(rig: Rig) -> RunState:
    return reconcile_now(rig.services, "test", rig.clock.at).state


def bought(rig: Rig) -> str:
    """Let the plan's order be sent and filled, and the desk learn of it."""
    request = asked(rig)
    rig.send(request)
    rig.broker.fill_entry(request.client_order_id, 10, "103.05")
    assert now(rig) is RunState.AGREED
    return request.client_order_id


# catching up


def test_an_account_of_which_nothing_is_known_yet_agrees(rig: Rig) -> None:
    assert now(rig) is RunState.AGREED
    assert rig.page.state().age == timedelta(0)


def test_orders_and_fills_that_were_missed_come_home_with_their_events(rig: Rig) -> None:
    key = bought(rig)
    [order], [fill] = rig.storage.trading.latest_orders(), rig.storage.trading.fills()
    assert (order.status, fill.quantity) == (OrderStatus.FILLED, 10)
    assert rig.events(key) == ["acknowledged", "filled"]
    assert rig.storage.views.order_path(key)["what"].tolist()[-1] == "fill"


def test_a_second_look_at_the_same_account_adds_nothing(rig: Rig) -> None:
    key = bought(rig)
    rig.later()
    assert now(rig) is RunState.AGREED
    assert rig.events(key) == ["acknowledged", "filled"]
    assert len(rig.storage.trading.fills()) == 1


def test_an_order_that_left_the_open_ones_is_asked_for_by_its_name(rig: Rig) -> None:
    request = asked(rig)
    rig.send(request)
    now(rig)
    rig.broker.change(request.client_order_id, status=OrderStatus.CANCELED, legs=())
    rig.later()
    assert now(rig) is RunState.AGREED
    assert rig.events(request.client_order_id) == ["acknowledged", "canceled"]


def test_a_part_that_filled_while_the_cancel_ran_is_kept(rig: Rig) -> None:
    request = asked(rig)
    rig.send(request)
    rig.broker.change(request.client_order_id, status=OrderStatus.CANCELED)
    now(rig)
    rig.broker.fill_entry(request.client_order_id, 3, "103")
    rig.broker.change(request.client_order_id, status=OrderStatus.CANCELED)
    rig.later()
    assert now(rig) is RunState.AGREED
    assert rig.events(request.client_order_id) == ["acknowledged", "canceled", "partially_filled"]


def test_the_books_hold_what_each_tactic_holds_and_the_broker_holds_their_sum(rig: Rig) -> None:
    key = bought(rig)
    rig.broker.trade_by_hand("AAPL", 7)
    now(rig)
    [found] = rig.open()
    rig.page.adopt(found.difference_id, "operator", "mine")
    rig.broker.fill_target(key, 5, "106")
    rig.later()
    assert now(rig) is RunState.AGREED
    assert [position.quantity for position in rig.broker.positions()] == [12]


# silence


def test_a_failed_query_is_not_flat(rig: Rig) -> None:
    key = bought(rig)
    rig.broker.silent = True
    rig.later()
    assert now(rig) is RunState.NOT_ANSWERED
    assert "time-out" in rig.page.state().newest.no_answer  # type: ignore[union-attr]
    [order] = rig.storage.trading.latest_orders()
    assert (order.client_order_id, order.is_working) == (key, True)
    assert rig.open() == []
    assert rig.page.state().age == timedelta(minutes=5)


def test_what_blocked_before_goes_on_blocking_while_the_broker_is_silent(rig: Rig) -> None:
    rig.broker.trade_by_hand("AAPL", 7)
    now(rig)
    rig.broker.silent = True
    rig.later()
    now(rig)
    assert len(rig.open()) == 1
    assert "differ about AAPL" in trading_block(rig.services, "AAPL", "test")


def test_silence_is_told_once_a_session(rig: Rig) -> None:
    rig.broker.silent = True
    for _ in range(3):
        now(rig)
        rig.later()
    assert rig.alerts("reconcile") == [f"alert:reconcile:no-answer:{DAY}"]


def test_an_account_that_trades_while_it_is_read_is_read_again(rig: Rig) -> None:
    trades = iter([5, 6])

    def trade() -> None:
        for quantity in trades:
            rig.broker.trade_by_hand("AAPL", quantity)
            return

    rig.broker.before_positions = trade
    now(rig)
    assert [one.difference.kind for one in rig.open()] == [Kind.FILL_UNKNOWN]
    assert "+11 AAPL" in rig.open()[0].difference.broker


def test_an_account_that_never_stands_still_is_not_judged(rig: Rig) -> None:
    rig.broker.before_positions = lambda: rig.broker.trade_by_hand("AAPL", 1)
    assert now(rig) is RunState.NOT_ANSWERED


def test_a_difference_that_the_second_look_does_not_show_is_none(rig: Rig) -> None:
    looks = iter([Decimal(3), Decimal(0)])
    rig.broker.before_positions = lambda: rig.broker.moved.update(AAPL=next(looks))
    assert now(rig) is RunState.AGREED


# differences


def test_trades_by_hand_block_their_symbol_until_they_are_adopted(rig: Rig) -> None:
    rig.broker.trade_by_hand("AAPL", 7)
    now(rig)
    assert trading_block(rig.services, "AAPL", "test")
    assert trading_block(rig.services, "MSFT", "test") == ""
    rig.page.adopt(rig.open()[0].difference_id, "operator", "my own purchase")
    assert trading_block(rig.services, "AAPL", "test") == ""
    rig.later()
    assert now(rig) is RunState.AGREED


def test_what_is_ignored_may_stand_and_is_counted(rig: Rig) -> None:
    rig.broker.moved["AAPL"] = Decimal(7)
    now(rig)
    rig.page.ignore(rig.open()[0].difference_id, "operator", "a transfer on its way")
    rig.later()
    assert now(rig) is RunState.DIFFERS
    state = rig.page.state()
    assert (list(state.open), state.ignored, state.blocks) == ([], 1, False)
    rig.broker.moved["AAPL"] = Decimal(8)
    rig.later()
    now(rig)
    assert len(rig.open()) == 1


def test_a_position_moved_by_hand_goes_to_the_external_book(rig: Rig) -> None:
    bought(rig)
    rig.broker.moved["AAPL"] = Decimal(-4)
    rig.later()
    now(rig)
    [found] = rig.open()
    assert found.difference.kind is Kind.POSITION
    assert f"10 of {asked_tactic(rig)}" in found.difference.desk
    rig.page.adopt(found.difference_id, "operator", "sold in the app")
    rig.later()
    assert now(rig) is RunState.AGREED


def asked_tactic(rig: Rig) -> str:
    [tactic_id] = rig.storage.reconciliations.owners().values()
    return str(tactic_id)


def test_an_order_that_the_broker_surely_lacks_is_closed_by_adopting_it(rig: Rig) -> None:
    request = asked(rig)
    rig.send(request)
    now(rig)
    del rig.broker.orders[request.client_order_id]
    rig.later()
    now(rig)
    [found] = rig.open()
    assert found.difference.kind is Kind.ORDER_MISSING
    [order] = rig.storage.trading.latest_orders()
    assert order.is_working
    rig.page.adopt(found.difference_id, "operator", "the broker has lost it")
    rig.later()
    assert now(rig) is RunState.AGREED
    assert rig.events(request.client_order_id) == ["acknowledged", "adopted"]


def test_an_order_that_works_again_after_its_end_blocks_until_it_is_adopted(rig: Rig) -> None:
    request = asked(rig)
    rig.send(request)
    accepted = rig.broker.orders[request.client_order_id]
    now(rig)
    rig.broker.change(request.client_order_id, status=OrderStatus.CANCELED)
    now(rig)
    rig.broker.orders[request.client_order_id] = accepted
    rig.later()
    now(rig)
    [found] = rig.open()
    assert found.difference.kind is Kind.ORDER_STATUS
    rig.page.adopt(found.difference_id, "operator", "it does work")
    rig.later()
    assert now(rig) is RunState.AGREED


def test_a_foreign_order_is_shown_and_followed_only_once_it_is_adopted(rig: Rig) -> None:
    request = asked(rig)
    rig.send(request)
    foreign = rig.broker.orders.pop(request.client_order_id)
    foreign = foreign.model_copy(update={"client_order_id": "web-1", "symbol": "MSFT"})
    rig.broker.orders["web-1"] = foreign
    now(rig)
    assert [one.difference.kind for one in rig.open()] == [Kind.ORDER_UNKNOWN]
    assert rig.events("web-1") == ["external"]
    assert rig.storage.trading.latest_orders() == []
    rig.page.adopt(rig.open()[0].difference_id, "operator", "mine")
    rig.later()
    assert now(rig) is RunState.AGREED
    [order] = rig.storage.trading.latest_orders()
    assert order.client_order_id == "web-1"


def test_a_split_overnight_scales_books_and_open_orders(rig: Rig) -> None:
    key = bought(rig)
    rig.storage.actions.append(
        [CorporateAction(symbol="AAPL", kind="split", ex_date=DAY, ratio=2.0, provider="sample",
                         label=Label.REAL)],
        rig.clock.at,
    )  # fmt: skip
    rig.broker.moved["AAPL"] = Decimal(10)
    rig.broker.orders[key] = rig.broker.orders[key].model_copy(
        update={"quantity": Decimal(20), "limit_price": Decimal("51.55"),
                "filled_quantity": Decimal(10)}
    )  # fmt: skip
    rig.later()
    now(rig)
    kinds = [one.difference.kind for one in rig.open()]
    assert kinds == [Kind.SPLIT, Kind.SPLIT]
    for one in rig.open():
        rig.page.adopt(one.difference_id, "operator", "2 for 1")
    rig.later()
    assert now(rig) is RunState.AGREED


def test_a_symbol_under_a_new_name_takes_its_book_along(rig: Rig) -> None:
    bought(rig)
    rig.broker.moved |= {"AAPL": Decimal(-10), "APPL": Decimal(10)}
    rig.broker.retired.add("AAPL")
    rig.later()
    now(rig)
    [found] = rig.open()
    assert (found.difference.kind, found.difference.symbols) == (
        Kind.SYMBOL_RENAMED, ("AAPL", "APPL"),
    )  # fmt: skip
    rig.page.adopt(found.difference_id, "operator", "renamed")
    rig.later()
    assert now(rig) is RunState.AGREED


def test_money_that_went_elsewhere_blocks_all(rig: Rig) -> None:
    bought(rig)
    rig.broker.money -= 5_000
    rig.later()
    now(rig)
    assert "(cash)" in trading_block(rig.services, "MSFT", "test")
    rig.page.adopt(rig.open()[0].difference_id, "operator", "withdrawn")
    assert trading_block(rig.services, "MSFT", "test") == ""
    rig.later()
    assert now(rig) is RunState.AGREED


def test_a_difference_that_blocks_is_told_once_with_both_sides(rig: Rig) -> None:
    rig.broker.trade_by_hand("AAPL", 7)
    for _ in range(2):
        now(rig)
        rig.later()
    [key] = rig.alerts("reconcile")
    told = rig.services.ledger.get(key).request
    assert told["title"] == "AAPL is blocked: desk and broker differ (fill unknown)"
    assert "has sent none of these orders" in told["body"]


@pytest.mark.parametrize("verdict", ["adopt", "ignore"])
def test_settling_a_difference_takes_a_reason_and_is_audited(rig: Rig, verdict: str) -> None:
    rig.broker.trade_by_hand("AAPL", 7)
    now(rig)
    settle, key = getattr(rig.page, verdict), rig.open()[0].difference_id
    with pytest.raises(InvalidTransitionError, match="say why"):
        settle(key, "operator", " ")
    settle(key, "operator", "mine")
    with pytest.raises(InvalidTransitionError, match="not open any more"):
        settle(key, "operator", "mine")
    [entry, *_] = rig.storage.audit.entries(1)
    assert (entry.actor, entry.subject_id) == ("operator", key)
    assert rig.storage.audit.verify().ok


def test_what_the_broker_tells_nothing_of_cannot_be_adopted(rig: Rig) -> None:
    key = bought(rig)
    order = rig.broker.orders[key]
    [stop, *targets] = order.legs
    gone = stop.model_copy(update={"filled_quantity": Decimal(4)})
    rig.broker.change(key, legs=(gone, *targets))
    now(rig)
    [found] = [one for one in rig.open() if one.difference.kind is Kind.FILL_MISSING]
    with pytest.raises(InvalidTransitionError, match="nothing that could be taken over"):
        rig.page.adopt(found.difference_id, "operator", "no idea")


# the order path


def test_before_an_order_the_broker_is_heard_at_least_once(rig: Rig) -> None:
    assert rig.page.state().state is None
    assert trading_block(rig.services, "AAPL", "test") == ""
    assert rig.page.state().state is RunState.AGREED


def test_while_the_broker_was_never_heard_nothing_goes_out(rig: Rig) -> None:
    rig.broker.silent = True
    assert "nothing was compared with the broker yet" in trading_block(rig.services, "A", "test")


def test_in_a_session_a_comparison_is_good_for_fifteen_minutes(rig: Rig) -> None:
    now(rig)
    rig.broker.silent = True
    rig.later(15)
    assert trading_block(rig.services, "AAPL", "test") == ""
    rig.later(1)
    assert "the last comparison with the broker is of" in trading_block(rig.services, "A", "test")


def test_outside_a_session_a_comparison_of_today_s_start_will_do(rig: Rig) -> None:
    now(rig)
    rig.broker.silent = True
    rig.later(60 * 10)
    assert trading_block(rig.services, "AAPL", "test") == ""


# sent and never answered


def test_what_was_sent_and_never_answered_is_found_and_its_plan_armed(rig: Rig) -> None:
    request = asked(rig)
    rig.broker.loses_answers = True
    with pytest.raises(EffectUnclearError):
        rig.send(request)
    rig.broker.loses_answers = False
    assert now(rig) is RunState.AGREED
    assert "found" in rig.events(request.client_order_id)
    assert rig.services.ledger.get(request.client_order_id).state == "done"
    kinds = [event.kind for event in rig.storage.tactics.events(asked_tactic(rig))]
    assert kinds[-1] is TacticEventKind.ARMED
    assert rig.broker.asked.count("submit") == 1


def test_what_surely_never_arrived_is_not_sent_by_a_look(rig: Rig) -> None:
    request = asked(rig)
    rig.broker.loses_answers = True
    with pytest.raises(EffectUnclearError):
        rig.send(request)
    del rig.broker.orders[request.client_order_id]
    rig.broker.loses_answers = False
    assert now(rig) is RunState.AGREED
    assert rig.services.ledger.get(request.client_order_id).state == "intended"
    assert rig.broker.asked.count("submit") == 1


def test_while_nobody_can_tell_its_symbol_is_blocked_and_only_the_effect_settles_it(
    rig: Rig,
) -> None:
    request = asked(rig)
    rig.broker.loses_answers = True
    with pytest.raises(EffectUnclearError):
        rig.send(request)
    rig.broker.orders.clear()
    rig.broker.mute = frozenset({"order_by_client_id"})
    now(rig)
    [found] = rig.open()
    assert found.difference.kind is Kind.ORDER_UNCLEAR
    assert trading_block(rig.services, "AAPL", "test")
    assert trading_block(rig.services, "MSFT", "test") == ""
    for settle in (rig.page.adopt, rig.page.ignore):
        with pytest.raises(InvalidTransitionError, match="settle the parked effect"):
            settle(found.difference_id, "operator", "never mind")


def test_a_silent_broker_settles_nothing(rig: Rig) -> None:
    request = asked(rig)
    rig.broker.loses_answers = True
    with pytest.raises(EffectUnclearError):
        rig.send(request)
    rig.broker.silent = True
    now(rig)
    assert rig.services.ledger.get(request.client_order_id).state == "unknown"
    assert "unknown" in rig.events(request.client_order_id)


# as a workflow


def test_the_steps_tell_what_they_have_found(rig: Rig) -> None:
    rig.broker.trade_by_hand("AAPL", 7)
    assert rig.step(reconcile.look_up_effects) == {"settled": 0}
    told = rig.step(reconcile.run)
    assert (told["state"], told["differences"], told["is_telling"]) == ("differs", 1, True)
    assert rig.step(reconcile.tell) == {"told": 1}


def test_a_run_by_hand_is_kept_with_its_actor(rig: Rig) -> None:
    done = rig.page.run_now("operator")
    assert rig.storage.reconciliations.newest() == done
    assert done.run_id == "operator"
    assert done.reconciled_at.date() == date(2026, 11, 24)
