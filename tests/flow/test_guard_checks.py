"""Guards act on the whole desk: they tighten by themselves, and nobody but a person loosens."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.domain.guards import GuardLock, GuardName, Halt, HaltDepth
from core.domain.scenarios import Grade
from core.flow.desk_state import DeskState, Entry
from core.steps.guards import check
from core.storage.storage import Storage
from tests.flow.guarding import NOON, POLICY, Guarded, guarded, lost, wanted
from tests.flow.reconciling import DAY


@pytest.fixture
def desk(data_dir: Path) -> Iterator[Guarded]:
    with guarded(data_dir) as made:
        yield made


def state(desk: Guarded) -> str:
    return str(desk.services.state.trading_state())


# the state of the desk


def test_a_calm_account_changes_nothing_and_is_kept_once(desk: Guarded) -> None:
    for equity in (100_000, 99_000, 98_500):
        found = desk.worth(equity)
    assert found == {
        "asks_for": "active", "breached": [], "tightened": False, "cancels": False, "halts": False,
    }  # fmt: skip
    assert desk.storage.store.all("select count(*) from guard_reports")[0][0] == 1
    assert desk.rig.alerts("guard") == []


def test_the_day_s_loss_reduces_and_is_told_once_with_its_reason(desk: Guarded) -> None:
    desk.worth(100_000)
    found = desk.worth(96_900)
    assert (found["tightened"], found["cancels"], found["halts"]) == (True, True, False)
    switch = desk.services.state.trading()
    assert (switch.state, switch.updated_by) == ("reduce_only", "policy:day_loss")
    assert "3.10% is lost" in switch.reason
    assert desk.worth(96_800)["tightened"] is False
    assert len(desk.rig.alerts("guard:day_loss")) == 1
    [entry] = [one for one in desk.storage.audit.entries(20) if one.action == "guard"]
    assert entry.actor == "policy:day_loss"


def test_a_drawdown_halts_from_its_peak_also_after_a_slow_fall(desk: Guarded) -> None:
    for equity in (100_000, 99_000, 97_500, 95_000, 92_000, 90_000, 87_000):
        desk.worth(equity)
        desk.services.state.resume("the test goes on", "test")
        desk.rig.later(24 * 60)
    assert desk.worth(85_000)["halts"] is True
    assert (state(desk), desk.services.state.trading().updated_by) == ("halted", "policy:drawdown")


def test_what_has_recovered_stays_tight_until_a_person_resumes(desk: Guarded) -> None:
    desk.worth(100_000)
    desk.worth(96_000)
    found = desk.worth(100_000)
    assert (found["asks_for"], state(desk)) == ("active", "reduce_only")


def test_a_guard_never_loosens_what_the_operator_has_halted(desk: Guarded) -> None:
    desk.worth(100_000)
    desk.services.state.halt("by hand", "ada")
    assert desk.worth(96_000)["tightened"] is False
    assert desk.services.state.trading().updated_by == "ada"


def test_a_change_at_the_same_moment_is_not_overwritten(
    desk: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator halts between the guard's look at the state and its change of it."""
    desk.worth(100_000)
    write, kept = DeskState.write, list[str]()

    def halted_first(self: DeskState, key: str, entry: Entry) -> bool:
        if not kept:
            kept.append(entry.updated_by)
            self.halt("by hand", "ada")
        return write(self, key, entry)

    monkeypatch.setattr(DeskState, "write", halted_first)
    assert desk.worth(96_000)["tightened"] is False
    assert (kept, state(desk)) == (["policy:day_loss"], "halted")


