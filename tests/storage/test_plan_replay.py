"""An open plan is replayed on what was known at the moment, on its own scale, from its post on."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pandas as pd
import pytest

from core.domain.lifecycle import TacticEventKind as Kind
from core.domain.resolutions import Outcome
from core.domain.scenarios import Trigger
from core.domain.tactics import Tactic
from core.flow.catalog import StepContext
from core.steps.monitor import look
from core.steps.plan_replay import Followed, follow_open
from core.steps.recaps import recap_sheet
from core.steps.resolve import resolve
from core.steps.services import Services
from core.steps.week import weekly_sheet
from core.storage.storage import Storage
from tests.storage import samples
from tests.unit.test_resolution import ENTRY, Row, scenario
from tests.unit.test_risk import policy

FRIDAY, MONDAY = samples.SESSION, date(2024, 1, 8)
OPENS, CLOSED = samples.moment(hours=14.5), samples.moment(hours=21.25)
HELD: Row = (101, 102, 100.5, 101.6)
OUTSIDE: Row = (102, 103, 101.5, 102)
FIVE = timedelta(minutes=5)


def rows_of(session: date, rows: list[Row], first: int = 0) -> pd.DataFrame:
    """Return 5-minute bars of a session, the first of them `first` bars after its opening."""
    opens = samples.moment(session, hours=14.5)
    starts = [opens + FIVE * (first + place) for place in range(len(rows))]
    prices = dict(zip(("open", "high", "low", "close"), zip(*rows, strict=True), strict=True))
    return pd.DataFrame(
        {"symbol": "AAPL", "timeframe": "5m", "session_date": session, "started_at": starts}
        | prices
        | {"volume": 1e3, "provider": "sample", "label": "real"}
    )


def whole(rows: list[Row]) -> list[Row]:
    """Return a session's 78 bars, the last one repeated to the close."""
    return [*rows, *[rows[-1]] * (78 - len(rows))]


def plan(storage: Storage, *kinds: Kind, **changes: Any) -> Tactic:
    """Store the vectors' plan; half an hour lies between the things that happen to it."""
    told = {"scenarios": (scenario(**changes),), "as_of": OPENS - timedelta(hours=4)}
    tactic = samples.tactic().model_copy(update=told)
    storage.tactics.append(tactic)
    for place, event in enumerate(samples.life(*kinds, of=tactic)):
        at = OPENS + timedelta(minutes=30 * (place - 1))
        key = {"scenario_key": "vector"} if event.track == "order" else {}
        storage.tactics.append_events([event.model_copy(update={"occurred_at": at, **key})])
    return tactic


def context(storage: Storage, as_of: datetime, **rules: Any) -> StepContext:
    """The replay's context at a moment; its clock is at that moment too."""
    services = SimpleNamespace(
        storage=storage,
        clock=SimpleNamespace(is_replay=True),
        ledger=SimpleNamespace(get=lambda _: None),
        playbook=SimpleNamespace(policy=policy(**{"slippage_usd": 0, "fee_fraction": 0, **rules})),
    )
    return StepContext(
        run_id="r", workflow_id="w", node_id="n", as_of=as_of, session_date=as_of.date(),
        inputs={}, results={}, options={}, services=cast("Services", services),
    )  # fmt: skip


def follow(storage: Storage, as_of: datetime = CLOSED, **rules: Any) -> Followed:
    [followed] = follow_open(context(storage, as_of, **rules), as_of.date())
    return followed


def test_a_plan_is_replayed_from_its_post_on_not_from_the_order_s_approval(
    storage: Storage,
) -> None:
    plan(storage, Kind.APPROVED, Kind.PUBLISHED)
    storage.bars.append(rows_of(FRIDAY, whole([ENTRY, HELD])), OPENS)
    assert follow(storage).result.entry_at == OPENS + timedelta(minutes=30)


def test_a_plan_that_is_not_public_is_replayed_from_its_approval_on(storage: Storage) -> None:
    plan(storage, Kind.APPROVED, Kind.ARMED)
    storage.bars.append(rows_of(FRIDAY, whole([ENTRY, HELD])), OPENS)
    assert follow(storage).result.entry_at == OPENS


