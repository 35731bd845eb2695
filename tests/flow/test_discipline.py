"""After each session both books are compared: what was followed, what was not, and what follows."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core import bootstrap
from core.desk import Desk
from core.domain.discipline import Level
from core.domain.imports import ActivityCode
from core.domain.lifecycle import TacticEventKind as LifeKind
from core.domain.overrides import Emotion, Override
from core.domain.overrides import OverrideKind as Kind
from core.domain.risk import RiskPolicy
from core.domain.trading import Fill, FillLeg, OrderSide
from core.errors import InvalidTransitionError, NotFoundError
from core.settings import Settings
from core.steps.discipline import first_of_window
from tests.flow.conftest import PLAN_DAY
from tests.storage import samples

ENTRY = "order:TBOW-META-20230626-AM:entry"
ME = "me@example.org"


@pytest.fixture
def desk(plan_morning: Path, tmp_path: Path) -> Iterator[Desk]:
    folder = shutil.copytree(plan_morning, tmp_path / "var")
    opened = bootstrap.build(Settings(data_dir=folder, _env_file=None))
    opened.start_engine()
    try:
        yield opened
    finally:
        opened.close()


def run(desk: Desk, workflow: str, day: date = PLAN_DAY) -> None:
    report = desk.runs.wait(desk.runs.start(workflow, day))
    assert report.status == "succeeded", report.error


def decide(desk: Desk, verb: str = "approve") -> None:
    """Decide on what waits, and let it happen."""
    for approval in desk.decisions.pending():
        if verb == "approve" or approval.kind == "content":
            done = desk.decisions.approve(approval.approval_id, ME)
        else:
            done = desk.decisions.reject(approval.approval_id, ME, "no faith in it today")
        desk.runs.wait(done.run_id)


def close(desk: Desk) -> list[Override]:
    """End the session, judge it, and return what stands between the books."""
    run(desk, "close_session")
    run(desk, "discipline")
    return list(desk._services.storage.views.standing_overrides())


def by_hand(desk: Desk, *deeds: tuple[str, int, float], hour: float = 14.0) -> None:
    """Let the broker tell of trades that the desk did not send; UTC hours of the session."""
    at = datetime(2023, 6, 26, tzinfo=UTC) + timedelta(hours=hour)
    fills = [
        Fill(
            fill_id=f"hand-{place}-{hour}", client_order_id=f"hand-{place}-{hour}", symbol="META",
            side=OrderSide(side), leg=FillLeg.EXTERNAL, quantity=Decimal(quantity),
            price=Decimal(str(price)), fees=Decimal(0), filled_at=at + timedelta(minutes=place),
            label="real",
        )
        for place, (side, quantity, price) in enumerate(deeds)
    ]  # fmt: skip
    desk._services.storage.trading.append_fills(fills)


def kinds(found: list[Override]) -> list[Kind]:
    return [one.kind for one in found]


def test_a_plan_that_was_approved_and_left_alone_is_followed(desk: Desk) -> None:
    decide(desk)
    assert close(desk) == []
    (found,) = desk._services.storage.views.book_comparisons()
    assert (found.symbol, found.is_followed, found.label) == ("META", True, "synthetic")
    assert found.system.quantity == found.actual.quantity > 0
    assert found.split is not None
    assert found.split.total == found.system.pnl - found.actual.pnl
    resolution = desk._services.storage.tactics.resolution("TBOW-META-20230626-AM")
    assert resolution is not None
    assert found.system_r == pytest.approx(resolution.system_r, abs=1e-4)
    assert found.actual_r == pytest.approx(resolution.actual_r, abs=1e-3)


def test_a_plan_that_was_rejected_costs_what_the_rule_made_with_the_typed_reason(
    desk: Desk,
) -> None:
    decide(desk, "reject")
    (found,) = close(desk)
    assert (found.kind, found.said) == (Kind.SKIPPED_SIGNAL, "no faith in it today")
    (compared,) = desk._services.storage.views.book_comparisons()
    assert found.cost_usd == compared.system.pnl
    assert found.cost_r == pytest.approx(compared.system_r)


def test_more_that_was_bought_by_hand_is_seen_in_the_plans_own_trade(desk: Desk) -> None:
    decide(desk)
    run(desk, "monitor_tactics")
    bought = desk._services.storage.trading.fills(ENTRY)[0]
    extra = int(bought.quantity)
    by_hand(desk, ("buy", extra, float(bought.price) - 1), hour=13.6)
    by_hand(desk, ("sell", extra, float(bought.price) - 6), hour=19.5)
    found = close(desk)
    assert Kind.AVERAGED_DOWN in kinds(found)
    assert Kind.OVERSIZE in kinds(found)


def test_a_trade_the_other_way_without_a_plan_is_a_bias_flip(desk: Desk) -> None:
    decide(desk)
    by_hand(desk, ("sell", 10, 280.0), ("buy", 10, 285.0), hour=19.0)
    (found,) = close(desk)
    assert (found.kind, found.follows, found.cost_usd) == (Kind.BIAS_FLIP, "loss", Decimal(50))
    assert found.cost_r == pytest.approx(
        0.05, rel=0.02
    )  # one R without a plan is 1 % of about 100,000


def activity(place: int, code: ActivityCode, price: str, amount: str, day: date) -> Any:
    return samples.activity(
        activity_id=f"robinhood:{place}", activity_date=day, place=place, instrument="TSLA",
        code=code, quantity=Decimal(2), price=Decimal(price), amount=Decimal(amount),
    )  # fmt: skip


def test_imported_trades_count_from_the_first_plan_on(desk: Desk) -> None:
    decide(desk)
    for place, day in enumerate((PLAN_DAY - timedelta(days=3), PLAN_DAY)):
        rows = [
            activity(2 * place, ActivityCode.BUY, "250", "-500", day),
            activity(2 * place + 1, ActivityCode.SELL, "240", "480", day),
        ]
        desk._services.storage.imports.append(rows)
    (found,) = close(desk)
    assert (found.kind, found.account, found.cost_usd) == (
        Kind.UNPLANNED_TRADE, "robinhood", Decimal(20),
    )  # fmt: skip
    assert not found.has_time


def test_what_the_desk_itself_did_not_send_is_no_signal_that_was_skipped(desk: Desk) -> None:
    desk._services.state.halt("a pause", ME)
    decide(desk)
    assert close(desk) == []
    assert desk._services.storage.views.book_comparisons() == []


def test_trading_by_hand_what_the_desk_refused_to_send_is_told_with_its_reason(
    desk: Desk,
) -> None:
    desk._services.state.halt("a pause", ME)
    decide(desk)
    by_hand(desk, ("buy", 10, 288.0), ("sell", 10, 286.0))
    (found,) = close(desk)
    assert (found.kind, found.cost_usd) == (Kind.TRADED_DNP, Decimal(20))
    assert "halted" in found.planned["plan"]


def test_a_plan_that_was_replaced_before_its_trigger_is_in_neither_book(desk: Desk) -> None:
    storage = desk._services.storage
    decide(desk, "reject")
    old = storage.tactics.get("TBOW-META-20230626-AM")
    newer = old.model_copy(update={"version": 2, "supersedes": 1})
    storage.tactics.append(newer)
    storage.tactics.append_events([samples.tactic_event(LifeKind.SUPERSEDED, of=old)])
    assert close(desk) == []
    assert storage.views.book_comparisons() == []


def test_judging_a_session_twice_is_judging_it_once(desk: Desk) -> None:
    decide(desk, "reject")
    first = close(desk)
    run(desk, "discipline", PLAN_DAY + timedelta(days=1))
    storage = desk._services.storage
    assert storage.views.standing_overrides() == first
    assert storage.store.all("select max(revision) from overrides") == [(1,)]
    assert storage.store.all("select max(revision) from book_comparisons") == [(1,)]


def test_a_plan_without_its_bars_waits_for_them(desk: Desk) -> None:
    decide(desk)
    run(desk, "discipline")
    assert desk._services.storage.views.book_comparisons() == []


def test_a_raised_limit_is_noted_though_nothing_was_traded(desk: Desk) -> None:
    decide(desk)
    policy = desk._services.playbook.policy
    raised: RiskPolicy = policy.model_copy(update={"version": "later", "risk_fraction": 0.02})
    desk._services.storage.policies.remember(raised, PLAN_DAY)
    (found,) = close(desk)
    assert (found.kind, found.actual) == (Kind.RISK_LIMIT_RAISED, {"risk_fraction": "0.02"})


# the level and what it asks


def lose(desk: Desk, trades: int) -> list[Override]:
    """Let so many trades without a plan lose; the first is against the session's plan."""
    decide(desk)
    for number in range(trades):
        deeds = (("sell", 100, 280.0), ("buy", 100, 282.0))
        by_hand(desk, *deeds, hour=18.0 + number / 4)
    return close(desk)


