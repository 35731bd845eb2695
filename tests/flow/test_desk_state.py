"""The switches of the desk, seen by every process at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from core.domain.flow import TradingState
from core.errors import InvalidTransitionError
from core.flow.desk_state import DeskState, Entry
from tests.flow.conftest import both

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def state(database: sa.Engine) -> DeskState:
    return DeskState(database)


@both
def test_the_trading_state_says_who_changed_it_and_why(
    state: DeskState, database: sa.Engine
) -> None:
    assert state.trading_state() is TradingState.ACTIVE
    assert state.allows_entries()
    state.halt("fat finger", "ada")
    switch = DeskState(database).trading()
    assert (switch.state, switch.reason, switch.updated_by) == ("halted", "fat finger", "ada")
    assert not state.allows_entries()
    state.reduce_only("calmer", "ada")
    assert not state.allows_entries()
    state.resume("all clear", "bob")
    assert state.allows_entries()


def test_a_switch_needs_a_reason(state: DeskState) -> None:
    with pytest.raises(InvalidTransitionError, match="needs a reason"):
        state.halt(" ", "ada")


@both
def test_pressing_at_the_same_moment_loses_no_press(state: DeskState) -> None:
    def press(number: int) -> None:
        (state.halt if number % 2 else state.resume)(f"press {number}", "ada")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(press, range(24)))
    assert state.read("trading_state").version == 24


def test_a_write_on_an_old_version_changes_nothing(state: DeskState) -> None:
    assert state.write("key", Entry({"n": 1}, 0))
    assert not state.write("key", Entry({"n": 2}, 0))
    assert state.write("key", Entry({"n": 3}, 1))
    assert not state.write("key", Entry({"n": 4}, 1))
    assert state.read("key").value == {"n": 3}


def test_the_replay_only_moves_forward(state: DeskState) -> None:
    assert state.replay_position() is None
    state.advance_replay(NOON)
    state.advance_replay(NOON)
    with pytest.raises(InvalidTransitionError, match="cannot go back"):
        state.advance_replay(NOON - timedelta(seconds=1))
    state.advance_replay(NOON + timedelta(days=1))
    assert state.replay_position() == NOON + timedelta(days=1)