def test_a_look_sees_no_bar_that_has_not_ended_or_was_received_later(storage: Storage) -> None:
    plan(storage, Kind.PUBLISHED)
    storage.bars.append(rows_of(FRIDAY, [ENTRY, HELD]), OPENS)
    late = OPENS + timedelta(hours=1)
    storage.bars.append(rows_of(FRIDAY, [(101, 101, 90, 90)], first=2), late)
    for minutes, bars in ((9, 1), (10, 2), (30, 2), (60, 3)):
        assert len(follow(storage, OPENS + timedelta(minutes=minutes)).bars) == bars
    assert follow(storage, late).result.outcome is Outcome.STOPPED
    assert follow(storage, late - FIVE).result.status == "open"


@pytest.mark.parametrize("ratio", [2.0, 0.5, 3.0])
def test_a_split_overnight_moves_no_result(storage: Storage, ratio: float) -> None:
    plan(storage, Kind.PUBLISHED)
    target: Row = (103, 107.5, 102, 107)
    second = [cast("Row", tuple(price / ratio for price in row)) for row in whole([HELD, target])]
    storage.bars.append(rows_of(FRIDAY, whole([ENTRY, HELD])), OPENS)
    storage.bars.append(rows_of(MONDAY, second), OPENS)
    storage.actions.append([samples.split(ex_date=MONDAY, ratio=ratio)], OPENS)
    result = follow(storage, CLOSED + timedelta(days=3)).result
    assert result.outcome is Outcome.TARGET
    assert result.system_r == pytest.approx(1.5)
    assert result.mae_r == pytest.approx(0.8 / 3)


def test_fees_of_both_ways_come_off_the_result(storage: Storage) -> None:
    plan(storage, Kind.PUBLISHED)
    storage.bars.append(rows_of(FRIDAY, [ENTRY, (101, 101.5, 97.9, 98.2)]), OPENS)
    assert follow(storage, fee_fraction=0.001).result.system_r == pytest.approx(-1 - 0.202 / 3)


def test_a_day_plan_is_over_five_minutes_before_the_close(storage: Storage) -> None:
    plan(storage, Kind.PUBLISHED, timebox_sessions=1)
    storage.bars.append(rows_of(FRIDAY, whole([ENTRY, HELD])), OPENS)
    before = timedelta(minutes=5)
    flat = samples.moment(hours=21) - before
    for as_of, status in ((flat - before, "open"), (flat, "final")):
        [one] = follow_open(context(storage, as_of), FRIDAY - timedelta(days=1))
        assert one.result.status == status
    assert one.result.exits[0].at == flat - before


# what is told


def test_what_a_broken_look_found_is_told_by_the_next(storage: Storage) -> None:
    plan(storage, Kind.PUBLISHED, breakeven_after_target=1)
    storage.bars.append(rows_of(FRIDAY, [ENTRY, (101, 104.5, 100.8, 104), HELD]), OPENS)
    noon = context(storage, OPENS + timedelta(hours=2))
    first, second = look(noon), look(noon)
    told = [(row["what"], row["price"], row.get("target")) for row in first["news"]]
    assert told == [("target_hit", 104, 1), ("breakeven_stop", 101, None)]
    assert second["news"] == first["news"]


def test_each_target_is_told_and_the_last_one_as_the_end(storage: Storage) -> None:
    thirds = [{"price": 103, "fraction": 0.25}, {"price": 104, "fraction": 0.25}]
    plan(storage, Kind.PUBLISHED, targets=(*thirds, {"price": 107, "fraction": 0.5}))
    storage.bars.append(rows_of(FRIDAY, [ENTRY, (101, 104.5, 100.8, 104), (104, 108, 103, 108)]),
                        OPENS)  # fmt: skip
    news = look(context(storage, OPENS + timedelta(hours=2)))["news"]
    told = [(row["what"], row.get("target")) for row in news]
    assert told == [("target_hit", 1), ("target_hit", 2), ("targets_done", None)]


def test_readers_hear_nothing_of_a_plan_that_they_never_saw(storage: Storage) -> None:
    plan(storage, Kind.APPROVED, Kind.ARMED)
    storage.bars.append(rows_of(FRIDAY, [ENTRY, (101, 101.5, 97.9, 98.2)]), OPENS)
    found = look(context(storage, OPENS + timedelta(hours=2)))
    assert (found["looked"], found["news"]) == (1, [])


