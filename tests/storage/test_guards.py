"""What the guards measure and say is kept: a restart finds the same account, the same locks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.guards import (
    EquityMarks,
    GuardLock,
    GuardName,
    Halt,
    HaltDepth,
    HaltOutcome,
)
from core.domain.guards.facts import day_start, week_start
from core.domain.lifecycle import TacticEventKind
from core.domain.reconciliation import (
    Adoption,
    Difference,
    DifferenceKind,
    DifferenceResolution,
    ReconciliationRun,
    Verdict,
)
from core.domain.trading import FillLeg, OrderSide
from core.storage.storage import Storage
from tests.storage import samples
from tests.unit.test_guards import facts, judged, marks

DAY = date(2026, 11, 24)
NOON = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
RUN = "halt_desk@flatten-20261124T170000Z"


def read(storage: Storage, *readings: tuple[datetime, float], account: str = "paper") -> None:
    for as_of, equity in readings:
        told = samples.account(as_of, f"{equity:.2f}").model_copy(update={"account_id": account})
        storage.trading.append_account(told)


def equity(storage: Storage, now: datetime = NOON, account: str = "paper") -> EquityMarks:
    found = storage.guards.equity_marks(account, DAY, now)
    assert found is not None
    return found


# the marked equity


def test_an_account_that_was_never_read_has_no_equity(storage: Storage) -> None:
    assert storage.guards.newest_account() is None
    assert storage.guards.equity_marks("paper", DAY, NOON) is None


def test_a_session_starts_from_the_last_reading_before_it(storage: Storage) -> None:
    days = [NOON - timedelta(days=ago) for ago in (10, 4, 1)]
    read(storage, *zip(days, (90_000, 120_000, 101_000), strict=True))
    read(storage, (NOON - timedelta(hours=1), 99_000), (NOON, 98_000))
    found = equity(storage)
    assert (found.latest, found.day_start, found.week_start) == (98_000, 101_000, 120_000)
    assert (found.peak, found.as_of) == (120_000, NOON)


def test_an_account_that_is_new_today_starts_from_its_first_reading(storage: Storage) -> None:
    read(storage, (NOON - timedelta(hours=1), 100_000), (NOON, 99_000))
    found = equity(storage)
    assert (found.day_start, found.week_start, found.peak) == (100_000,) * 3


def test_readings_of_another_account_and_of_later_are_no_mark(storage: Storage) -> None:
    read(storage, (NOON, 100_000))
    read(storage, (NOON, 900_000), account="other")
    read(storage, (NOON + timedelta(minutes=1), 500_000))
    assert equity(storage).peak == 100_000
    assert storage.guards.newest_account() == "paper"


readings = st.lists(
    st.tuples(st.integers(0, 14 * 24 * 60), st.integers(-1_000, 10_000)),
    min_size=1, max_size=20, unique_by=lambda one: one[0],
)  # fmt: skip


@given(told=readings)
def test_the_marks_are_those_of_all_readings_in_order(
    shared_storage: Storage, told: list[tuple[int, int]]
) -> None:
    account = uuid4().hex
    history = sorted((NOON - timedelta(minutes=ago), float(value)) for ago, value in told)
    read(shared_storage, *history, account=account)

    def before(moment: datetime) -> float:
        return next((v for at, v in reversed(history) if at < moment), history[0][1])

    found = equity(shared_storage, account=account)
    assert (found.latest, found.peak) == (history[-1][1], max(value for _, value in history))
    assert found.day_start == before(day_start(DAY))
    assert found.week_start == before(week_start(DAY))


def adopted(storage: Storage, at: datetime, cash: int) -> None:
    """Let the operator adopt money that came in, or went out."""
    difference = Difference(
        kind=DifferenceKind.CASH, subject="paper", desk="less", broker="more",
        adoption=Adoption(cash=Decimal(cash)),
    )  # fmt: skip
    key = difference.difference_id
    run = ReconciliationRun(
        run_id="r", broker="paper", reconciled_at=at, differences=(difference,), since={key: at}
    )
    storage.reconciliations.append(run)
    storage.reconciliations.resolve(
        DifferenceResolution(difference_id=key, since=at, verdict=Verdict.ADOPTED, actor="me",
                             reason="a wire", resolved_at=at)
    )  # fmt: skip


@pytest.mark.parametrize("cash", [-40_000, 50_000])
def test_money_that_was_taken_out_is_no_loss_and_what_came_in_no_profit(
    storage: Storage, cash: int
) -> None:
    read(storage, (NOON - timedelta(days=1), 100_000))
    adopted(storage, NOON - timedelta(hours=1), cash)
    read(storage, (NOON, 98_000 + cash))
    found = equity(storage)
    assert found.latest == 98_000 + cash
    assert found.day_start == found.peak == 100_000 + cash
    assert found.day_start - found.latest == 2_000


# results


def traded(storage: Storage, symbol: str, *exits: tuple[str, float, dict[str, Any]]) -> None:
    """Fill a plan's entry of ten at 103, and let ten leave again: price, hour, what else."""
    plan = samples.tactic(symbol)
    request = samples.order_request(plan)
    storage.trading.append_request(request, plan.tactic_id, 1)
    entry = samples.fill(plan, price=Decimal(103), fees=Decimal(0))
    storage.trading.append_fills([entry])
    for number, (price, hour, more) in enumerate(exits):
        changes = {"fill_id": f"{symbol}-{number}", "price": Decimal(price), "fees": Decimal(0),
                   "filled_at": samples.moment(hours=hour), **more}  # fmt: skip
        storage.trading.append_fills([samples.fill(plan, FillLeg.STOP, **changes)])


