"""The rhythm of a day: refresh, deadline, opening, monitor, recap of the week."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core import bootstrap
from core.desk import Desk
from core.domain.content import ContentKind
from core.domain.feeds import Label, Quote
from core.domain.flow import ApprovalState
from core.domain.lifecycle import TacticEvent, TacticEventKind
from core.domain.market import BarQuery, Timeframe
from core.domain.reports import RunReport
from core.domain.scenarios import Bias, Side, Target, Trigger
from core.domain.tactics import Tactic
from core.errors import AppError
from core.flow.catalog import StepContext
from core.replay import APPROVED_BY_REPLAY
from core.settings import ROOT, Settings
from core.steps.content import updates
from core.steps.drafting import candidates
from core.steps.publish import prepare
from core.steps.risk import to_order
from core.steps.services import Services
from core.steps.updates import HEADLINES
from tests.flow.conftest import PLAN_DAY
from tests.storage import samples

NINE = datetime(2023, 6, 26, 13, 0, tzinfo=UTC)


@contextmanager
def opened(data_dir: Path, **settings: Any) -> Iterator[Desk]:
    desk = bootstrap.build(Settings(data_dir=data_dir, _env_file=None, **settings))
    desk.start_engine()
    try:
        yield desk
    finally:
        desk.close()


@pytest.fixture
def folder(plan_morning: Path, tmp_path: Path) -> Path:
    return shutil.copytree(plan_morning, tmp_path / "var")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The operator's files, to be changed."""
    ignored = shutil.ignore_patterns("var", "sample")
    return shutil.copytree(ROOT / "data", tmp_path / "config", ignore=ignored)


def run(desk: Desk, workflow: str, day: date = PLAN_DAY) -> RunReport:
    return desk.runs.wait(desk.runs.start(workflow, day))


def morning_tactic(desk: Desk) -> Tactic:
    [tactic, *_] = desk._services.storage.tactics.for_session(PLAN_DAY)
    return tactic


def asked(desk: Desk) -> dict[str, ApprovalState]:
    found = desk._services.approvals.list()
    return {f"{one.kind} v{one.inputs['version']}": one.state for one in found}


def approve_all(desk: Desk) -> None:
    for approval in desk.decisions.pending():
        desk.runs.wait(desk.decisions.approve(approval.approval_id, "test").run_id)


def without_its_setup(desk: Desk, config: Path) -> None:
    """Take the file of the morning's setup away, so that its plan is found no more."""
    plan = morning_tactic(desk).scenario
    assert plan is not None
    (config / "tactics" / f"{plan.setup}.yaml").unlink()


# refresh


def test_a_plan_that_still_stands_is_kept(folder: Path) -> None:
    with opened(folder) as desk:
        report = run(desk, "refresh_tactic")
        assert (report.status, report.tactics) == ("succeeded", ())
        assert asked(desk) == {"trade v1": "pending", "content v1": "pending"}


def test_a_plan_that_no_longer_stands_is_replaced_and_its_questions_are_closed(
    folder: Path, config: Path
) -> None:
    with opened(folder) as desk:
        without_its_setup(desk, config)
        old = desk.decisions.pending()
    with opened(folder, config_dir=config) as desk:
        assert run(desk, "refresh_tactic").status == "succeeded"
        newer = morning_tactic(desk)
        assert (newer.version, newer.supersedes) == (2, 1)
        states = asked(desk)
        assert (states["trade v1"], states["content v1"]) == ("superseded", "superseded")
        assert states["content v2"] == "pending"
        for approval in old:
            with pytest.raises(AppError):
                desk.decisions.approve(approval.approval_id, "test")


def test_a_plan_that_was_decided_on_is_left_alone_and_the_operator_is_told(
    folder: Path, config: Path
) -> None:
    with opened(folder) as desk:
        without_its_setup(desk, config)
        approve_all(desk)
    with opened(folder, config_dir=config) as desk:
        run(desk, "refresh_tactic")
        assert morning_tactic(desk).version == 1
        alerts = [e.key for e in desk.decisions.effects() if e.key.startswith("alert:refresh:")]
        assert alerts == [f"alert:refresh:{morning_tactic(desk).tactic_id}:1"]


# deadline


def test_what_nobody_decided_on_is_escalated_at_the_deadline(folder: Path) -> None:
    with opened(folder) as desk:
        assert run(desk, "publish_deadline").status == "succeeded"
        told = [e for e in desk.decisions.effects() if e.key.startswith("alert:deadline:")]
        assert [e.key.rpartition(":")[2] for e in told] == [morning_tactic(desk).tactic_id]
        assert "waits for your decision" in told[0].request["title"]
        assert desk._services.storage.content.publications() == []


def test_a_day_without_any_tactic_is_told(data_dir: Path) -> None:
    with opened(data_dir) as desk:
        run(desk, "publish_deadline")
        keys = [effect.key for effect in desk.decisions.effects()]
        assert keys == [f"alert:deadline:{PLAN_DAY}:none"]


