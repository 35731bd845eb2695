"""An order goes out only while its plan lives, once in a symbol, and ends when it is told to."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core import bootstrap
from core.desk import Desk
from core.domain.feeds import Label, Quote
from core.domain.market import BarQuery, Timeframe
from core.domain.order_keys import entry_key
from core.domain.orders import Order, OrderStatus
from core.domain.scenarios import Scenario
from core.domain.tactics import Tactic
from core.errors import EffectRejectedError
from core.flow.catalog import StepContext
from core.settings import Settings
from core.steps import risk
from core.steps.moment import session_is_over
from core.steps.publish import prepare, send
from core.steps.risk import to_order
from core.steps.trade import ClosePosition, actual_r
from tests.flow.conftest import PLAN_DAY

NINE = datetime(2023, 6, 26, 13, 0, tzinfo=UTC)


@pytest.fixture
def desk(plan_morning: Path, tmp_path: Path) -> Iterator[Desk]:
    folder = shutil.copytree(plan_morning, tmp_path / "var")
    opened = bootstrap.build(Settings(data_dir=folder, _env_file=None, watchlist=("META",)))
    yield opened
    opened.close()


class Wall:
    """The wall's clock at one moment."""

    is_replay = False

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at


def tactic_of(desk: Desk) -> tuple[Tactic, Scenario]:
    [tactic] = desk._services.storage.tactics.for_session(PLAN_DAY)
    assert tactic.scenario is not None
    return tactic, tactic.scenario


def context_of(desk: Desk, at: datetime = NINE, **changes: Any) -> StepContext:
    tactic, _ = tactic_of(desk)
    request = desk._services.storage.trading.request(entry_key(tactic))
    approval = {"subject_id": tactic.tactic_id, "content_sha256": request.content_sha256}
    services = dataclasses.replace(desk._services, **changes)
    return StepContext(
        run_id="r", workflow_id="trade_tactic", node_id="recheck", as_of=at, session_date=PLAN_DAY,
        inputs={"approval": approval, "version": 1}, results={}, options={}, services=services,
    )  # fmt: skip


def quote(desk: Desk, price: float, now: datetime = NINE) -> None:
    at = now - timedelta(minutes=1)
    one = Quote(symbol="META", last=price, quoted_at=at, provider="test", label=Label.REAL)
    desk._services.storage.quotes.append([one], at)


def show_bars(desk: Desk) -> None:
    """Store the session's bars, in which the plan is stopped out by noon."""
    query = BarQuery(symbol="META", timeframe=Timeframe.FIVE_MINUTES, start=PLAN_DAY, end=PLAN_DAY)
    bars = desk._services.adapters.market_data[0].call(lambda source: source.bars(query))
    desk._services.storage.bars.append(bars, NINE)


def test_an_order_goes_out_while_its_plan_waits(desk: Desk) -> None:
    assert risk.recheck(context_of(desk))["reason"] == ""


def test_an_order_of_a_plan_that_has_ended_by_rule_is_refused(desk: Desk) -> None:
    show_bars(desk)
    noon = NINE + timedelta(hours=3)
    assert "by rule the plan has ended" in risk.recheck(context_of(desk, noon))["reason"]