def test_the_level_rises_with_overrides_and_the_operator_is_told(desk: Desk) -> None:
    assert len(lose(desk, 1)) == 1
    state = desk._services.storage.views.discipline_level()
    assert state is not None
    assert (state.level, state.overrides) == (Level.OBSERVE, 1)
    by_hand(desk, ("sell", 600, 280.0), ("buy", 600, 282.0), hour=19.5)
    run(desk, "discipline", PLAN_DAY + timedelta(days=1))
    state = desk._services.storage.views.discipline_level()
    assert state is not None
    assert state.level.rank >= Level.FRICTION.rank
    told = [one.request["title"] for one in desk.decisions.effects() if "discipline" in one.key]
    assert told == [f"Discipline: the level is now {state.level.replace('_', ' ')}"]


def at_level(desk: Desk, level: Level) -> Any:
    discipline = desk.discipline
    discipline._policy = discipline._policy.model_copy(update={"minimum_level": level})
    return discipline


def test_friction_lets_an_action_happen_after_a_reason_and_a_wait(desk: Desk) -> None:
    discipline = at_level(desk, Level.FRICTION)
    plan, reason = "TBOW-META-20230626-AM", "no faith in it today"
    asked = {"reason": reason, "actor": ME}
    with pytest.raises(InvalidTransitionError, match="wait 60 s more"):
        discipline.permit(Kind.SKIPPED_SIGNAL, plan, waited_s=0, **asked)
    with pytest.raises(InvalidTransitionError, match="type the reason"):
        discipline.permit(Kind.SKIPPED_SIGNAL, plan, reason="", waited_s=60, actor=ME)
    discipline.permit(Kind.SKIPPED_SIGNAL, plan, waited_s=60, **asked)
    decide(desk, "reject")
    (found,) = close(desk)
    note = desk._services.storage.views.override_notes()[found.override_id]
    assert (note.reason, note.actor) == (reason, ME)


