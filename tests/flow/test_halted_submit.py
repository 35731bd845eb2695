"""An order that was checked before the desk was halted does not go out after."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import EffectNotNowError, EffectUnclearError
from core.steps.trade import submit
from tests.flow.guarding import Guarded, guarded, wanted


@pytest.fixture
def desk(data_dir: Path) -> Iterator[Guarded]:
    with guarded(data_dir) as made:
        yield made


def send(desk: Guarded, request: Any) -> dict[str, Any]:
    checked = {"recheck": {"request": request.model_dump(mode="json")}}
    return submit(desk.context("submit", results=checked))


def test_a_desk_that_was_halted_since_the_check_sends_nothing(desk: Guarded) -> None:
    _, request = wanted(desk)
    desk.services.state.halt("strange prices", "ada")
    assert send(desk, request) == {"stopped": "the desk is halted: strange prices"}
    assert desk.broker.orders == {}


def test_a_retry_on_a_halted_desk_sends_nothing(desk: Guarded) -> None:
    _, request = wanted(desk)
    desk.broker.silent = True
    with pytest.raises(EffectNotNowError):
        send(desk, request)
    desk.broker.silent = False
    desk.services.state.reduce_only("calmer", "ada")
    assert "stopped" in send(desk, request)
    assert desk.broker.orders == {}


@pytest.mark.parametrize("arrived", [True, False])
def test_what_may_be_out_is_looked_up_and_not_sent_again(desk: Guarded, arrived: bool) -> None:
    _, request = wanted(desk)
    desk.broker.loses_answers = True
    with pytest.raises(EffectUnclearError):
        send(desk, request)
    desk.broker.loses_answers = False
    desk.services.state.halt("strange prices", "ada")
    if arrived:
        assert send(desk, request)["order"]["client_order_id"] == request.client_order_id
        return
    desk.broker.orders.clear()
    with pytest.raises(EffectNotNowError):
        send(desk, request)
    assert "stopped" in send(desk, request)
    assert desk.broker.orders == {}