def test_a_result_is_what_a_flat_trade_has_made(storage: Storage) -> None:
    traded(storage, "AAPL", ("104.05", 16, {}))
    traded(storage, "MSFT", ("100.9", 17, {"quantity": Decimal(4)}))
    traded(storage, "META", ("100.9", 15, {"fees": Decimal(1)}))
    won_and_lost = storage.guards.results(samples.moment(hours=20))
    assert [round(one.profit, 6) for one in won_and_lost] == [-22.0, 10.5]
    assert [round(one.r or 0, 4) for one in won_and_lost] == [-1.0476, 0.5]
    assert won_and_lost[-1].closed_at == samples.moment(hours=16)
    assert storage.guards.results(samples.moment(hours=15.5)) == won_and_lost[:1]
    assert storage.guards.results(samples.moment(hours=20), limit=1) == won_and_lost[1:]


def test_what_an_order_of_protection_sold_belongs_to_its_entry(storage: Storage) -> None:
    key = samples.order_request().client_order_id
    traded(
        storage, "AAPL",
        ("104", 16, {"quantity": Decimal(4)}),
        ("102", 17, {"quantity": Decimal(6), "client_order_id": f"protect:{key}:12"}),
    )  # fmt: skip
    [result] = storage.guards.results(samples.moment(hours=20))
    assert (result.profit, result.closed_at) == (-2, samples.moment(hours=17))


def test_what_was_traded_past_the_desk_is_no_result_of_it(storage: Storage) -> None:
    for side in OrderSide:
        by_hand = {"fill_id": f"hand-{side}", "client_order_id": "hand", "side": side}
        storage.trading.append_fills([samples.fill(**by_hand)])
    assert storage.guards.results(samples.moment(hours=20)) == []


def test_entries_are_counted_from_when_they_went_out(storage: Storage) -> None:
    tactic = samples.tactic()
    events = [
        samples.tactic_event(TacticEventKind.APPROVED, scenario_key="L1"),
        samples.tactic_event(TacticEventKind.ARMED, scenario_key="L1"),
    ]
    storage.tactics.append(tactic)
    storage.tactics.append_events([*samples.life(of=tactic), *events])
    assert storage.guards.entries_since(tactic.as_of) == [tactic.as_of]
    assert storage.guards.entries_since(tactic.as_of + timedelta(seconds=1)) == []


# reports, locks, halts


def told(storage: Storage, *latest: float) -> Sequence[bool]:
    return [storage.guards.append(judged(facts(marks(one)))) for one in latest]


def test_only_what_says_something_new_is_kept(storage: Storage) -> None:
    assert told(storage, 99_000, 99_500, 96_000, 96_100, 99_000) == [True, False, True, False, True]
    newest = storage.guards.newest()
    assert newest is not None
    assert newest.asks_for == "active"
    assert storage.store.all("select count(*) from guard_reports")[0][0] == 3


def test_a_restart_finds_the_newest_report_and_the_locks(data_dir: Path) -> None:
    storage = Storage(data_dir / "desk.duckdb")
    found = judged(facts(trades_today=2))
    storage.guards.append(found)
    assert [storage.guards.lock(found.locks) for _ in range(2)] == [1, 0]
    storage.close()
    again = Storage(data_dir / "desk.duckdb")
    assert again.guards.newest() == found
    assert not again.guards.append(found)
    assert again.guards.locks_at(NOON) == list(found.locks)
    assert again.guards.locks_at(found.locks[0].until) == []
    again.close()


def test_the_same_lock_in_other_words_is_one_lock(storage: Storage) -> None:
    lock = GuardLock(name=GuardName.COOLDOWN, until=NOON, reason="5 min old")
    storage.guards.lock([lock])
    storage.guards.lock([lock.model_copy(update={"reason": "6 min old"})])
    assert storage.guards.locks_at(NOON - timedelta(seconds=1)) == [lock]


def test_a_press_stands_beside_what_it_came_to(storage: Storage) -> None:
    pressed = Halt(halted_at=NOON, depth=HaltDepth.FLATTEN, reason="a test", actor="me", run_id=RUN)
    storage.guards.append_halt(pressed)
    assert storage.guards.newest_halt() == pressed
    assert storage.guards.outcome_of(RUN) is None
    assert storage.views.halts()["is_verified"].isna().all()
    first = HaltOutcome(
        run_id=RUN, depth=HaltDepth.FLATTEN, recorded_at=NOON, left=("5 TSLA", "7 AAPL")
    )
    storage.guards.append_outcome(first)
    [row] = storage.views.halts().to_dict("records")
    assert (row["is_verified"], row["left"]) == (False, "5 TSLA; 7 AAPL")
    second = first.model_copy(update={"left": (), "is_suspended": True})
    storage.guards.append_outcome(second)
    assert storage.guards.outcome_of(RUN) == second
    [row] = storage.views.halts().to_dict("records")
    assert (row["is_verified"], row["is_suspended"], row["actor"]) == (True, True, "me")


def test_breaches_are_listed_with_both_numbers(storage: Storage) -> None:
    assert storage.views.guard_breaches().empty
    told(storage, 99_000, 96_000)
    rows = storage.views.guard_breaches()
    assert rows["name"].tolist() == ["day_loss"]
    [row] = rows.to_dict("records")
    assert (row["action"], row["value"], row["limit"]) == ("reduce_only", 0.04, 0.03)