def test_block_refuses_what_adds_risk_and_a_policy_is_asked_nothing(desk: Desk) -> None:
    discipline = at_level(desk, Level.BLOCK)
    assert "blocked" in discipline.friction_for(Kind.AVERAGED_DOWN, ME).blocked
    assert discipline.friction_for(Kind.EARLY_EXIT, ME).blocked == ""
    assert discipline.friction_for(Kind.AVERAGED_DOWN, "policy:demo replay").blocked == ""


def test_friction_shows_what_the_kind_has_cost_so_far(desk: Desk) -> None:
    lose(desk, 1)
    so_far = desk.discipline.friction_for(Kind.BIAS_FLIP, ME).so_far
    assert (so_far.count, so_far.cost_usd) == (1, Decimal(200))
    assert desk.discipline.friction_for(Kind.OVERSIZE, ME).so_far.count == 0


def test_an_explanation_needs_an_override_and_a_reason(desk: Desk) -> None:
    (found,) = lose(desk, 1)
    note = desk.discipline.explain(found.override_id, " I wanted it back ", Emotion.REVENGE, ME)
    assert (note.reason, note.emotion) == ("I wanted it back", Emotion.REVENGE)
    with pytest.raises(InvalidTransitionError, match="at least 10 characters"):
        desk.discipline.explain(found.override_id, "because", None, ME)
    with pytest.raises(NotFoundError):
        desk.discipline.explain("0" * 64, "there is no such thing", None, ME)
    entry = desk._services.storage.audit.entries(1)[0]
    assert (entry.action, entry.actor) == ("override explained", ME)


def test_what_the_operator_reports_counts_in_the_score_and_the_level(desk: Desk) -> None:
    before = desk.discipline.read().recent.score
    told = desk.discipline.report(Kind.UNPLANNED_TRADE, "TSLA", "on another account", None, ME)
    record = desk.discipline.read()
    assert (before, record.recent.score) == (None, 0)
    assert record.level.overrides == 1
    assert record.overrides["reason"].tolist() == ["on another account"]
    assert told.detected_by == "self"
    with pytest.raises(InvalidTransitionError, match="is no symbol"):
        desk.discipline.report(Kind.UNPLANNED_TRADE, "not one", "on another account", None, ME)


def test_the_examples_are_in_no_number_of_the_desk(desk: Desk) -> None:
    shown = desk.discipline.examples()
    assert shown.is_synthetic
    assert shown.between.count > 0
    assert desk.discipline.read().is_empty
    assert desk._services.storage.views.standing_overrides() == []


def test_the_window_counts_sessions_and_not_days() -> None:
    assert first_of_window(date(2023, 7, 5), 5) == date(2023, 6, 28)  # over the 4th of July
    assert first_of_window(date(2023, 7, 8), 1) == date(2023, 7, 7)  # asked for on a Saturday
