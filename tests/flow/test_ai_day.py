"""A morning with a language model over real HTTP: what it says, and all it can get wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from core import bootstrap
from core.desk import Desk
from core.domain.model_calls import Stage
from core.domain.reports import RunReport
from core.domain.tactics import Tactic
from core.settings import Settings
from tests.contract.stubs.language_models_openai import completion

DAY = date(2023, 6, 26)
STAGES = {
    "You sort one news": Stage.EXTRACTION,
    "You judge one stock": Stage.SYNTHESIS,
    "You write the words": Stage.WRITING,
}
Data = dict[str, Any]


def extraction(data: Data) -> Data:
    return {"event": "other", "sentiment": 0, "relevance": 1}


def opinion(data: Data) -> Data:
    last = next(fact["value"] for fact in data["facts"] if fact["id"] == "snapshot.last")
    return {
        "stance": "bullish", "conviction": 0.6, "abstains": False,
        "summary": f"{data['symbol']} last closed at {last}, and the view is bullish.",
        "drivers": [
            {"text": "The trend carries.", "direction": 1,
             "fact_ids": ["snapshot.indicators.sma50", "snapshot.indicators.sma200"]}
        ],
        "risks": [], "would_change_mind": "A turn of the trend would.",
        "preferred": "", "vetoed": [],
    }  # fmt: skip


def prose(data: Data) -> Data:
    return {
        "context_insight": f"{data['symbol']} is in a trend that carries it.",
        "volume": "Volume should confirm the move.",
        "flow": "Watch whether the bids hold.",
        "market": "The market should not turn.",
        "adaptability": "If the plan fails, stand aside.",
    }


SOUND: dict[Stage, Callable[[Data], Data]] = {
    Stage.EXTRACTION: extraction, Stage.SYNTHESIS: opinion, Stage.WRITING: prose,
}  # fmt: skip


class Model:
    """Answers each stage as it is told, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[Stage, Callable[[Data], object]] = dict(SOUND)
        self.asked: list[tuple[Stage, Data]] = []

    def __call__(self, request: Request) -> Response:
        system, user = (message["content"] for message in request.get_json()["messages"])
        stage = next(stage for words, stage in STAGES.items() if words in system)
        data = json.loads(user.splitlines()[1])
        self.asked.append((stage, data))
        said = self.answers[stage](data)
        if isinstance(said, Response):
            return said
        text = said if isinstance(said, str) else json.dumps(said)
        return Response(json.dumps(completion(text)), content_type="application/json")


@pytest.fixture
def model(httpserver: HTTPServer) -> Model:
    made = Model()
    httpserver.expect_request("/v1/chat/completions", "POST").respond_with_handler(made)
    return made


@pytest.fixture
def desk(data_dir: Path, model: Model, httpserver: HTTPServer) -> Iterator[Desk]:
    opened = bootstrap.build(
        Settings(
            _env_file=None, data_dir=data_dir, analyst="openai", openai_api_key="test-key",
            openai_url=httpserver.url_for("/v1"), openai_model="m-1",
            watchlist=("META",),
        )
    )  # fmt: skip
    opened.start_engine()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def by_rules(tmp_path_factory: pytest.TempPathFactory) -> Tactic:
    """The same morning without a model."""
    folder = tmp_path_factory.mktemp("rules")
    settings = Settings(_env_file=None, data_dir=folder, watchlist=("META",))
    opened = bootstrap.build(settings)
    opened.start_engine()
    try:
        run(opened)
        return tactic_of(opened)
    finally:
        opened.close()


def run(desk: Desk) -> RunReport:
    return desk.runs.wait(desk.runs.start("daily_tactic", DAY))


def tactic_of(desk: Desk) -> Tactic:
    return desk._services.storage.tactics.for_session(DAY)[0]


def statuses(desk: Desk) -> set[str]:
    rows = desk._services.storage.store.all("select distinct status from model_calls")
    return {status for (status,) in rows}


def test_a_model_that_answers_well_signs_stance_and_words(desk: Desk, by_rules: Tactic) -> None:
    report = run(desk)
    tactic = tactic_of(desk)
    insight = desk._services.storage.insights.insight(tactic.insight_id)
    assert report.status == "succeeded"
    assert insight.engine == tactic.generator.writer
    assert insight.engine.endswith("/m-1")
    assert (insight.fallback, tactic.generator.fallback) == ("", None)
    assert insight.disagreement == 0
    assert tactic.scenarios == by_rules.scenarios
    assert tactic.context_insight == "META is in a trend that carries it."
    assert statuses(desk) <= {"answered", "cached"}