@pytest.fixture
def publishing(config: Path) -> Path:
    policy = config / "policy.yaml"
    text = policy.read_text(encoding="utf-8")
    policy.write_text(text.replace("at_deadline: escalate", "at_deadline: publish"))
    return config


def quote(desk: Desk, price: float, age: timedelta) -> None:
    one = Quote(
        symbol=morning_tactic(desk).symbol, last=price, quoted_at=NINE - age, provider="test",
        label=Label.REAL,
    )  # fmt: skip
    desk._services.storage.quotes.append([one], NINE - age)


@pytest.mark.parametrize(
    ("shift", "minutes", "published"),
    [(0.0, 1, True), (0.0, 16, False), (-60.0, 1, False), (+60.0, 1, False)],
    ids=["fresh and sound", "an old price", "beyond the stop", "far from the entry"],
)
def test_policy_may_publish_what_a_fresh_price_bears_out(
    folder: Path, publishing: Path, shift: float, minutes: int, published: bool
) -> None:
    with opened(folder, config_dir=publishing) as desk:
        plan = morning_tactic(desk).scenario
        assert plan is not None
        price = plan.entry_high + plan.side.sign * shift
        quote(desk, price, timedelta(minutes=minutes))
        run(desk, "publish_deadline")
        state = asked(desk)["content v1"]
        assert state == ("approved" if published else "pending")
        escalated = [e for e in desk.decisions.effects() if e.key.startswith("alert:deadline:")]
        assert bool(escalated) is not published


# monitor, opening, week


def test_the_monitor_marks_open_plans_once_and_tells_what_happened(folder: Path) -> None:
    with opened(folder) as desk:
        approve_all(desk)
        tactic, storage = morning_tactic(desk), desk._services.storage
        first = run(desk, "monitor_tactics")
        marks, events = storage.marks.of_tactic(tactic.tactic_id), storage.tactics.events
        before = [event.event_id for event in events(tactic.tactic_id)]
        again = desk.runs.wait(desk.runs.again(first.run_id))
        assert (first.status, again.status) == ("succeeded", "succeeded")
        assert len(marks) == 1
        assert storage.marks.of_tactic(tactic.tactic_id) == marks
        assert [event.event_id for event in events(tactic.tactic_id)] == before
        assert TacticEventKind.TRIGGERED in {event.kind for event in events(tactic.tactic_id)}


def test_a_later_slot_adds_only_plans_to_trade(folder: Path) -> None:
    with opened(folder) as desk:
        approve_all(desk)
        report = run(desk, "midday_tactic")
        assert report.status == "succeeded"
        known = morning_tactic(desk).symbol
        tactics = desk._services.storage.tactics
        for row in report.tactics:
            tactic = tactics.get(row.tactic_id)
            assert tactic.tactic_id.endswith("-MID")
            assert tactic.scenario is not None
            assert tactic.symbol != known


def test_a_week_is_told_by_rule_losers_included(lived: Path, tmp_path: Path) -> None:
    shutil.copytree(lived, tmp_path / "var")
    with opened(tmp_path / "var") as desk:
        friday = desk.replay.sessions()[-65:][3]
        desk.replay.advance_to(friday, APPROVED_BY_REPLAY)
        storage = desk._services.storage
        weeks = [p for p in storage.content.publications() if p.content_id.startswith("week-")]
        assert weeks
        version = storage.content.get(weeks[0].content_id)
        assert version.kind is ContentKind.WEEKLY_RECAP
        assert "Published:" in version.body
        assert "losers included" in version.body


def waiting_plan(desk: Desk, crossed: int | None) -> Tactic:
    """Store a published plan with its order, which waits for a close below a level.

    crossed: how many bars of the session end before the one that crosses it, None for no bar.
    """
    services, plan = desk._services, morning_tactic(desk).scenario
    assert plan is not None
    query = BarQuery(symbol="NVDA", timeframe=Timeframe.FIVE_MINUTES, start=PLAN_DAY, end=PLAN_DAY)
    bars = services.adapters.market_data[0].call(lambda source: source.bars(query))
    closes = bars["close"].to_numpy()
    level = float(closes.min()) - 5
    if crossed is not None:
        level = round(float(closes[crossed] + closes[:crossed].min()) / 2, 2)
        assert closes[crossed] < level < closes[:crossed].min()
    waits = plan.model_copy(
        update={
            "side": Side.SHORT,
            "trigger": Trigger(kind="cross_below", price=level, is_met=False),
            "entry_low": level - 1, "entry_high": level, "stop": level + 60,
            "targets": (Target(price=level - 60, fraction=1),),
        }
    )  # fmt: skip
    told = {
        "tactic_id": "TBOW-NVDA-20230626-AM", "symbol": "NVDA", "bias": Bias.BEARISH,
        "scenarios": (waits,),
    }  # fmt: skip
    tactic = morning_tactic(desk).model_copy(update=told)
    tactics, at = services.storage.tactics, NINE - timedelta(minutes=30)
    tactics.append(tactic)
    kinds = (TacticEventKind.DRAFTED, TacticEventKind.PUBLISHED)
    base = {"tactic_id": tactic.tactic_id, "version": 1, "occurred_at": at, "actor": "test"}
    tactics.append_events(
        [TacticEvent(kind=k, payload={"subject": "preview"}, **base) for k in kinds]
    )
    services.storage.trading.append_request(to_order(tactic, waits, 10), tactic.tactic_id, 1)
    decision = samples.size_decision(10)
    tactics.append_size(tactic.tactic_id, 1, at, decision)
    return tactic


