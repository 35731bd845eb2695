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
from core.domain.tactics import Scenario, Tactic
from core.domain.trading import OrderStatus
from core.flow.catalog import StepContext
from core.settings import Settings
from core.steps import risk
from core.steps.moment import session_is_over
from core.steps.publish import prepare
from core.steps.risk import to_order
from core.steps.trade import ClosePosition, actual_r, entry_key

DAY = date(2023, 6, 26)
NINE = datetime(2023, 6, 26, 13, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("morning")
    with_desk = bootstrap.build(Settings(data_dir=folder, _env_file=None, watchlist=("META",)))
    with_desk.start_engine()
    try:
        with_desk.runs.wait(with_desk.runs.start("daily_tactic", DAY))
    finally:
        with_desk.close()
    return folder


@pytest.fixture
def desk(morning: Path, tmp_path: Path) -> Iterator[Desk]:
    folder = shutil.copytree(morning, tmp_path / "var")
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
    [tactic] = desk._services.storage.tactics.for_session(DAY)
    assert tactic.scenario is not None
    return tactic, tactic.scenario


def context_of(desk: Desk, at: datetime = NINE, **changes: Any) -> StepContext:
    tactic, _ = tactic_of(desk)
    request = desk._services.storage.trading.request(entry_key(tactic))
    approval = {"subject_id": tactic.tactic_id, "content_sha256": request.content_sha256}
    services = dataclasses.replace(desk._services, **changes)
    return StepContext(
        run_id="r", workflow_id="trade_tactic", node_id="recheck", as_of=at, session_date=DAY,
        inputs={"approval": approval, "version": 1}, results={}, options={}, services=services,
    )  # fmt: skip


def quote(desk: Desk, price: float) -> None:
    one = Quote(
        symbol="META", last=price, quoted_at=NINE - timedelta(minutes=1), provider="test",
        label=Label.REAL,
    )  # fmt: skip
    desk._services.storage.quotes.append([one], NINE - timedelta(minutes=1))


def show_bars(desk: Desk) -> None:
    """Store the session's bars, in which the plan is stopped out by noon."""
    query = BarQuery(symbol="META", timeframe=Timeframe.FIVE_MINUTES, start=DAY, end=DAY)
    bars = desk._services.adapters.market_data[0].call(lambda source: source.bars(query))
    desk._services.storage.bars.append(bars, NINE)


def test_an_order_goes_out_while_its_plan_waits(desk: Desk) -> None:
    assert risk.recheck(context_of(desk))["reason"] == ""


def test_an_order_of_a_plan_that_has_ended_by_rule_is_refused(desk: Desk) -> None:
    show_bars(desk)
    noon = NINE + timedelta(hours=3)
    assert "by rule the plan has ended" in risk.recheck(context_of(desk, noon))["reason"]


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
    desk._services.adapters.broker.submit(to_order(other, plan, 1), NINE)
    assert risk.recheck(context_of(desk))["reason"] == "META is traded already"


def test_ending_an_order_cancels_an_entry_that_was_not_filled(desk: Desk) -> None:
    tactic, plan = tactic_of(desk)
    broker, key = desk._services.adapters.broker, entry_key(tactic)
    broker.submit(to_order(tactic, plan, 10), NINE)
    effect, request = ClosePosition(broker), {"client_order_id": key, "reason": "it has ended"}
    effect.send("k", request)
    effect.send("k", request)
    order = broker.order_by_client_id(key)
    assert order is not None
    assert order.status is OrderStatus.CANCELED


def test_a_trade_that_is_not_flat_has_no_result_yet(desk: Desk) -> None:
    tactic, plan = tactic_of(desk)
    services, key = desk._services, entry_key(tactic)
    services.adapters.broker.submit(to_order(tactic, plan, 10), NINE)
    show_bars(desk)
    bars = services.storage.bars.between("META", Timeframe.FIVE_MINUTES, DAY, DAY)
    services.adapters.broker.process(bars.head(1))  # type: ignore[attr-defined]
    fills, _ = services.adapters.broker.fills_since("")
    services.storage.trading.append_fills(fills)
    assert sum(fill.quantity * fill.side.sign for fill in fills) == Decimal(10)
    assert actual_r(context_of(desk), tactic) is None
    services.adapters.broker.close_position(key, "the test ends")
    services.storage.trading.append_fills(services.adapters.broker.fills_since("")[0])
    assert actual_r(context_of(desk), tactic) is not None


@pytest.mark.parametrize(("minutes", "goes_out"), [(9, True), (11, False)])
def test_a_post_does_not_go_out_long_after_its_decision(
    desk: Desk, minutes: int, goes_out: bool
) -> None:
    tactic, plan = tactic_of(desk)
    quote(desk, plan.entry_high)
    version = desk._services.storage.content.get(f"tactic-{tactic.tactic_id.lower()}")
    approval = {
        "subject_id": version.content_id, "content_sha256": version.content_sha256,
        "decided_at": (NINE - timedelta(minutes=minutes)).isoformat(),
    }  # fmt: skip
    context = dataclasses.replace(context_of(desk, clock=Wall(NINE)), inputs={"approval": approval})
    assert bool(prepare(context)["requests"]) is goes_out


@pytest.mark.parametrize(("hour", "is_over"), [(16, False), (17, True)])
def test_a_session_is_over_at_its_early_close(desk: Desk, hour: int, is_over: bool) -> None:
    half_day = date(2023, 7, 3)  # closes at 13:00 in New York
    at = datetime(2023, 7, 3, hour, 0, tzinfo=UTC)
    context = dataclasses.replace(context_of(desk, clock=Wall(at)), session_date=half_day)
    assert session_is_over(context) is is_over
