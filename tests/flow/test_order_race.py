"""One order in a symbol, also of two that are approved at the same moment."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from time import monotonic

import pytest
import sqlalchemy as sa

from core import bootstrap
from core.adapters.brokers.paper import PaperBroker
from core.desk import Desk
from core.domain.flow import ApprovalRequest, EffectState
from core.domain.lifecycle import TacticEventKind
from core.domain.order_keys import entry_key
from core.domain.orders import Order, OrderRequest
from core.domain.tactics import Tactic
from core.errors import (
    AppError,
    EffectNotNowError,
    EffectRejectedError,
    EffectUnclearError,
    OutcomeUnknownError,
)
from core.flow.effects import EffectLedger
from core.settings import Settings
from core.steps.order_effects import SubmitOrder
from core.steps.risk import to_order
from tests.flow.conftest import PLAN_DAY, both
from tests.storage import samples

WAIT_S = 5
BEYOND_BUYING_POWER = 9_000_000


class Venue(PaperBroker):
    """The paper venue, which may take its time over an order or leave its sender in doubt."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.asked, self.gate, self.is_silent = threading.Event(), threading.Event(), False
        self.gate.set()

    def submit(self, request: OrderRequest, submitted_at: datetime) -> Order:
        self.asked.set()
        assert self.gate.wait(WAIT_S)
        if self.is_silent:
            raise OutcomeUnknownError(self.name, "submit", "no answer")
        return super().submit(request, submitted_at)


@pytest.fixture
def venue(tmp_path: Path) -> Venue:
    return Venue(tmp_path / "paper.sqlite")


@pytest.fixture
def ledger(database: sa.Engine) -> EffectLedger:
    return EffectLedger(database, "here")


def request(number: int, symbol: str = "AAPL", quantity: int = 10) -> OrderRequest:
    key = {"client_order_id": f"order:TBOW-{symbol}-{number}:entry", "symbol": symbol}
    return samples.order_request(quantity=quantity).model_copy(update=key)


def send(ledger: EffectLedger, venue: Venue, order: OrderRequest) -> str:
    """Send an order as the engine does, again after an error that says so; return the refusal."""
    effect, deadline = SubmitOrder(venue, ledger, samples.MORNING), monotonic() + 2 * WAIT_S
    while monotonic() < deadline:
        try:
            ledger.apply(order.client_order_id, effect, order.model_dump(mode="json"))
        except EffectRejectedError as error:
            return str(error)
        except AppError as error:
            if not error.retryable:
                raise
            threading.Event().wait(0.01)
        else:
            return ""
    raise AssertionError("it is still not decided")


@both
def test_of_orders_that_go_out_at_once_one_reaches_the_broker(
    ledger: EffectLedger, venue: Venue
) -> None:
    orders = [request(number) for number in range(6)]
    start = threading.Barrier(len(orders))

    def go(order: OrderRequest) -> str:
        start.wait(WAIT_S)
        return send(ledger, venue, order)

    with ThreadPoolExecutor(len(orders)) as pool:
        refusals = list(pool.map(go, orders))
    [there] = venue.open_orders()
    assert refusals.count("") == 1
    assert refusals[orders.index(request(int(there.client_order_id[-7])))] == ""
    assert all("AAPL" in refusal for refusal in refusals if refusal)


def test_an_order_gives_way_to_one_that_is_on_its_way(ledger: EffectLedger, venue: Venue) -> None:
    venue.gate.clear()
    with ThreadPoolExecutor() as pool:
        first = pool.submit(send, ledger, venue, request(1))
        assert venue.asked.wait(WAIT_S)
        refusal = send(ledger, venue, request(2))
        venue.gate.set()
        assert first.result(WAIT_S) == ""
    assert "another order of AAPL may be on its way, order:TBOW-AAPL-1:entry" in refusal
    assert [order.client_order_id for order in venue.open_orders()] == [request(1).client_order_id]