def test_running_again_asks_nobody_and_gives_the_same(desk: Desk, model: Model) -> None:
    first = run(desk)
    asked = len(model.asked)
    again = desk.runs.wait(desk.runs.again(first.run_id))
    assert again.status == "succeeded"
    assert len(model.asked) == asked
    assert [t.content_sha256 for t in again.tactics] == [t.content_sha256 for t in first.tactics]


def off_by_ten(data: Data) -> Data:
    last = next(fact["value"] for fact in data["facts"] if fact["id"] == "snapshot.last")
    price = float(last.strip("$").replace(",", "")) * 10
    return opinion(data) | {"summary": f"{data['symbol']} last closed at ${price:,.2f}."}


BROKEN: dict[str, Callable[[Data], object]] = {
    "prose instead of JSON": lambda data: "I think that it will rise.",
    "an enum that is none": lambda data: opinion(data) | {"stance": "moon"},
    "a 200 with an error in it": lambda data: Response(
        '{"error": {"message": "overloaded"}}', content_type="application/json"
    ),
    "an HTML page": lambda data: Response("<html>busy</html>", content_type="text/html"),
    "a server error": lambda data: Response('{"error": {"message": "broken"}}', 500),
    "a price ten times off": off_by_ten,
    "another language": lambda data: opinion(data) | {
        "summary": "Die Aktie steht gut da und der Trend zeigt weiter nach oben.",
        "would_change_mind": "Ein Schluss unter der Marke wuerde die Sicht beenden.",
        "drivers": [{"text": "Der Trend ist aufwaerts gerichtet und traegt weiter.",
                     "direction": 1, "fact_ids": ["snapshot.last"]}],
    },
    "a fact that is none": lambda data: opinion(data) | {
        "drivers": [{"text": "It is so.", "direction": 1, "fact_ids": ["secret.price"]}]
    },
    "a plan that is none": lambda data: opinion(data) | {"preferred": "buy-everything"},
    "a link": lambda data: opinion(data) | {"summary": "Read http://evil.example for the view."},
}  # fmt: skip


@pytest.mark.parametrize("said", BROKEN.values(), ids=BROKEN.keys())
def test_whatever_the_judge_gets_wrong_the_rules_judge_and_say_why(
    desk: Desk, model: Model, by_rules: Tactic, said: Callable[[Data], object]
) -> None:
    model.answers[Stage.SYNTHESIS] = said
    report = run(desk)
    tactic = tactic_of(desk)
    insight = desk._services.storage.insights.insight(tactic.insight_id)
    assert report.status == "succeeded"
    assert insight.engine == "rules/v2"
    assert insight.fallback
    assert (tactic.symbol, tactic.bias, tactic.scenarios) == (
        by_rules.symbol, by_rules.bias, by_rules.scenarios,
    )  # fmt: skip


def test_words_that_no_fact_bears_are_asked_for_once_more_then_replaced(
    desk: Desk, model: Model, by_rules: Tactic
) -> None:
    model.answers[Stage.WRITING] = lambda data: (
        prose(data) | {"adaptability": "Sell at $9,999.00 whatever happens."}
    )
    run(desk)
    tactic = tactic_of(desk)
    written = [data for stage, data in model.asked if stage is Stage.WRITING]
    assert [bool(data.get("refused")) for data in written] == [False, True]
    assert tactic.generator.writer == "rules/v2"
    assert "$9,999.00" in str(tactic.generator.fallback)
    assert tactic.objective == by_rules.objective
    reports = desk._services.storage.claims.of_subject(f"{tactic.tactic_id}/1")
    assert {report.action for report in reports} == {"replaced"}
    assert all(not report.failed for report in reports)


def test_what_to_do_is_said_by_code_whoever_writes(
    desk: Desk, model: Model, by_rules: Tactic
) -> None:
    model.answers[Stage.WRITING] = lambda data: (
        prose(data) | {"objective": "Sell short the breakout, all in."}
    )
    run(desk)
    tactic = tactic_of(desk)
    assert tactic.generator.writer == "rules/v2"
    assert "objective" in str(tactic.generator.fallback)
    assert tactic.objective == by_rules.objective


def test_prose_against_the_plan_is_replaced(desk: Desk, model: Model) -> None:
    model.answers[Stage.WRITING] = lambda data: (
        prose(data) | {"adaptability": "If it turns, sell short the rally."}
    )
    run(desk)
    tactic = tactic_of(desk)
    written = [data for stage, data in model.asked if stage is Stage.WRITING]
    assert "the plan is long" in written[-1]["refused"][0]
    assert tactic.generator.writer == "rules/v2"
    assert "the plan is long" in str(tactic.generator.fallback)


