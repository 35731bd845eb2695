"""No share is without a stop for longer than one look, and no stop stands for more than is held."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import time_machine

from core.domain.order_keys import close_key, protection_key
from core.domain.orders import OrderKind, OrderStatus
from core.errors import EffectUnclearError
from core.steps.breakeven import move_stops
from core.steps.order_effects import ClosePosition
from core.steps.protection import check
from core.steps.reconcile import reconcile_now
from tests.flow.reconciling import Rig, asked, plan, rig_over


@pytest.fixture
def rig(data_dir: Path) -> Iterator[Rig]:
    with rig_over(data_dir) as made:
        yield made


def look(rig: Rig) -> dict[str, Any]:
    """Catch up with the broker, then look for what is naked."""
    rig.later()
    reconcile_now(rig.services, "test", rig.clock.at)
    return rig.step(check)


def bought(rig: Rig, quantity: int = 10) -> str:
    request = asked(rig)
    rig.send(request)
    rig.broker.fill_entry(request.client_order_id, quantity, "103.05")
    return request.client_order_id


def held(rig: Rig) -> int:
    return int(sum(position.quantity for position in rig.broker.positions()))


def test_a_bracket_that_stands_is_left_alone(rig: Rig) -> None:
    bought(rig)
    assert look(rig) == {"is_steady": True, "naked": 0, "repaired": 0, "cancelled": 0}
    assert rig.alerts() == []


def test_a_lost_stop_is_told_and_replaced_by_a_pair_at_the_plan_s_prices(rig: Rig) -> None:
    key = bought(rig)
    rig.broker.lose_stop(key)
    assert look(rig) | {"cancelled": 0} == {
        "is_steady": True, "naked": 1, "repaired": 1, "cancelled": 0,
    }  # fmt: skip
    order = rig.broker.orders[protection_key(key, 1)]
    assert order.bracket is not None
    assert (order.side, order.quantity, order.bracket.stop_price) == ("sell", 10, 101)
    assert [(t.price, t.quantity) for t in order.bracket.take_profits] == [(106, 5), (108, 5)]
    assert rig.alerts("naked") == [f"alert:naked:{protection_key(key, 1)}"]
    assert rig.events(protection_key(key, 1)) == ["intended", "sending", "acknowledged"]
    assert look(rig)["naked"] == 0


def test_after_a_part_of_a_target_the_rest_is_protected_again(rig: Rig) -> None:
    key = bought(rig)
    rig.broker.fill_target(key, 3, "106")
    rig.broker.lose_stop(key)
    look(rig)
    order = rig.broker.orders[protection_key(key, 1)]
    assert order.bracket is not None
    assert [(t.price, t.quantity) for t in order.bracket.take_profits] == [(106, 2), (108, 5)]
    assert (order.quantity, held(rig)) == (7, 7)


def test_a_broker_that_takes_no_pair_is_given_the_stop_alone(rig: Rig) -> None:
    key = bought(rig)
    rig.broker.can = rig.broker.can.model_copy(update={"oco": False})
    rig.broker.lose_stop(key)
    look(rig)
    order = rig.broker.orders[protection_key(key, 1)]
    assert (order.kind, order.stop_price, order.quantity) == (OrderKind.STOP, 101, 10)


def test_a_position_beyond_its_stop_is_closed_at_the_market(rig: Rig) -> None:
    key = bought(rig)
    rig.broker.prices["AAPL"] = Decimal("100.90")
    rig.broker.lose_stop(key)
    look(rig)
    assert rig.broker.orders[protection_key(key, 1)].kind is OrderKind.MARKET


def test_a_stop_that_was_tightened_is_put_back_where_it_was(rig: Rig) -> None:
    key = bought(rig)
    rig.broker.fill_target(key, 5, "106")
    look(rig)
    rig.step(move_stops)
    rig.broker.prices["AAPL"] = Decimal(105)
    rig.broker.lose_stop(key)
    look(rig)
    bracket = rig.broker.orders[protection_key(key, 1)].bracket
    assert bracket is not None
    assert bracket.stop_price == Decimal("103.10")


def test_shares_of_nobody_here_are_told_once_and_left_alone(rig: Rig) -> None:
    rig.broker.trade_by_hand("AAPL", 7)
    assert [look(rig)["repaired"] for _ in range(2)] == [0, 0]
    assert rig.alerts("naked") == ["alert:naked:AAPL:EXTERNAL:7"]
    assert rig.broker.orders == {}


def test_a_refused_stop_is_told_and_tried_again_under_a_new_name(rig: Rig) -> None:
    key = bought(rig)
    rig.broker.lose_stop(key)
    rig.broker.refuses = "shares are held"
    assert look(rig)["repaired"] == 0
    assert rig.alerts("unprotected") == [f"alert:unprotected:{protection_key(key, 1)}"]
    assert rig.events(protection_key(key, 1))[-1] == "rejected"
    rig.broker.refuses = ""
    assert look(rig)["repaired"] == 1
    assert protection_key(key, 2) in rig.broker.orders


def test_a_stop_of_which_nobody_knows_whether_it_arrived_is_not_sent_twice(rig: Rig) -> None:
    key = bought(rig)
    rig.broker.lose_stop(key)
    rig.broker.loses_answers = True
    assert look(rig)["repaired"] == 0
    rig.broker.loses_answers = False
    assert look(rig)["naked"] == 0
    assert [name for name in rig.broker.orders if name != key] == [protection_key(key, 1)]
    assert rig.broker.asked.count("submit") == 2


def test_a_position_that_is_just_being_closed_is_given_no_stop_on_top(rig: Rig) -> None:
    key = bought(rig)
    rig.broker.lose_stop(key)
    request = {"client_order_id": key, "reason": "the plan has ended"}
    rig.services.ledger.apply(close_key(key), ClosePosition(rig.broker), request)
    assert look(rig)["naked"] == 0
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=3)):
        assert look(rig)["repaired"] == 1


def test_while_positions_change_nothing_is_said_of_them(rig: Rig) -> None:
    bought(rig)
    reconcile_now(rig.services, "test", rig.clock.at)
    rig.broker.before_positions = lambda: rig.broker.trade_by_hand("AAPL", 1)
    assert rig.step(check)["is_steady"] is False
    assert rig.alerts("naked") == []


def test_a_stop_ends_with_the_position_that_it_protects(rig: Rig) -> None:
    key = bought(rig)
    rig.broker.lose_stop(key)
    look(rig)
    rig.broker.trade_by_hand("AAPL", -10)
    assert look(rig)["cancelled"] == 1
    assert not rig.broker.orders[protection_key(key, 1)].is_working


def test_half_an_entry_is_covered_by_its_bracket(rig: Rig) -> None:
    bought(rig, quantity=4)
    assert look(rig)["naked"] == 0


def test_a_half_filled_entry_whose_stop_waits_is_cancelled_so_that_the_broker_protects_it(
    rig: Rig,
) -> None:
    key = bought(rig, quantity=4)
    legs, rig.broker.orders[key] = rig.broker.orders[key].legs, rig.broker.change(key, legs=())
    assert look(rig)["naked"] == 1
    assert rig.broker.orders[key].status is OrderStatus.CANCELED
    assert [name for name in rig.broker.orders if name != key] == []
    [stop, *_] = legs
    rig.broker.change(key, legs=(stop.model_copy(update={"quantity": Decimal(4)}),))
    assert look(rig)["naked"] == 0
    rig.broker.lose_stop(key)
    assert look(rig)["repaired"] == 1
    assert rig.broker.orders[protection_key(key, 1)].quantity == 4


# the stop moves to the entry


def stop_of(rig: Rig, key: str) -> Decimal:
    [price] = [leg.price for leg in rig.broker.orders[key].open_legs if leg.leg == "stop"]
    assert price is not None
    return price


def test_after_the_named_target_has_filled_the_stop_moves_to_the_worst_entry(rig: Rig) -> None:
    key = bought(rig)
    rig.broker.fill_target(key, 4, "106")
    look(rig)
    assert rig.step(move_stops) == {"moved": 0}
    rig.broker.fill_target(key, 1, "106")
    look(rig)
    assert rig.step(move_stops) == {"moved": 1}
    assert stop_of(rig, key) == Decimal("103.10")
    assert rig.step(move_stops) == {"moved": 0}
    assert "stop_moved" in rig.events(key)
    assert rig.services.ledger.get(f"stop:{key}:breakeven").state == "done"


def test_a_stop_that_is_tighter_already_is_not_widened(rig: Rig) -> None:
    key = bought(rig)
    rig.broker.fill_target(key, 5, "106")
    legs = tuple(
        leg.model_copy(update={"price": Decimal(105)}) if leg.leg == "stop" else leg
        for leg in rig.broker.orders[key].legs
    )
    rig.broker.change(key, legs=legs)
    look(rig)
    assert rig.step(move_stops) == {"moved": 0}
    assert stop_of(rig, key) == 105


def test_a_plan_that_moves_no_stop_leaves_it(rig: Rig) -> None:
    tactic = plan()
    still = tactic.scenarios[0].model_copy(update={"breakeven_after_target": None})
    request = asked(rig, tactic.model_copy(update={"scenarios": (still,)}))
    rig.send(request)
    rig.broker.fill_entry(request.client_order_id, 10, "103.05")
    rig.broker.fill_target(request.client_order_id, 5, "106")
    look(rig)
    assert rig.step(move_stops) == {"moved": 0}


def test_a_broker_that_cannot_move_a_stop_is_told_of_once(rig: Rig) -> None:
    key = bought(rig)
    rig.broker.can = rig.broker.can.model_copy(update={"replace": False})
    rig.broker.fill_target(key, 5, "106")
    for _ in range(2):
        look(rig)
        assert rig.step(move_stops) == {"moved": 0}
    assert rig.alerts("stop") == [f"alert:stop:{key}:breakeven"]
    assert "replace" not in rig.broker.asked


def test_a_refused_move_leaves_the_stop_and_is_told(rig: Rig) -> None:
    key = bought(rig)
    rig.broker.fill_target(key, 5, "106")
    look(rig)
    rig.broker.refuses = "the market is beyond it"
    for _ in range(2):
        assert rig.step(move_stops) == {"moved": 0}
    assert stop_of(rig, key) == 101
    [alert] = rig.alerts("stop")
    assert "the market is beyond it" in rig.services.ledger.get(alert).request["body"]


def test_a_move_that_was_not_answered_is_looked_up(rig: Rig) -> None:
    key = bought(rig)
    rig.broker.fill_target(key, 5, "106")
    look(rig)
    rig.broker.loses_answers = True
    assert rig.step(move_stops) == {"moved": 0}
    assert rig.alerts("stop") == []
    rig.broker.loses_answers = False
    look(rig)
    assert rig.services.ledger.get(f"stop:{key}:breakeven").state == "done"
    assert rig.broker.asked.count("replace") == 1


def test_an_order_sent_in_vain_blocks_nothing_of_the_protection(rig: Rig) -> None:
    """The entry of another plan that nobody can tell of is no reason to leave this one naked."""
    key = bought(rig)
    rig.broker.lose_stop(key)
    other = asked(rig, plan("MSFT"))
    rig.broker.loses_answers = True
    with pytest.raises(EffectUnclearError):
        rig.send(other)
    rig.broker.loses_answers = False
    assert look(rig)["repaired"] == 1