LONG_AGO, LAST_BEFORE_NOON = 5, 29  # bars of that session which set a new low


@pytest.mark.parametrize(
    ("crossed", "told", "asked_for"),
    [(LAST_BEFORE_NOON, True, True), (LONG_AGO, True, False), (None, False, False)],
    ids=["just now", "long ago", "not at all"],
)
def test_an_order_is_asked_for_once_its_trigger_has_closed_and_not_before_or_long_after(
    folder: Path, crossed: int | None, told: bool, asked_for: bool
) -> None:
    with opened(folder) as desk:
        tactic = waiting_plan(desk, crossed)
        assert run(desk, "monitor_tactics").status == "succeeded"
        trades = [p for p in desk.decisions.pending() if p.subject_id == tactic.tactic_id]
        assert bool(trades) is asked_for
        kinds = {e.kind for e in desk._services.storage.tactics.events(tactic.tactic_id)}
        assert (TacticEventKind.TRIGGERED in kinds) is told
        posts = [p for p in desk.decisions.pending() if p.subject_id.endswith("-am-triggered")]
        assert bool(posts) is told
        if asked_for:
            [trade] = trades
            assert trade.expires_at - trade.requested_at <= timedelta(minutes=15)
            assert trade.effect_keys == ("order:TBOW-NVDA-20230626-AM:entry",)


def test_whatever_happens_to_a_plan_can_be_told(folder: Path) -> None:
    with opened(folder) as desk:
        tactic, services = morning_tactic(desk), desk._services
        base = {"tactic_id": tactic.tactic_id, "running_r": 0.5, "stop": None}
        unpriced = {"triggered", "invalidated"}
        news = [
            base | {"what": what, "price": None if what in unpriced else 100.0}
            for what in HEADLINES
        ]
        news += [base | {"what": "target_hit", "price": 100.0, "target": n} for n in (1, 2)]
        written = updates(context_of(desk, services, look={"news": news}))["contents"]
        assert len({row["content_id"] for row in written}) == len(news)
        bodies = [services.storage.content.get(row["content_id"]).body for row in written]
        assert all(f": {HEADLINES[row['what']]}" in body
                   for row, body in zip(news, bodies, strict=True))  # fmt: skip


# what may not go out


def context_of(desk: Desk, services: Services, **results: Any) -> StepContext:
    """The context in which a step of the morning stands."""
    return StepContext(
        run_id="r", workflow_id="daily_tactic", node_id="n", as_of=NINE, session_date=PLAN_DAY,
        inputs={}, results=results, options={}, services=services,
    )  # fmt: skip


def test_a_plan_that_was_said_the_day_before_at_the_same_prices_is_not_said_again(
    folder: Path,
) -> None:
    with opened(folder) as desk:
        tactic, services = morning_tactic(desk), desk._services
        run_id = desk.runs.recent(workflow_id="daily_tactic")[0].run_id
        results = {s.id: s.output for s in desk.runs.steps(run_id) if s.output}
        context = context_of(desk, services, **results)
        before = {c.snapshot.symbol: c.scenario for c in candidates(context)}
        told = {"tactic_id": "TBOW-META-20230623-AM", "session_date": date(2023, 6, 23)}
        services.storage.tactics.append(tactic.model_copy(update=told))
        found = {c.snapshot.symbol: c for c in candidates(context)}[tactic.symbol]
        assert before[tactic.symbol] == tactic.scenario
        assert found.scenario != tactic.scenario
        assert any("said before at the same prices" in reason for reason in found.reasons)


class AtNine:
    """The wall's clock on that morning."""

    is_replay = False

    def now(self) -> datetime:
        return NINE


@pytest.mark.parametrize(("minutes", "goes_out"), [(1, True), (16, False), (None, False)])
def test_outside_the_replay_a_plan_goes_out_only_on_a_price_of_the_last_minutes(
    folder: Path, minutes: int | None, goes_out: bool
) -> None:
    with opened(folder) as desk:
        tactic, plan = morning_tactic(desk), morning_tactic(desk).scenario
        assert plan is not None
        version = desk._services.storage.content.get(f"tactic-{tactic.tactic_id.lower()}")
        if minutes is not None:
            quote(desk, plan.entry_high, timedelta(minutes=minutes))
        services = dataclasses.replace(desk._services, clock=AtNine())
        approval = {
            "subject_id": version.content_id, "content_sha256": version.content_sha256,
            "decided_at": NINE.isoformat(),
        }  # fmt: skip
        context = dataclasses.replace(context_of(desk, services), inputs={"approval": approval})
        prepared = prepare(context)
        assert bool(prepared["requests"]) is goes_out
        held = [e for e in desk.decisions.effects() if e.key.startswith("alert:held-back:")]
        assert bool(held) is not goes_out