@pytest.mark.parametrize("reaches_it", [True, False])
def test_the_older_of_two_looks_again_once_the_newer_is_settled(
    ledger: EffectLedger, venue: Venue, reaches_it: bool
) -> None:
    older, newer = request(1), request(2, quantity=10 if reaches_it else BEYOND_BUYING_POWER)
    body = older.model_dump(mode="json")
    ledger._rows.intend(older.client_order_id, venue.name, body)
    venue.gate.clear()
    with ThreadPoolExecutor() as pool:
        going = pool.submit(send, ledger, venue, newer)
        assert venue.asked.wait(WAIT_S)
        effect = SubmitOrder(venue, ledger, samples.MORNING)
        with pytest.raises(EffectNotNowError, match="may be on its way"):
            ledger.apply(older.client_order_id, effect, body)
        venue.gate.set()
        assert bool(going.result(WAIT_S)) is not reaches_it
    refusal = send(ledger, venue, older)
    assert ("AAPL is traded already" in refusal) if reaches_it else not refusal
    assert len(venue.open_orders()) == 1


def test_an_order_that_may_be_out_keeps_its_symbol(ledger: EffectLedger, venue: Venue) -> None:
    first, venue.is_silent = request(1), True
    effect = SubmitOrder(venue, ledger, samples.MORNING)
    with pytest.raises(EffectUnclearError):
        ledger.apply(first.client_order_id, effect, first.model_dump(mode="json"))
    venue.is_silent = False
    assert "may be on its way" in send(ledger, venue, request(2))
    assert send(ledger, venue, request(3, "MSFT")) == ""


def test_an_order_that_is_at_the_broker_already_is_not_refused(
    ledger: EffectLedger, venue: Venue
) -> None:
    order = request(1)
    venue.submit(order, samples.MORNING)
    assert send(ledger, venue, order) == ""
    assert len(venue.open_orders()) == 1


# two approvals of one morning


@pytest.fixture
def desk(plan_morning: Path, tmp_path: Path) -> Iterator[Desk]:
    folder = shutil.copytree(plan_morning, tmp_path / "var")
    opened = bootstrap.build(Settings(data_dir=folder, _env_file=None, watchlist=("META",)))
    opened.start_engine()
    yield opened
    opened.close()


def ask_for_another(desk: Desk, tactic: Tactic) -> None:
    """Ask for the order of the same plan in another slot of the day."""
    storage, tactic_id = desk._services.storage, tactic.tactic_id.replace("-AM", "-MID")
    other = tactic.model_copy(update={"tactic_id": tactic_id})
    assert other.scenario is not None
    storage.tactics.append(other)
    storage.tactics.append_events(samples.life(of=other))
    order = to_order(other, other.scenario, shares=Decimal(1))
    storage.trading.append_request(order, other.tactic_id, 1)
    asked = next(a for a in desk.decisions.pending() if a.subject_id == tactic.tactic_id)
    fields = asked.model_dump(include=set(ApprovalRequest.model_fields))
    changes = {
        "subject_id": other.tactic_id, "content_sha256": order.content_sha256,
        "effect_keys": (entry_key(other),),
    }  # fmt: skip
    desk._services.approvals.request(ApprovalRequest.model_validate(fields | changes))


def test_two_approvals_of_one_moment_make_one_order_and_a_reason(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    [tactic] = desk._services.storage.tactics.for_session(PLAN_DAY)
    ask_for_another(desk, tactic)
    approvals = [asked.approval_id for asked in desk.decisions.pending() if asked.kind == "trade"]
    both_saw_it_free, look, looks = threading.Barrier(2), PaperBroker.open_orders, iter("12")

    def open_orders(broker: PaperBroker) -> list[Order]:
        found = look(broker)
        if next(looks, None):  # the two checks of the risk
            both_saw_it_free.wait(WAIT_S)
        return found

    monkeypatch.setattr(PaperBroker, "open_orders", open_orders)
    runs = [desk.decisions.approve(one, "test").run_id for one in approvals]
    assert {desk.runs.wait(run_id).status for run_id in runs} == {"succeeded"}
    [order] = desk._services.adapters.broker.open_orders()
    booked = [
        step.output for run_id in runs for step in desk.runs.steps(run_id) if step.id == "book"
    ]
    [refused] = [output for output in booked if not output["armed"]]
    assert "META" in refused["reason"]
    states = {e.key: e.state for e in desk.decisions.effects()}
    assert sorted(states.values()) == [EffectState.DONE, EffectState.REJECTED]
    assert states[order.client_order_id] is EffectState.DONE
    told = [
        event
        for one in desk._services.storage.tactics.for_session(PLAN_DAY)
        for event in desk._services.storage.tactics.events(one.tactic_id)
        if event.kind is TacticEventKind.CANCELLED
    ]
    assert [event.payload["reason"] for event in told] == [refused["reason"]]