def test_a_guard_whose_alert_was_lost_with_a_crash_tells_it_at_the_next_look(
    desk: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.worth(100_000)
    monkeypatch.setattr("core.steps.guards._tell", lambda services: None)
    desk.worth(96_000)
    monkeypatch.undo()
    assert desk.rig.alerts("guard") == []
    desk.worth(96_000)
    assert len(desk.rig.alerts("guard")) == 1


def test_a_restart_keeps_the_state_the_peak_and_the_locks(data_dir: Path) -> None:
    with guarded(data_dir) as desk:
        desk.worth(120_000)
        desk.worth(100_000)
        lost(desk, "AAPL", minutes_ago=1)
        desk.check()
    with guarded(data_dir) as again:
        again.rig.clock.at = NOON + timedelta(minutes=15)
        assert state(again) == "halted"
        assert again.worth(101_000)["halts"] is True
        [lock] = again.storage.guards.locks_at(again.rig.clock.at)
        assert lock.name is GuardName.COOLDOWN


def test_a_broker_that_is_silent_halts_nothing(desk: Guarded) -> None:
    desk.worth(100_000)
    desk.broker.silent = True
    found = desk.check()
    assert (found["asks_for"], state(desk)) == ("active", "active")
    assert set(found["breached"]) == {"day_loss", "week_loss", "drawdown"}


def test_open_entries_go_on_being_cancelled_while_the_desk_is_halted_for_it(desk: Guarded) -> None:
    desk.worth(100_000)
    desk.services.state.halt("by hand", "ada")
    for depth, cancels in ((HaltDepth.STOP_ENTRIES, False), (HaltDepth.CANCEL, True)):
        pressed = Halt(halted_at=NOON, depth=depth, reason="by hand", actor="ada")
        desk.storage.guards.append_halt(pressed)
        assert desk.check()["cancels"] is cancels


def test_a_raised_limit_waits_for_the_next_session(desk: Guarded) -> None:
    desk.worth(100_000)
    raised = POLICY.guards.model_copy(update={"day_loss_fraction": 0.1, "week_loss_fraction": 0.2})
    policy = POLICY.model_copy(update={"version": "raised", "guards": raised})
    assert "guards.day_loss_fraction" in desk.storage.policies.remember(policy, DAY)
    assert desk.worth(96_000)["asks_for"] == "reduce_only"
    desk.rig.clock.at += timedelta(days=1)
    assert desk.worth(95_000)["asks_for"] == "active"


# one order


@pytest.fixture
def ready(desk: Guarded, monkeypatch: pytest.MonkeyPatch) -> Guarded:
    """A desk with a fresh price, at whose moment it is known."""
    monkeypatch.setattr(Storage, "now_known", lambda _: desk.rig.clock.at)
    desk.worth(100_000)
    desk.quote()
    return desk


def test_an_order_at_a_fresh_price_goes_out(ready: Guarded) -> None:
    assert ready.refusal(*wanted(ready)) == ""


def test_a_desk_that_is_not_active_says_why(ready: Guarded) -> None:
    ready.services.state.reduce_only("a calm day", "ada")
    assert ready.refusal(*wanted(ready)) == "the desk is reduce only: a calm day"


def test_a_loss_since_the_last_look_refuses_the_order_at_once(ready: Guarded) -> None:
    ready.rig.later(1)
    ready.quote()
    ready.broker.worth = Decimal(96_000)
    assert "4.00% is lost" in ready.refusal(*wanted(ready))


def test_no_answer_about_the_account_is_no_permission(ready: Guarded) -> None:
    tactic, request = wanted(ready)
    ready.broker.silent = True
    assert "missing input: equity; fake.account: time-out" in ready.refusal(tactic, request)


def test_a_result_locks_the_next_entry_until_it_has_cooled_down(ready: Guarded) -> None:
    tactic, request = wanted(ready)
    lost(ready, "MSFT", minutes_ago=5)
    ready.rig.step(check)
    said = ready.refusal(tactic, request)
    assert said.startswith("no entry until 2026-11-24 12:15 ET: the last result, -20.02 USD")
    ready.rig.later(10)
    ready.quote()
    assert ready.refusal(tactic, request) == ""


def test_a_cool_down_holds_before_any_check_has_locked_it(ready: Guarded) -> None:
    tactic, request = wanted(ready)
    lost(ready, "MSFT", minutes_ago=5)
    assert "is 5 min old; it takes 15 min" in ready.refusal(tactic, request)


def test_a_lock_of_the_other_side_lets_an_entry_through(ready: Guarded) -> None:
    tactic, request = wanted(ready)
    until = ready.rig.clock.at + timedelta(hours=1)
    for side, is_held in (("short", False), ("long", True)):
        lock = GuardLock(name=GuardName.LOSS_STREAK, side=side, until=until, reason=side)
        ready.storage.guards.lock([lock])
        assert bool(ready.refusal(tactic, request)) is is_held


def test_after_a_good_session_only_the_best_grade_may_follow(ready: Guarded) -> None:
    tactic, request = wanted(ready)
    lost(ready, "MSFT", minutes_ago=60, price="110")
    assert ready.refusal(tactic, request) == ""
    assert tactic.scenario is not None
    lesser = tactic.scenario.model_copy(update={"grade": Grade.B})
    other = tactic.model_copy(update={"scenarios": (lesser,)})
    assert "one more plan of grade A+ may follow" in ready.refusal(other, request)


def test_without_a_quote_and_on_an_old_one_nothing_goes_out(ready: Guarded) -> None:
    tactic, request = wanted(ready, "MSFT")
    assert "there is no quote of MSFT" in ready.refusal(tactic, request)
    tactic, request = wanted(ready)
    ready.rig.later(16)
    assert "is 960 of 900 s old" in ready.refusal(tactic, request)


def test_a_price_that_ran_away_and_a_wide_spread_hold_an_order_back(ready: Guarded) -> None:
    tactic, request = wanted(ready)
    ready.rig.later(1)
    ready.quote(last=110.0, bid=109.9, ask=110.1)
    assert "away from the price of 110.00" in ready.refusal(tactic, request)
    ready.rig.later(1)
    ready.quote(bid=101.0, ask=105.0)
    assert "the spread is 3.88% of the middle" in ready.refusal(tactic, request)


def test_orders_of_the_last_minute_are_counted_from_the_ledger(ready: Guarded) -> None:
    tactic, request = wanted(ready)
    for number in range(POLICY.guards.orders_per_minute):
        assert ready.refusal(tactic, request) == ""
        one, order = wanted(ready, f"S{number}")
        assert one.symbol == order.symbol
        ready.rig.send(order)
    assert "orders of the last minute: 10 of 10" in ready.refusal(tactic, request)


def test_a_replay_and_a_session_of_the_past_have_no_market_of_now(ready: Guarded) -> None:
    tactic, request = wanted(ready, "MSFT")
    assert ready.refusal(tactic, request, backfill=True) == ""
    ready.services.clock = SimpleNamespace(now=lambda: ready.rig.clock.at, is_replay=True)
    assert ready.refusal(tactic, request) == ""


def test_an_order_that_is_out_is_left_to_the_ledger(ready: Guarded) -> None:
    tactic, request = wanted(ready)
    ready.rig.send(request)
    ready.services.state.halt("by hand", "ada")
    assert ready.refusal(tactic, request) == ""