@pytest.mark.parametrize(("minutes", "is_asked"), [(4, False), (5, True), (15, True), (16, False)])
def test_an_order_is_asked_for_only_on_a_trigger_of_the_last_minutes(
    storage: Storage, minutes: int, is_asked: bool
) -> None:
    tactic = plan(
        storage, Kind.PUBLISHED, trigger=Trigger(kind="reclaim", price=100.7, is_met=False)
    )
    storage.tactics.append_size(tactic.tactic_id, 1, OPENS, samples.size_decision(10))
    request = samples.order_request(tactic)
    key = {"client_order_id": f"order:{tactic.tactic_id}:entry"}
    storage.trading.append_request(request.model_copy(update=key), tactic.tactic_id, 1)
    storage.bars.append(rows_of(FRIDAY, [ENTRY, OUTSIDE, OUTSIDE]), OPENS)
    moment = context(storage, OPENS + timedelta(minutes=minutes))
    assert bool(look(moment)["orders"]) is is_asked
    assert look(moment) == look(moment)


# missing bars


def test_an_outage_is_no_answer_and_is_told(storage: Storage) -> None:
    plan(storage, Kind.PUBLISHED)
    storage.bars.append(rows_of(FRIDAY, [OUTSIDE] * 20), OPENS)
    storage.bars.append(rows_of(MONDAY, whole([OUTSIDE])), OPENS)
    for as_of in (CLOSED, CLOSED + timedelta(days=3)):
        assert resolve(context(storage, as_of)) == {"resolved": []}
    told = storage.store.all("select symbol from data_findings")
    assert told == [("AAPL",)]
    storage.bars.append(rows_of(FRIDAY, whole([OUTSIDE])), CLOSED + timedelta(days=4))
    [one] = follow_open(context(storage, CLOSED + timedelta(days=4)), MONDAY)
    assert one.result.outcome is Outcome.NEVER_TRIGGERED


def test_a_plan_without_bars_does_not_hold_its_risk_for_ever(storage: Storage) -> None:
    tactic = plan(storage, Kind.APPROVED, Kind.ARMED)
    assert resolve(context(storage, CLOSED + timedelta(days=6))) == {"resolved": []}
    resolve(context(storage, CLOSED + timedelta(days=7)))
    ended = storage.tactics.resolution(tactic.tactic_id)
    assert ended is not None
    assert (ended.outcome, ended.exit_reason) == (Outcome.CANCELLED, "no bars")
    assert storage.tactics.unresolved(date(2024, 2, 1)) == []


# recaps


def test_the_day_s_change_is_against_the_day_before_whatever_was_read_since(
    storage: Storage,
) -> None:
    readings = [(FRIDAY - timedelta(days=1), 21.25, "100"), (FRIDAY, 17, "90"),
                (FRIDAY, 21.25, "110"), (MONDAY, 17, "50")]  # fmt: skip
    for day, hours, equity in readings:
        storage.trading.append_account(samples.account(samples.moment(day, hours=hours), equity))
    plan(storage, Kind.PUBLISHED)
    sheet = recap_sheet(context(storage, CLOSED), [])
    assert sheet is not None
    assert (sheet.values["equity"], sheet.values["day_change"]) == pytest.approx((110, 0.1))


def test_a_week_counts_what_was_public_and_ended_in_it(storage: Storage) -> None:
    ends = {
        "IN": (Kind.PUBLISHED, FRIDAY), "PRIVATE": (Kind.APPROVED, FRIDAY),
        "LATER": (Kind.PUBLISHED, MONDAY), "BEFORE": (Kind.PUBLISHED, FRIDAY - timedelta(days=7)),
    }  # fmt: skip
    for symbol, (kind, day) in ends.items():
        tactic = samples.tactic(symbol, day)
        storage.tactics.append(tactic)
        storage.tactics.append_events(samples.life(kind, of=tactic))
        storage.tactics.append_resolution(samples.resolution(tactic, mae_r=0.3))
    sheet = weekly_sheet(context(storage, CLOSED))
    assert sheet is not None
    assert [row["symbol"] for row in sheet.values["resolved"]] == ["IN"]
    assert (sheet.values["published"], sheet.values["net_r"]) == (1, 2.0)
