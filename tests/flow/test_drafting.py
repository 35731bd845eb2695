"""What is drafted beside what was said already: one open plan per symbol, no plan twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from core import bootstrap
from core.desk import Desk
from core.domain.lifecycle import TacticEvent, TacticEventKind
from core.domain.scenarios import Bias, Side
from core.domain.tactics import Tactic
from core.flow.catalog import StepContext
from core.settings import Settings
from core.steps.drafting import Candidate, candidates
from core.steps.facts import tactic_sheet
from core.steps.tactic import draft

DAY, EARLIER = date(2023, 6, 26), date(2023, 6, 23)
NINE = datetime(2023, 6, 26, 13, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk whose morning has run; each test stores plans of its own symbols or undoes them."""
    folder = tmp_path_factory.mktemp("morning")
    desk = bootstrap.build(Settings(data_dir=folder, _env_file=None))
    desk.start_engine()
    desk.runs.wait(desk.runs.start("daily_tactic", DAY))
    yield desk
    desk.close()


def context_of(desk: Desk, **options: Any) -> StepContext:
    run_id = desk.runs.recent(workflow_id="daily_tactic")[0].run_id
    results = {step.id: step.output for step in desk.runs.steps(run_id) if step.output}
    return StepContext(
        run_id="r", workflow_id="daily_tactic", node_id="n", as_of=NINE, session_date=DAY,
        inputs={}, results=results, options=options, services=desk._services,
    )  # fmt: skip


def tradable(context: StepContext) -> list[Candidate]:
    return [candidate for candidate in candidates(context) if candidate.scenario]


def first_plan(desk: Desk) -> Tactic:
    found = desk._services.storage.tactics.for_session(DAY)
    return next(tactic for tactic in found if tactic.scenario)


def test_a_plan_of_the_morning_is_not_said_again_in_a_later_slot(morning: Desk) -> None:
    said = first_plan(morning)
    by_slot = {
        slot: {c.snapshot.symbol: c for c in candidates(context_of(morning, slot=slot))}
        for slot in ("AM", "MID")
    }
    assert by_slot["AM"][said.symbol].scenario == said.scenario
    assert by_slot["MID"][said.symbol].scenario != said.scenario
    assert any("said before" in reason for reason in by_slot["MID"][said.symbol].reasons)


def test_a_view_against_the_plan_drops_it_and_says_so(morning: Desk) -> None:
    chosen = tradable(context_of(morning))[0]
    assert chosen.scenario
    against = Bias.BEARISH if chosen.scenario.side is Side.LONG else Bias.BULLISH
    turned = chosen.insight.model_copy(update={"stance": against})
    found = Candidate(chosen.snapshot, turned, chosen.plan)
    assert found.scenario is None or not found.scenario.side.opposes(against)
    assert any(f"against the analyst's {against} view" in reason for reason in found.reasons)
    neutral = chosen.insight.model_copy(update={"stance": Bias.NEUTRAL})
    assert Candidate(chosen.snapshot, neutral, chosen.plan).scenario


def test_the_short_form_of_a_plan_tells_its_trigger(morning: Desk) -> None:
    tactic = first_plan(morning)
    met = tactic.scenario
    assert met
    trigger = met.trigger.model_copy(update={"is_met": False})
    waits = tactic.model_copy(update={"scenarios": (met.model_copy(update={"trigger": trigger}),)})
    renderer, context = morning._services.playbook.renderer, context_of(morning)
    texts = [
        renderer.render("tactic_short", tactic_sheet(context, one).values)
        for one in (tactic, waits)
    ]
    assert "Trigger met: " in texts[0]
    assert "If price trades in the zone, then" in texts[0]
    assert "Trigger waits for a 5-minute close: " in texts[1]
    assert "If price trades in the zone, then" not in texts[1]
    assert "If the trigger closes and price then trades in the zone, then" in texts[1]


SYMBOLS = ("AAPL", "AMZN", "NFLX")


@pytest.fixture
def same_for_three(morning: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three symbols with the morning's plan; a day allows two of them."""
    one = tradable(context_of(morning))[0]
    named = [
        replace(one, snapshot=one.snapshot.model_copy(update={"symbol": symbol}))
        for symbol in SYMBOLS
    ]
    monkeypatch.setattr("core.steps.tactic.candidates", lambda context: named)


def publish_earlier(desk: Desk, symbol: str) -> None:
    """Store a plan of the session before that is published and has not ended."""
    tactics, tactic_id = desk._services.storage.tactics, f"TBOW-{symbol}-20230623-AM"
    told = {"tactic_id": tactic_id, "symbol": symbol, "session_date": EARLIER}
    tactics.append(first_plan(desk).model_copy(update=told))
    base = {"tactic_id": tactic_id, "version": 1, "occurred_at": NINE, "actor": "test"}
    kinds = (TacticEventKind.DRAFTED, TacticEventKind.PUBLISHED)
    tactics.append_events(
        [TacticEvent(kind=kind, payload={"subject": "preview"}, **base) for kind in kinds]
    )


def drafted(desk: Desk, slot: str) -> list[Tactic]:
    rows = draft(context_of(desk, slot=slot))["tactics"]
    return [desk._services.storage.tactics.get(row["tactic_id"]) for row in rows]


@pytest.mark.usefixtures("same_for_three")
def test_a_symbol_with_an_open_plan_gets_no_second_one(morning: Desk) -> None:
    for symbol in SYMBOLS[:2]:
        publish_earlier(morning, symbol)
    for slot in ("OPEN", "MID"):
        assert [(t.symbol, bool(t.scenario)) for t in drafted(morning, slot)] == [("NFLX", True)]
    publish_earlier(morning, SYMBOLS[2])
    assert drafted(morning, "LATE") == []
    [waits] = drafted(morning, "AM")
    assert waits.scenario is None
    assert "a plan of it is still open" in waits.do_not_play_reasons
