"""Comparisons are appended; what is open is read from the newest one that was answered."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.domain.reconciliation import (
    Adoption,
    BookEntry,
    CashAnchor,
    Difference,
    DifferenceKind,
    DifferenceResolution,
    ReconciliationRun,
    Scope,
    Verdict,
    traded,
)
from core.domain.trading import FillLeg, OrderSide
from core.errors import InvalidTransitionError
from core.storage.storage import Storage
from tests.storage import samples

NOON = samples.moment(hours=17)


def difference(symbol: str = "AAPL", shares: int = 5) -> Difference:
    entry = BookEntry(owner="EXTERNAL", symbol=symbol, quantity=Decimal(shares))
    return Difference(
        kind=DifferenceKind.POSITION, subject=symbol, symbols=(symbol,), desk="holds none",
        broker=f"{shares} {symbol}", adoption=Adoption(entries=(entry,)),
    )  # fmt: skip


def run(*found: Difference, minutes: int = 0, since: int | None = None, **more: Any) -> Any:
    at = NOON + timedelta(minutes=minutes)
    stood = NOON + timedelta(minutes=minutes if since is None else since)
    values = {
        "run_id": f"reconcile@{minutes}", "broker": "paper", "reconciled_at": at,
        "differences": found, "since": {one.difference_id: stood for one in found},
    }  # fmt: skip
    return ReconciliationRun(**{**values, **more})


def settle(storage: Storage, one: Difference, since: datetime, verdict: Verdict) -> None:
    storage.reconciliations.resolve(
        DifferenceResolution(
            difference_id=one.difference_id, since=since, verdict=verdict, actor="operator",
            reason="seen", resolved_at=NOON,
        )
    )  # fmt: skip


def open_ids(storage: Storage) -> list[str]:
    return [one.difference.subject for one in storage.reconciliations.open_differences()]


def test_before_the_first_comparison_nothing_may_be_traded(storage: Storage) -> None:
    standing = storage.reconciliations.standing()
    assert standing.answered_at is None
    assert standing.refusal("AAPL", None)


def test_a_comparison_comes_back_as_it_was_kept(storage: Storage) -> None:
    anchor = CashAnchor(as_of=NOON, opening=Decimal("1.5"), fills=2, turnover=Decimal(9))
    kept = run(difference(), anchor=anchor, orders=3)
    storage.reconciliations.append(kept)
    storage.reconciliations.append(kept)
    assert storage.reconciliations.newest() == kept
    assert storage.reconciliations.newest_answered() == kept
    assert len(storage.views.comparisons()) == 1


def test_what_differs_is_open_until_it_differs_no_more(storage: Storage) -> None:
    storage.reconciliations.append(run(difference("AAPL"), difference("MSFT")))
    assert open_ids(storage) == ["AAPL", "MSFT"]
    storage.reconciliations.append(run(difference("MSFT"), minutes=5, since=0))
    assert open_ids(storage) == ["MSFT"]
    storage.reconciliations.append(run(minutes=10))
    assert open_ids(storage) == []


def test_a_broker_that_does_not_answer_changes_nothing_of_what_is_open(storage: Storage) -> None:
    storage.reconciliations.append(run(difference()))
    storage.reconciliations.append(run(minutes=5, no_answer="paper.positions: time-out"))
    standing = storage.reconciliations.standing()
    assert [one.difference.subject for one in standing.open] == ["AAPL"]
    assert standing.answered_at == NOON
    assert standing.newest is not None
    assert standing.newest.no_answer


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_settled_difference_is_open_no_more_while_it_stands(
    storage: Storage, verdict: Verdict
) -> None:
    storage.reconciliations.append(run(difference()))
    settle(storage, difference(), NOON, verdict)
    storage.reconciliations.append(run(difference(), minutes=5, since=0))
    assert open_ids(storage) == []


def test_the_same_difference_is_a_new_one_when_it_comes_again(storage: Storage) -> None:
    storage.reconciliations.append(run(difference()))
    settle(storage, difference(), NOON, Verdict.IGNORED)
    storage.reconciliations.append(run(minutes=5))
    storage.reconciliations.append(run(difference(), minutes=10))
    assert open_ids(storage) == ["AAPL"]


def test_a_difference_is_settled_once_and_only_while_it_is_open(storage: Storage) -> None:
    storage.reconciliations.append(run(difference()))
    with pytest.raises(InvalidTransitionError, match="not open any more"):
        settle(storage, difference(), NOON - timedelta(minutes=5), Verdict.ADOPTED)
    settle(storage, difference(), NOON, Verdict.ADOPTED)
    with pytest.raises(InvalidTransitionError, match="not open any more"):
        settle(storage, difference(), NOON, Verdict.ADOPTED)
    assert len(storage.reconciliations.adopted()) == 1


def test_what_was_adopted_twice_counts_twice_and_what_was_ignored_does_not(
    storage: Storage,
) -> None:
    for minutes in (0, 10):
        storage.reconciliations.append(run(difference(), difference("MSFT"), minutes=minutes))
        since = NOON + timedelta(minutes=minutes)
        settle(storage, difference(), since, Verdict.ADOPTED)
        settle(storage, difference("MSFT"), since, Verdict.IGNORED)
        storage.reconciliations.append(run(minutes=minutes + 5))
    assert storage.reconciliations.adopted() == [difference().adoption] * 2


def test_what_another_process_heard_of_the_broker_does_not_count(data_dir: Path) -> None:
    before = Storage(data_dir / "desk.duckdb")
    before.reconciliations.append(run())
    assert before.reconciliations.standing().answered_at == NOON
    before.close()
    after = Storage(data_dir / "desk.duckdb")
    try:
        assert after.reconciliations.standing().answered_at is None
        assert after.reconciliations.newest_answered() is not None
        after.reconciliations.append(run(minutes=5))
        assert after.reconciliations.standing().answered_at == NOON + timedelta(minutes=5)
    finally:
        after.close()


def test_sql_sums_the_fills_up_as_the_rule_does(storage: Storage) -> None:
    fills = [
        samples.fill(),
        samples.fill(leg=FillLeg.TARGET, quantity=Decimal("3.25"), price=Decimal("106.013")),
        samples.fill(fill_id="x", client_order_id="web-1", side=OrderSide.SELL,
                     quantity=Decimal("0.5"), fees=Decimal("0.123")),
    ]  # fmt: skip
    storage.trading.append_fills([*fills, fills[0]])
    assert storage.reconciliations.traded() == traded(fills)


def test_an_entry_knows_its_tactic(storage: Storage) -> None:
    request, tactic = samples.order_request(), samples.tactic()
    storage.trading.append_request(request, tactic.tactic_id, 1)
    kept = storage.reconciliations
    assert kept.owners() == {request.client_order_id: tactic.tactic_id}
    assert kept.asked_for(request.client_order_id) == (tactic.tactic_id, 1)
    assert kept.asked_for("web-1") is None


def test_the_page_lists_comparisons_and_what_was_settled_newest_first(storage: Storage) -> None:
    storage.reconciliations.append(run(difference()))
    settle(storage, difference(), NOON, Verdict.IGNORED)
    storage.reconciliations.append(run(minutes=5, no_answer="time-out"))
    looks = storage.views.comparisons()
    assert looks["state"].tolist() == ["not_answered", "differs"]
    assert looks["differences"].tolist() == [0, 1]
    [settled] = storage.views.settled_differences().to_dict("records")
    assert (settled["verdict"], settled["desk"], settled["broker"]) == (
        "ignored", "holds none", "5 AAPL",
    )  # fmt: skip


def test_a_difference_that_blocks_nothing_is_open_all_the_same(storage: Storage) -> None:
    harmless = difference().model_copy(update={"blocks": Scope.NOTHING})
    storage.reconciliations.append(run(harmless))
    assert open_ids(storage) == ["AAPL"]
    assert storage.reconciliations.standing().refusal("AAPL", None) == ""