def test_an_order_that_was_held_up_is_judged_on_the_bars_since_its_decision(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, plan = tactic_of(desk)
    noon = NINE + timedelta(hours=3)
    monkeypatch.setattr(type(desk._services.storage), "now_known", lambda _: noon)
    quote(desk, plan.entry_high, noon)
    held_up = context_of(desk, NINE, clock=Wall(noon))
    assert risk.recheck(held_up)["reason"] == ""
    show_bars(desk)
    assert "by rule the plan has ended" in risk.recheck(held_up)["reason"]


@pytest.mark.parametrize(
    ("beyond", "reason"),
    [(0.0, ""), (-30.0, "at or beyond the stop"), (None, "from the last 15 minutes")],
)
def test_outside_the_replay_an_order_needs_a_fresh_price_that_bears_it_out(
    desk: Desk, beyond: float | None, reason: str
) -> None:
    _, plan = tactic_of(desk)
    if beyond is not None:
        quote(desk, plan.entry_high + beyond)
    told = risk.recheck(context_of(desk, clock=Wall(NINE)))["reason"]
    assert reason in told
    assert bool(told) is bool(reason)


def test_a_symbol_that_is_traded_takes_no_second_order(desk: Desk) -> None:
    tactic, plan = tactic_of(desk)
    other = tactic.model_copy(update={"tactic_id": "TBOW-META-20230623-AM"})
    request = to_order(other, plan, Decimal(1))
    desk._services.storage.trading.append_request(request, other.tactic_id, 1)
    desk._services.adapters.broker.submit(request, NINE)
    assert risk.recheck(context_of(desk))["reason"] == "META is traded already"


def test_an_order_that_is_at_the_broker_already_is_not_in_its_own_way(desk: Desk) -> None:
    tactic, _ = tactic_of(desk)
    storage, broker = desk._services.storage, desk._services.adapters.broker
    broker.submit(storage.trading.request(entry_key(tactic)), NINE)
    show_bars(desk)
    bars = storage.bars.between("META", Timeframe.FIVE_MINUTES, PLAN_DAY, PLAN_DAY)
    broker.process(bars.head(1))  # type: ignore[attr-defined]
    assert broker.positions()
    assert risk.recheck(context_of(desk))["reason"] == ""


def test_ending_an_order_cancels_an_entry_that_was_not_filled(desk: Desk) -> None:
    tactic, plan = tactic_of(desk)
    broker, key = desk._services.adapters.broker, entry_key(tactic)
    broker.submit(to_order(tactic, plan, Decimal(10)), NINE)
    effect, request = ClosePosition(broker), {"client_order_id": key, "reason": "it has ended"}
    effect.send("k", request)
    effect.send("k", request)
    order = broker.order_by_client_id(key)
    assert order is not None
    assert order.status is OrderStatus.CANCELED


def test_ending_a_half_filled_order_stops_its_entry_before_it_sells() -> None:
    class HalfFilled:
        """A broker whose entry fills on for as long as it works."""

        name, timeout_s = "half", 1.0
        held, works = 5, True

        def cancel(self, client_order_id: str) -> None:
            self.works = False

        def close_position(self, client_order_id: str, reason: str) -> None:
            self.held = 5 if self.works else 0

        def open_orders(self) -> list[Order]:
            return []

    broker = HalfFilled()
    effect = ClosePosition(broker)  # type: ignore[arg-type]
    effect.send("k", {"client_order_id": "order:x:entry", "reason": "it has ended"})
    assert (broker.held, broker.works) == (0, False)


def test_a_trade_that_is_not_flat_has_no_result_yet(desk: Desk) -> None:
    tactic, plan = tactic_of(desk)
    services, key = desk._services, entry_key(tactic)
    services.adapters.broker.submit(to_order(tactic, plan, Decimal(10)), NINE)
    show_bars(desk)
    bars = services.storage.bars.between("META", Timeframe.FIVE_MINUTES, PLAN_DAY, PLAN_DAY)
    services.adapters.broker.process(bars.head(1))  # type: ignore[attr-defined]
    fills, _ = services.adapters.broker.fills_since("")
    services.storage.trading.append_fills(fills)
    assert sum(fill.quantity * fill.side.sign for fill in fills) == Decimal(10)
    assert actual_r(context_of(desk), tactic) is None
    services.adapters.broker.close_position(key, "the test ends")
    services.storage.trading.append_fills(services.adapters.broker.fills_since("")[0])
    assert actual_r(context_of(desk), tactic) is not None


def post_approval(desk: Desk, decided_at: datetime) -> dict[str, Any]:
    tactic, _ = tactic_of(desk)
    version = desk._services.storage.content.get(f"tactic-{tactic.tactic_id.lower()}")
    return {
        "subject_id": version.content_id, "content_sha256": version.content_sha256,
        "decided_at": decided_at.isoformat(),
    }  # fmt: skip


@pytest.mark.parametrize(("minutes", "goes_out"), [(9, True), (11, False)])
def test_a_post_does_not_go_out_long_after_its_decision(
    desk: Desk, minutes: int, goes_out: bool
) -> None:
    _, plan = tactic_of(desk)
    quote(desk, plan.entry_high)
    approval = post_approval(desk, NINE - timedelta(minutes=minutes))
    context = dataclasses.replace(context_of(desk, clock=Wall(NINE)), inputs={"approval": approval})
    assert bool(prepare(context)["requests"]) is goes_out


@pytest.mark.parametrize(("minutes", "goes_out"), [(9, True), (11, False)])
def test_a_post_that_waited_in_the_queue_is_sent_only_while_it_is_timely(
    desk: Desk, minutes: int, goes_out: bool
) -> None:
    _, plan = tactic_of(desk)
    quote(desk, plan.entry_high)
    approval = post_approval(desk, NINE)
    context = dataclasses.replace(context_of(desk, clock=Wall(NINE)), inputs={"approval": approval})
    prepared = prepare(context)
    later = dataclasses.replace(
        context_of(desk, clock=Wall(NINE + timedelta(minutes=minutes))),
        inputs={"approval": approval}, results={"prepare": prepared},
        options={"platform": "preview"},
    )  # fmt: skip
    if goes_out:
        assert send(later)["post"]["external_id"]
        return
    with pytest.raises(EffectRejectedError, match="more than ten minutes"):
        send(later)
    assert (
        desk._services.adapters.publishers["preview"].find(prepared["requests"]["preview"]["key"])
        is None
    )


@pytest.mark.parametrize(("hour", "is_over"), [(16, False), (17, True)])
def test_a_session_is_over_at_its_early_close(desk: Desk, hour: int, is_over: bool) -> None:
    half_day = date(2023, 7, 3)  # closes at 13:00 in New York
    at = datetime(2023, 7, 3, hour, 0, tzinfo=UTC)
    context = dataclasses.replace(context_of(desk, clock=Wall(at)), session_date=half_day)
    assert session_is_over(context) is is_over
