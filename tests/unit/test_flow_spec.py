"""Workflow files: what is wrong in them is named by file, line and field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.errors import FileError
from core.flow import catalog
from core.flow.diagram import mermaid
from core.flow.loader import load_folder, load_workflow
from core.flow.spec import Node, Retry, Workflow, skip_reason

STEPS = frozenset({"feeds.bars", "feeds.news", "trade.submit"})

GOOD = """\
id: daily
title: Daily
schedule: {cron: "15 8 * * mon-fri"}
misfire:
  grace_minutes: 40
nodes:
  - id: bars
    uses: feeds.bars
    with: {days: 30}
  - id: news
    uses: feeds.news
    needs: [bars]
    when: bars.ok
    retry: {attempts: 3}
"""

PROBLEMS = {
    "broken yaml": ("title: Daily", "title: [Daily", 3, "", "is not valid YAML"),
    "duplicate key": ("title: Daily", "id: daily", 2, "id", "is written twice"),
    "nested duplicate key": ("    uses: feeds.bars", "    uses: a\n    uses: feeds.bars", 9,
                             "nodes[0].uses", "is written twice"),
    "unknown step": ("uses: feeds.news", "uses: feeds.new", 11, "nodes[1].uses",
                     "there is no step 'feeds.new'; did you mean 'feeds.news'?"),
    "missing need": ("needs: [bars]", "needs: [bars, ghost]", 12, "nodes[1].needs[1]",
                     "there is no node 'ghost'"),
    "cycle": ("    with: {days: 30}", "    needs: [news]", 9, "nodes[0].needs",
              "wait for each other: ['bars', 'news']"),
    "condition elsewhere": ("when: bars.ok", "when: other.ok", 13, "nodes[1].when",
                            "must name a node under needs"),
    "condition without field": ("when: bars.ok", "when: bars", 13, "nodes[1].when", "pattern"),
    "duplicate id": ("- id: news", "- id: bars", 10, "nodes[1].id", "two nodes 'bars'"),
    "wrong field": ("misfire:", "nonsense: 1\nmisfire:", 4, "nonsense", "no such field"),
    "wrong nested field": ("{attempts: 3}", "{tries: 3}", 14, "nodes[1].retry.tries",
                           "no such field"),
    "wrong type": ("{attempts: 3}", "{attempts: many}", 14, "nodes[1].retry.attempts", "integer"),
    "wrong queue": ("    retry: {attempts: 3}", "    queue: gpu", 14, "nodes[1].queue", "'io'"),
    "missing title": ("title: Daily\n", "", 1, "title", "Field required"),
    "missing uses": ("    uses: feeds.bars\n", "", 7, "nodes[0].uses", "Field required"),
    "four cron fields": ('"15 8 * * mon-fri"', '"15 8 * *"', 3, "schedule", "cron needs 5 fields"),
    "weekday numbers": ('"15 8 * * mon-fri"', '"15 8 * * 1-5"', 3, "schedule.cron",
                        "write weekdays as names, such as mon-fri"),
    "wrong minute": ('"15 8 * * mon-fri"', '"75 8 * * mon-fri"', 3, "schedule.cron", "75"),
    "both schedules": ('mon-fri"}', 'mon-fri", session: {at: open}}', 3, "schedule",
                       "either cron or session"),
    "unknown zone": ('mon-fri"}', 'mon-fri", timezone: Mars/Base}', 3, "schedule.timezone",
                     "unknown time zone 'Mars/Base'"),
    "unknown calendar": ('mon-fri"}', 'mon-fri", calendar: XMRS}', 3, "schedule.calendar",
                         "no market calendar 'XMRS'"),
    "other id than file": ("id: daily", "id: nightly", 1, "id", "must be the file's name 'daily'"),
}  # fmt: skip


def write(folder: Path, text: str, name: str = "daily") -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_right_file_loads(tmp_path: Path) -> None:
    workflow = load_workflow(write(tmp_path, GOOD), STEPS)
    assert [node.id for node in workflow.nodes] == ["bars", "news"]
    assert workflow.nodes[0].options == {"days": 30}
    assert (workflow.misfire.grace_minutes, workflow.misfire.late) == (40, "skip")
    assert Workflow.model_validate(workflow.snapshot()) == workflow
    assert len(workflow.version) == 12


@pytest.mark.parametrize("name", PROBLEMS)
def test_each_problem_names_its_line_and_field(tmp_path: Path, name: str) -> None:
    old, new, line, field, reason = PROBLEMS[name]
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(FileError) as caught:
        load_workflow(path, STEPS)
    error = caught.value
    assert (error.path, error.line) == (path, line)
    assert error.field.startswith(field)
    assert reason in error.reason
    assert str(error).startswith(f"{path}:{line}: ")


@pytest.mark.parametrize("text", ["", "- a\n", "just words\n", "5\n"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(FileError, match="a workflow is a mapping"):
        load_workflow(write(tmp_path, text), STEPS)


def test_an_unreadable_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "daily.yaml"
    path.write_bytes(b"id: \xff\xfe")
    with pytest.raises(FileError, match="cannot be read"):
        load_workflow(path, STEPS)


def test_a_broken_file_leaves_the_others_working(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    broken = (
        GOOD.replace("id: daily", "id: other").replace("feeds.bars", "a").replace("feeds.news", "b")
    )
    write(tmp_path, broken, "other")
    loaded = load_folder(tmp_path, STEPS)
    assert list(loaded.workflows) == ["daily"]
    assert [(error.path.name, error.line) for error in loaded.errors] == [
        ("other.yaml", 8),
        ("other.yaml", 11),
    ]


def test_the_version_follows_the_content(tmp_path: Path) -> None:
    versions = {
        load_workflow(write(tmp_path, text), STEPS).version
        for text in (GOOD, GOOD + "\n# a comment\n", GOOD.replace("days: 30", "days: 31"))
    }
    assert len(versions) == 2


def test_a_session_needs_a_calendar() -> None:
    schedule = {"session": {"at": "open"}, "calendar": None}
    with pytest.raises(ValidationError, match="needs a market calendar"):
        Workflow.model_validate(
            {"id": "w", "title": "w", "schedule": schedule, "nodes": [{"id": "a", "uses": "x"}]}
        )


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Node, ...]:
    """Draw nodes that need only earlier ones, then shuffle them."""
    size = draw(st.integers(1, 12))
    nodes = []
    for index in range(size):
        needs = draw(st.sets(st.integers(0, index - 1), max_size=4)) if index else set()
        nodes.append(Node(id=f"n{index}", uses="x", needs=tuple(f"n{i}" for i in sorted(needs))))
    return tuple(draw(st.permutations(nodes)))


@given(graphs())
def test_waves_hold_every_node_once_and_after_what_it_needs(nodes: tuple[Node, ...]) -> None:
    waves = Workflow(id="w", title="w", nodes=nodes).waves()
    place = {node.id: index for index, wave in enumerate(waves) for node in wave}
    assert sorted(place) == sorted(node.id for node in nodes)
    assert sum(len(wave) for wave in waves) == len(nodes)
    for node in nodes:
        # As early as possible: exactly one wave after the latest of its needs.
        assert place[node.id] == max((place[needed] + 1 for needed in node.needs), default=0)


@given(graphs(), st.data())
def test_one_edge_back_is_a_cycle(nodes: tuple[Node, ...], data: st.DataObject) -> None:
    chosen = data.draw(st.sampled_from(nodes))
    looped = chosen.model_copy(update={"needs": (*chosen.needs, chosen.id)})
    with pytest.raises(ValidationError, match="wait for each other"):
        Workflow(id="w", title="w", nodes=tuple(looped if n is chosen else n for n in nodes))


@pytest.mark.parametrize(
    ("results", "reason"),
    [
        ({"a": {"ok": True}}, None),
        ({"a": {"ok": 0}}, "a.ok is not true"),
        ({"a": {}}, "a.ok is not true"),
        ({"a": {"error": "x"}}, "a.ok is not true"),
        ({"a": {"skipped": "why"}}, "a was skipped"),
    ],
)
def test_a_condition_must_be_true(results: dict[str, Any], reason: str | None) -> None:
    node = Node(id="b", uses="x", needs=("a",), when="a.ok")
    assert skip_reason(node, results) == reason


def test_a_retry_waits_longer_each_time_up_to_an_hour() -> None:
    retry = Retry(attempts=50, wait_s=2, backoff=3)
    assert [retry.wait_after(attempt) for attempt in (1, 2, 3, 40)] == [2, 6, 18, 3600]


def test_the_diagram_says_the_state_in_words_and_quotes_conditions(tmp_path: Path) -> None:
    workflow = load_workflow(write(tmp_path, GOOD), STEPS)
    chart = mermaid(workflow, {"bars": "succeeded", "news": "running"})
    assert 'n_bars["bars<br/>feeds.bars<br/>✓ done"]:::succeeded' in chart
    assert 'n_news["news<br/>feeds.news<br/>▶ running"]:::running' in chart
    assert '  n_bars -->|"if bars.ok"| n_news' in chart
    assert "done" not in mermaid(workflow, {})


def test_a_step_name_belongs_to_one_body(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "STEPS", {})

    def first(context: catalog.StepContext) -> dict[str, Any]:
        return {}

    def second(context: catalog.StepContext) -> dict[str, Any]:
        return {}

    assert catalog.step("a.b")(first) is first
    assert catalog.step("a.b")(first) is first
    assert catalog.step_names() == {"a.b"}
    with pytest.raises(ValueError, match="registered twice"):
        catalog.step("a.b")(second)