def test_a_view_that_tells_the_other_side_is_asked_for_once_more_then_left_to_the_rules(
    desk: Desk, model: Model, by_rules: Tactic
) -> None:
    model.answers[Stage.SYNTHESIS] = lambda data: (
        opinion(data) | {"risks": ["The trend is old: sell it before the open."]}
    )
    run(desk)
    judged = [data.get("refused") for stage, data in model.asked if stage is Stage.SYNTHESIS]
    half = len(judged) // 2  # each try asks for several samples
    assert judged == [None] * half + [["sell: the view is bullish"]] * half
    insight = desk._services.storage.insights.insight(tactic_of(desk).insight_id)
    assert insight.engine == "rules/v2"
    assert "sell: the view is bullish" in insight.fallback
    assert tactic_of(desk).scenarios == by_rules.scenarios


def test_a_view_against_the_only_plan_is_a_day_to_wait(desk: Desk, model: Model) -> None:
    model.answers[Stage.SYNTHESIS] = lambda data: (
        opinion(data) | {"stance": "bearish", "summary": "The view is bearish."}
    )
    run(desk)
    tactic = tactic_of(desk)
    assert (tactic.scenarios, tactic.bias) == ((), "bearish")
    assert any("against the analyst's bearish view" in r for r in tactic.do_not_play_reasons)


def test_a_day_to_wait_gives_no_order_in_the_judge_s_words(desk: Desk, model: Model) -> None:
    model.answers[Stage.SYNTHESIS] = lambda data: (
        opinion(data) | {"abstains": True, "would_change_mind": "Go all in and buy the dip."}
    )
    run(desk)
    assert "waiting is a plan" in tactic_of(desk).wait_clause


def test_a_veto_keeps_a_plan_from_being_traded(desk: Desk, model: Model) -> None:
    model.answers[Stage.SYNTHESIS] = lambda data: (
        opinion(data) | {"vetoed": [plan["key"] for plan in data["plans"]]}
    )
    run(desk)
    tactic = tactic_of(desk)
    assert tactic.scenarios == ()
    assert any("vetoed by the analyst" in reason for reason in tactic.do_not_play_reasons)


def test_an_abstention_is_a_day_to_wait(desk: Desk, model: Model) -> None:
    model.answers[Stage.SYNTHESIS] = lambda data: opinion(data) | {"abstains": True}
    run(desk)
    tactic = tactic_of(desk)
    assert (tactic.scenarios, tactic.bias) == ((), "neutral")
    assert tactic.objective == "Do nothing until price offers a plan that pays for its risk."
    assert "abstains" in tactic.do_not_play_reasons[0]


def test_samples_that_disagree_call_the_operator_and_no_policy_decides(
    desk: Desk, model: Model
) -> None:
    stances = iter(["bullish", "bearish", "neutral"] * 10)
    model.answers[Stage.SYNTHESIS] = lambda data: opinion(data) | {"stance": next(stances)}
    inputs = {"approvals": "auto", "approver": "policy:test"}
    instant = desk.runs._slot("daily_tactic", DAY)
    control = desk.runs._control
    run_id = control.start("daily_tactic", desk.runs._inputs(instant) | inputs)
    desk.runs.wait(run_id)
    keys = [effect.key for effect in desk.decisions.effects()]
    assert any(key.startswith("alert:disagreement:") for key in keys)
    assert not any(key.startswith("post:") for key in keys)
    assert desk.decisions.pending()


# llmock: a server that somebody else made


@pytest.fixture
def foreign(data_dir: Path, llmock: Any) -> Iterator[Desk]:
    opened = bootstrap.build(
        Settings(
            _env_file=None, data_dir=data_dir, analyst="openai", openai_api_key="test-key",
            openai_url=llmock.base_url(), openai_model="gpt-4o", watchlist=("META",),
        )
    )  # fmt: skip
    opened.start_engine()
    yield opened
    opened.close()


FAILURES: dict[str, Callable[[Any], object]] = {
    "answers that only fit the schema": lambda llmock: None,
    "an outage": lambda llmock: llmock.outage(),
    "errors": lambda llmock: llmock.fail(500, times=50),
    "too many requests": lambda llmock: llmock.rate_limit(times=50, retry_after=1),
    "prose": lambda llmock: [llmock.reply("It will rise.") for _ in range(50)],
}


@pytest.mark.parametrize("fail", FAILURES.values(), ids=FAILURES.keys())
def test_the_morning_goes_on_whatever_a_foreign_server_does(
    foreign: Desk, llmock: Any, by_rules: Tactic, fail: Callable[[Any], object]
) -> None:
    fail(llmock)
    report = run(foreign)
    tactic = tactic_of(foreign)
    insight = foreign._services.storage.insights.insight(tactic.insight_id)
    assert report.status == "succeeded"
    assert (insight.engine, bool(insight.fallback)) == ("rules/v2", True)
    assert tactic.scenarios == by_rules.scenarios
    assert statuses(foreign) - {"answered", "cached"}
