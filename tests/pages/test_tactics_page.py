"""One tactic in full: its post with claims, its versions, where it stood, the decision on it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.desk import Desk
from core.domain.claims import Claim, ClaimReport
from core.domain.marks import PlanMark
from core.domain.tactics import Tactic
from core.domain.views import TacticDetail
from pages.components.candles import apart
from tests.pages.conftest import open_page, toasts, told
from tests.storage.samples import MORNING

SECTIONS = (
    "Contextual insight", "Tactic objective", "Key levels to watch", "Actionable steps",
    "Real-time monitoring", "Risk management and adaptability", "Execution checklist",
)  # fmt: skip


@pytest.fixture
def waiting(desk: Desk) -> TacticDetail:
    """The tactic whose order and post wait for a decision."""
    trade = next(a.subject_id for a in desk.decisions.pending() if a.kind == "trade")
    return desk.views.tactic_detail(trade)


def read(tactic_id: str) -> AppTest:
    app = open_page("tactics", tactic=tactic_id)
    assert not app.exception
    assert not app.error
    return app


def frame(app: AppTest, *columns: str) -> Any:
    return next(one.value for one in app.dataframe if {*columns} <= {*one.value.columns})


def rewritten(desk: Desk, of: Tactic, **changes: Any) -> Tactic:
    """Store a second version."""
    values = {"version": 2, "supersedes": 1, **changes}
    second = Tactic.model_validate(dict(of) | values)
    desk._services.storage.tactics.append(second)
    return second


def test_the_post_is_read_in_its_seven_sections(waiting: TacticDetail) -> None:
    words = told(read(waiting.tactic.tactic_id))
    assert [section for section in SECTIONS if f"**{section}**" not in words] == []


def test_the_short_form_stands_ready_to_be_copied(waiting: TacticDetail) -> None:
    assert waiting.post
    assert waiting.post.short_form
    app = read(waiting.tactic.tactic_id)
    text = waiting.post.short_form.strip()
    assert app.code[0].value == text
    assert f"{len(text)} of 1,000 characters" in told(app)


def test_the_post_stands_ready_as_a_clean_fragment_of_html(waiting: TacticDetail) -> None:
    html = read(waiting.tactic.tactic_id).code[1].value
    assert [section for section in SECTIONS if f"<h2>{section}</h2>" not in html] == []
    assert set(re.findall(r"<(\w+)", html)) <= {"h1", "h2", "p", "ul", "li", "strong", "em", "a"}
    assert "**" not in html


def test_each_claim_of_the_post_has_its_fact_beside_it(waiting: TacticDetail) -> None:
    app = read(waiting.tactic.tactic_id)
    rows = frame(app, "claim", "behind")
    assert {cell[0] for cell in rows["verdict"]} <= {"holds", "condition"}
    assert {"body", "short form", "context insight"} <= set(rows["part"])
    assert waiting.snapshot is not None
    assert f"snapshot.last = ${waiting.snapshot.last:,.2f}" in set(rows["behind"])


def test_a_failed_claim_is_told_with_its_reason(desk: Desk, waiting: TacticDetail) -> None:
    claim = Claim(kind="number", text="$999.00", start=0, end=7, reason="no fact is $999.00")
    report = ClaimReport(
        subject_id=f"{waiting.tactic.tactic_id}/1", part="objective", text="$999.00",
        text_sha256="a" * 64, claims=(claim,), action="replaced",
        checked_at=MORNING.replace(year=2030),
    )  # fmt: skip
    desk._services.storage.claims.append([report])
    app = read(waiting.tactic.tactic_id)
    first = frame(app, "claim", "behind").iloc[0]
    assert (first["verdict"], first["behind"]) == (["no fact"], "no fact is $999.00")
    assert "so the rules wrote it" in told(app)


def test_the_chart_names_the_trigger_beside_zone_stop_and_targets(waiting: TacticDetail) -> None:
    app = read(waiting.tactic.tactic_id)
    notes = json.loads(app.get("plotly_chart")[0].proto.spec)["layout"]["annotations"]
    names = " ".join(note["text"] for note in notes)
    plan = waiting.tactic.scenario
    assert plan
    assert f"Trigger {plan.trigger.price:,.2f}" in names
    assert f"Stop {plan.stop:,.2f}" in names
    assert f"Target {len(plan.targets)}" in names
    assert "Trigger, met when the plan was written" in told(app)


def test_names_of_close_prices_do_not_cover_each_other() -> None:
    assert apart([1.0, 1.1, 5.0], gap=1) == [1.0, 2.0, 5.0]


def test_one_click_approves_the_order_and_the_post_where_they_are_read(
    desk: Desk, waiting: TacticDetail
) -> None:
    app = read(waiting.tactic.tactic_id)
    assert "Waits for your decision" in told(app)
    first = desk.decisions.pending()[0].content_sha256[:10]
    assert first in told(app)
    trade = next(a.approval_id for a in desk.decisions.pending() if a.kind == "trade")
    assert app.button(key=f"reject_{trade}").label == "Reject"
    app.button(key=f"approve_both_{trade}").click().run()
    assert toasts(app) == "Approve both: 2 approvals given"
    assert desk.decisions.pending() == []
    assert "Waits for your decision" not in told(app)


def test_a_tactic_that_is_decided_offers_no_decision(desk: Desk, waiting: TacticDetail) -> None:
    listed = desk.views.tactic_list()
    other = next(i for i in listed["tactic_id"] if i != waiting.tactic.tactic_id)
    app = read(other)
    assert "Waits for your decision" not in told(app)
    assert not [b for b in app.button if b.key and b.key.startswith("approve_")]


def test_one_version_has_nothing_to_compare(waiting: TacticDetail) -> None:
    assert "nothing to compare" in told(read(waiting.tactic.tactic_id))


def test_two_versions_are_compared_field_by_field(desk: Desk, waiting: TacticDetail) -> None:
    rewritten(desk, waiting.tactic, objective="Wait for the release.")
    app = read(waiting.tactic.tactic_id)
    (row,) = frame(app, "before", "after").to_dict("records")
    assert row == {
        "field": "objective", "before": waiting.tactic.objective, "after": "Wait for the release.",
    }  # fmt: skip


def test_words_that_the_rules_wrote_instead_say_why(desk: Desk, waiting: TacticDetail) -> None:
    generator = waiting.tactic.generator.model_copy(update={"fallback": "openai/m-1: cut off"})
    rewritten(desk, waiting.tactic, generator=generator)
    app = read(waiting.tactic.tactic_id)
    assert "The rules wrote the words" in app.warning[0].value
    assert "words by rules/v2" in told(app)


def test_the_looks_of_the_monitor_are_told_in_r(desk: Desk, waiting: TacticDetail) -> None:
    tactic = waiting.tactic
    assert tactic.scenario
    assert "The monitor has not looked" in told(read(tactic.tactic_id))
    mark = PlanMark(
        tactic_id=tactic.tactic_id, version=1, scenario_key=tactic.scenario.key,
        marked_at=MORNING, bars_to=MORNING, status="open", last=104, running_r=0.4, mae_r=0.1,
        mfe_r=0.6, stop=101,
    )  # fmt: skip
    desk._services.storage.marks.append([mark])
    (row,) = frame(read(tactic.tactic_id), "running_r").to_dict("records")
    assert (row["running_r"], row["worst"], row["best"]) == (0.4, -0.1, 0.6)
    assert row["state"] == ["open"]


def test_the_parts_of_the_score_stand_beside_the_checklist(waiting: TacticDetail) -> None:
    app = read(waiting.tactic.tactic_id)
    parts = [bar.text.rpartition(" ")[0] for bar in app.get("progress")]
    assert parts == ["Grade", "Checklist", "Confluence", "Market alignment"]
    assert {"Checklist", f"Score {waiting.tactic.scenario.score:.2f}"} <= {  # type: ignore[union-attr]
        heading.value for heading in app.subheader
    }
