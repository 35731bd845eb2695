"""A model is asked within its budget, believed within its facts, and never needed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from core.adapters.language_models.openai import OpenAIModel
from core.adapters.language_models.openai.model import Endpoint
from core.analysis.claims import check_claims
from core.analysis.prompt_data import opinion_facts
from core.analysis.prompts import PromptLibrary
from core.domain.base import Frozen
from core.domain.feed_policy import BreakerPolicy, ProviderPolicy
from core.domain.insights import (
    Driver,
    Extraction,
    HeadlineQuestion,
    Insight,
    Material,
    NewsEvent,
    Opinion,
    Sample,
    Signed,
    TacticProse,
    WritingTask,
)
from core.domain.model_calls import Answer, CallStatus, ModelParameters, Prompt, Stage, Usage
from core.domain.model_policy import ModelPolicy
from core.domain.scenarios import Bias
from core.errors import (
    AdapterError,
    AnswerError,
    AuthenticationError,
    InvalidAnswerError,
    RefusedAnswerError,
    RejectedError,
    TruncatedAnswerError,
    UnansweredError,
    UnavailableError,
)
from core.flow.budget import Budget
from core.flow.database import open_database
from core.flow.tables import model_budgets
from core.ports import Analyst
from core.steps.model_analyst import ModelAnalyst
from core.steps.model_desk import ModelDesk
from core.steps.providers import Provider
from core.storage.model_calls import ModelCalls
from core.storage.storage import Storage
from tests.contract.stubs.language_models_openai import ModelServer, refused
from tests.storage import samples

DATA = Path(__file__).parents[2] / "data"
POLICY = ModelPolicy.model_validate(yaml.safe_load((DATA / "models.yaml").read_text()))
PROMPTS = {
    path.name.removesuffix(".md.j2"): path.read_text(encoding="utf-8")
    for path in (DATA / "prompts").glob("*.md.j2")
}
PRICED = {"prices": {"m-1": {"input_usd": 2, "output_usd": 10}}}
TOKENS = (210, 12)
COST = Decimal("0.00054")  # of these at that price
SNAPSHOT = samples.snapshot()
QUESTION = HeadlineQuestion(symbol="AAPL", headline=SNAPSHOT.headlines[0])
MATERIAL = Material(snapshot=SNAPSHOT, candidates=samples.tactic().scenarios)
TASK = WritingTask(snapshot=SNAPSHOT, insight=samples.insight(), scenario=samples.tactic().scenario)
READ = Extraction(event=NewsEvent.EARNINGS, sentiment=2, relevance=3)
BY_RULES = Extraction(event=NewsEvent.OTHER, sentiment=0, relevance=1)


def opinion(stance: str = "bullish", conviction: float = 0.6, **changes: Any) -> Opinion:
    driver = Driver(text="The price is above it.", direction=1, fact_ids=("snapshot.last",))
    content = {
        "stance": stance, "conviction": conviction, "drivers": (driver,), "risks": (),
        "summary": "AAPL last closed at $104.00 and the trend is up, so the view is bullish.",
        "would_change_mind": "A close below $101.00 would end it.",
    }  # fmt: skip
    return Opinion(**{**content, **changes})


ABSTENTION = opinion("bearish", 0.9, abstains=True)
PROSE = TacticProse(
    context_insight="AAPL last closed at $104.00, above its averages, and the trend is up.",
    volume="Volume has to stay above its mean.",
    flow="Watch whether the bids hold at the zone.",
    market="QQQ has to stay above its averages.",
    adaptability="If the price opens below the zone, the plan is dead.",
)


class Rules:
    """Answers at once, and the same."""

    name, engine = "rules", "rules/v2"

    def extract(self, question: HeadlineQuestion) -> Signed[Extraction]:
        return Signed(value=BY_RULES, engine=self.engine)

    def judge(self, material: Material) -> Signed[Opinion]:
        return Signed(value=opinion("neutral", 0.1), engine=self.engine)

    def write(self, task: WritingTask) -> Signed[TacticProse]:
        return Signed(value=PROSE, engine=self.engine)


@dataclass
class Scripted:
    """A model that says what it is told to, in turn."""

    name: str = "scripted"
    model: str = "m-1"
    engine: str = "lab/m-1"
    script: deque[Frozen | Exception] = field(default_factory=deque)
    asked: list[tuple[Prompt, ModelParameters]] = field(default_factory=list)

    def complete(self, prompt: Prompt, shape: Any, parameters: ModelParameters) -> Answer[Any]:
        self.asked.append((prompt, parameters))
        said = self.script.popleft()
        if isinstance(said, Exception):
            raise said
        usage = Usage(input_tokens=TOKENS[0], output_tokens=TOKENS[1])
        return Answer(value=said, usage=usage, parameters=parameters)


class Lab:
    """An analyst with a scripted model, over real stores."""

    def __init__(self, storage: Storage, database: sa.Engine) -> None:
        self.storage, self.database = storage, database
        self.calls = ModelCalls(storage.store)
        self.model = Scripted()

    def says(self, *script: Frozen | Exception) -> ModelAnalyst:
        self.model.script.extend(script)
        return self.analyst()

    def analyst(self, model: Any = None, run_id: str = "run-1", **policy: Any) -> ModelAnalyst:
        rules = ModelPolicy.model_validate({**POLICY.model_dump(), **PRICED, **policy})
        self.budget = Budget(self.database, rules.daily_budget_usd)
        provider = Provider("scripted", model or self.model, rules.server)
        desk = ModelDesk(provider, rules, self.budget, self.calls)
        return ModelAnalyst(desk, PromptLibrary(PROMPTS), Rules(), run_id)

    @property
    def statuses(self) -> list[str]:
        found = self.storage.store.all("select status from model_calls order by rowid")
        return [status for (status,) in found]

    @property
    def charged(self) -> Decimal:
        total = self.storage.store.all("select sum(cost_usd) from model_calls")[0][0]
        spent = self.budget.today().spent_usd
        assert self.budget.today().reserved_usd == 0
        assert spent == total
        return spent


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Storage, sa.Engine]]:
    """One store and one database for the module: each test empties what it needs."""
    folder = tmp_path_factory.mktemp("lab")
    storage, database = Storage(folder / "desk.duckdb"), open_database(f"sqlite:///{folder}/e.db")
    yield storage, database
    storage.close()
    database.dispose()


@pytest.fixture
def lab(stores: tuple[Storage, sa.Engine]) -> Lab:
    storage, database = stores
    with storage.store.write() as cursor:
        cursor.execute("delete from model_calls")
    with database.begin() as connection:
        connection.execute(sa.delete(model_budgets))
    return Lab(storage, database)


def test_it_is_an_analyst(lab: Lab) -> None:
    analyst = lab.analyst()

    assert isinstance(analyst, Analyst)
    assert (analyst.name, analyst.engine) == ("scripted", "lab/m-1")


def test_an_answer_is_signed_with_model_prompt_and_cost(lab: Lab) -> None:
    told = lab.says(READ).extract(QUESTION)

    assert (told.value, told.engine, told.fallback) == (READ, "lab/m-1", "")
    assert told.prompt == PromptLibrary(PROMPTS).reference(Stage.EXTRACTION)
    assert told.usage.cost_usd == COST
    assert lab.charged == COST


def test_every_call_is_kept_with_what_was_asked_and_answered(lab: Lab) -> None:
    told = lab.says(READ).extract(QUESTION)

    (call,) = lab.calls.of_subject("n1")
    assert (call.status, call.run_id, call.engine) == (CallStatus.ANSWERED, "run-1", "lab/m-1")
    assert (call.prompt, call.parameters) == (told.prompt, lab.model.asked[0][1])
    assert Extraction.model_validate_json(call.answer) == READ


def test_the_same_question_is_answered_from_the_store(lab: Lab) -> None:
    first = lab.says(READ).extract(QUESTION)
    again = lab.analyst(run_id="run-2").extract(QUESTION)

    assert again == first
    assert len(lab.model.asked) == 1
    assert lab.statuses == ["answered", "cached"]
    assert lab.charged == COST
    assert [call.run_id for call in lab.calls.of_subject("n1")] == ["run-1", "run-2"]


def test_a_replay_of_a_whole_judgement_is_free_and_the_same(lab: Lab) -> None:
    first = lab.says(opinion(), opinion("neutral"), opinion()).judge(MATERIAL)

    assert lab.analyst().judge(MATERIAL) == first
    assert len(lab.model.asked) == 3
    assert lab.statuses == ["answered"] * 3 + ["cached"] * 3


@pytest.mark.parametrize(
    "change",
    [
        lambda lab: lab.analyst(Scripted(engine="other/m-1", script=deque([BY_RULES]))),
        lambda lab: lab.analyst(
            Scripted(script=deque([BY_RULES])),
            stages={**POLICY.model_dump()["stages"], "extraction": {"maximum_output_tokens": 9}},
        ),
    ],
)
def test_another_model_or_other_parameters_are_another_question(
    lab: Lab, change: Callable[[Lab], ModelAnalyst]
) -> None:
    lab.says(READ).extract(QUESTION)

    assert change(lab).extract(QUESTION).value == BY_RULES
    assert lab.statuses == ["answered", "answered"]


def test_a_spent_budget_leaves_the_day_to_the_rules(lab: Lab) -> None:
    told = lab.analyst(daily_budget_usd="0.001").extract(QUESTION)

    assert (told.value, told.engine, told.prompt) == (BY_RULES, "rules/v2", None)
    assert told.fallback == "lab/m-1: the budget of 0.00 USD a day does not allow it any more"
    assert lab.statuses == ["over_budget"]
    assert lab.model.asked == []
    assert lab.charged == 0


def test_a_free_model_needs_no_budget(lab: Lab) -> None:
    free = {"prices": {"m-1": {"input_usd": 0, "output_usd": 0}}, "daily_budget_usd": 0}
    lab.model.script.append(READ)

    assert lab.analyst(**free).extract(QUESTION).value == READ


def test_an_unlisted_model_is_charged_as_the_dearest(lab: Lab) -> None:
    lab.model.script.append(READ)

    assert lab.analyst(prices={}).extract(QUESTION).usage.cost_usd == Decimal("0.0027")


def failed(kind: type[AdapterError], *more: Any) -> AdapterError:
    return kind("openai", "complete", "it went wrong", *more)


@pytest.mark.parametrize(
    ("kind", "status", "tries", "cost"),
    [
        (InvalidAnswerError, "invalid", 2, 2 * COST),
        (TruncatedAnswerError, "truncated", 2, 2 * COST),
        (RefusedAnswerError, "refused", 1, COST),
        (UnavailableError, "unavailable", 1, 0),
        (AuthenticationError, "rejected", 1, 0),
        (RejectedError, "rejected", 1, 0),
    ],
)
def test_without_an_answer_the_rules_answer_and_say_why(
    lab: Lab, kind: type[AdapterError], status: str, tries: int, cost: Decimal
) -> None:
    counted = (TOKENS,) if issubclass(kind, AnswerError) else ()
    told = lab.says(*[failed(kind, *counted)] * tries).extract(QUESTION)

    assert (told.value, told.engine) == (BY_RULES, "rules/v2")
    assert told.fallback == "lab/m-1: it went wrong"
    assert lab.statuses == [status] * tries
    assert lab.charged == cost
    assert [call.attempt for call in lab.calls.of_subject("n1")] == [*range(1, tries + 1)]
    assert {call.detail for call in lab.calls.of_subject("n1")} == {"it went wrong"}


@pytest.mark.parametrize("kind", [UnansweredError, TruncatedAnswerError])
def test_what_nobody_counted_is_charged_at_its_most(lab: Lab, kind: type[AdapterError]) -> None:
    lab.says(failed(kind), failed(kind)).extract(QUESTION)

    most = lab.charged / len(lab.statuses)
    assert most > 10 * COST


def test_a_fault_of_the_program_is_not_hidden_and_leaves_nothing_set_aside(lab: Lab) -> None:
    with pytest.raises(RuntimeError, match="a bug"):
        lab.says(RuntimeError("a bug")).extract(QUESTION)
    assert lab.budget.today().reserved_usd == 0
    assert lab.budget.today().spent_usd > 0


def test_what_is_no_answer_is_asked_for_once_more_with_another_seed(lab: Lab) -> None:
    told = lab.says(failed(InvalidAnswerError, TOKENS), READ).extract(QUESTION)

    assert (told.value, told.fallback) == (READ, "")
    assert lab.statuses == ["invalid", "answered"]
    seeds = [parameters.seed for _, parameters in lab.model.asked]
    assert seeds[0] != seeds[1]
    assert lab.analyst().extract(QUESTION) == told


def test_a_server_that_is_down_is_left_alone(lab: Lab) -> None:
    server = ProviderPolicy(breaker=BreakerPolicy(failures=2, cool_down_seconds=60))
    lab.model.script.extend([failed(UnavailableError)] * 2)
    analyst = lab.analyst(server=server)

    told = [analyst.extract(QUESTION) for _ in range(4)]
    assert len(lab.model.asked) == 2
    assert all(one.value == BY_RULES for one in told)
    assert "the circuit is open" in told[3].fallback


def test_a_model_that_talks_nonsense_is_asked_on(lab: Lab) -> None:
    server = ProviderPolicy(breaker=BreakerPolicy(failures=2, cool_down_seconds=60))
    lab.model.script.extend([*[failed(InvalidAnswerError, TOKENS)] * 6, READ])
    analyst = lab.analyst(server=server)

    told = [analyst.extract(QUESTION) for _ in range(4)]
    assert told[3].value == READ


STRANGERS = Driver(text="The price is above it.", direction=1, fact_ids=("snapshot.secret",))
GERMAN = "Die Aktie schloss über ihrem Durchschnitt und der Trend zeigt weiter nach oben."


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"drivers": (STRANGERS,)}, "it cites what is no fact: 'snapshot.secret'"),
        ({"preferred": "my own plan"}, "it names what is no plan: 'my own plan'"),
        ({"vetoed": ("L9",)}, "it names what is no plan: 'L9'"),
        ({"preferred": "L1", "vetoed": ("L1",)}, "it prefers a plan that it vetoes: 'L1'"),
        (
            {
                "summary": GERMAN,
                "would_change_mind": GERMAN,
                "drivers": (
                    STRANGERS.model_copy(update={"text": GERMAN, "fact_ids": ("snapshot.last",)}),
                ),
            },
            "it is not in English",
        ),
    ],
)
def test_an_opinion_without_its_facts_is_asked_for_once_more(
    lab: Lab, wrong: dict[str, Any], reason: str
) -> None:
    told = lab.says(opinion(**wrong), opinion(), opinion(), opinion()).judge(MATERIAL)

    assert (told.value.stance, told.fallback, len(told.samples)) == ("bullish", "", 3)
    assert lab.statuses == ["invalid", "answered", "answered", "answered"]
    assert reason in lab.calls.of_subject(SNAPSHOT.snapshot_id)[0].detail


def test_a_model_that_keeps_making_up_facts_is_not_believed(lab: Lab) -> None:
    told = lab.says(*[opinion(drivers=(STRANGERS,))] * 4).judge(MATERIAL)

    assert (told.value.stance, told.engine) == ("neutral", "rules/v2")
    assert "no fact" in told.fallback
    assert told.samples == ()
    assert told.disagreement is None


def test_a_plan_on_offer_may_be_preferred_and_vetoed(lab: Lab) -> None:
    told = lab.says(*[opinion(preferred="L1")] * 3).judge(MATERIAL)

    assert told.value.preferred == "L1"
    assert lab.analyst().judge(MATERIAL).value.vetoed == ()


@pytest.mark.parametrize(
    ("drawn", "stance", "conviction", "disagreement", "asks"),
    [
        ((opinion(), opinion(), opinion()), "bullish", 0.6, 0.0, False),
        ((opinion("neutral"), opinion(), opinion()), "bullish", 0.4, 0.3333, False),
        ((opinion(), opinion("bearish"), opinion("neutral", 0.3)), "neutral", 0.1, 0.6667, True),
        ((ABSTENTION, opinion(), ABSTENTION), "neutral", 0.0, 0.3333, False),
        ((ABSTENTION, opinion(), opinion("bearish")), "neutral", 0.0, 0.6667, True),
    ],
)  # fmt: skip
def test_the_majority_counts_as_far_as_it_agrees(
    lab: Lab, drawn: tuple[Opinion, ...], stance: str, conviction: float, disagreement: float,
    asks: bool,
) -> None:  # fmt: skip
    told = lab.says(*drawn).judge(MATERIAL)

    assert (told.value.stance, told.value.conviction) == (stance, conviction)
    assert (told.disagreement, told.needs_operator) == (disagreement, asks)
    assert told.usage.cost_usd == 3 * COST
    assert [one.abstains for one in told.samples] == [one.abstains for one in drawn]
    assert {parameters.seed for _, parameters in lab.model.asked} == {0, 1, 2}


def test_an_abstention_has_no_side_whatever_it_says(lab: Lab) -> None:
    told = lab.says(*[ABSTENTION] * 3).judge(MATERIAL)

    assert told.value.abstains
    assert (told.value.stance, told.value.conviction) == (Bias.NEUTRAL, 0)
    assert told.samples == (Sample(stance=Bias.NEUTRAL, conviction=0, abstains=True),) * 3
    assert insight_of(told).abstains


def insight_of(told: Signed[Opinion]) -> Insight:
    return Insight(
        snapshot_id=SNAPSHOT.snapshot_id, symbol="AAPL", session_date=date(2024, 1, 5),
        as_of=SNAPSHOT.as_of, engine=told.engine, bias_sum=0, samples=told.samples,
        disagreement=told.disagreement, prompt=told.prompt, cost_usd=told.usage.cost_usd,
        fallback=told.fallback, **dict(told.value),
    )  # fmt: skip


def test_one_lost_sample_of_three_is_made_do_without(lab: Lab) -> None:
    told = lab.says(opinion(), failed(RefusedAnswerError, TOKENS), opinion()).judge(MATERIAL)

    assert (told.value.stance, told.fallback, len(told.samples)) == ("bullish", "", 2)


def test_without_a_majority_of_samples_the_rules_judge_at_once(lab: Lab) -> None:
    told = lab.says(failed(AuthenticationError), failed(AuthenticationError)).judge(MATERIAL)

    assert (told.value.stance, told.engine) == ("neutral", "rules/v2")
    assert len(lab.model.asked) <= 2


def test_a_single_sample_has_nothing_to_disagree_with(lab: Lab) -> None:
    lab.model.script.append(opinion())
    stages = {**POLICY.model_dump()["stages"], "synthesis": {"maximum_output_tokens": 900}}
    told = lab.analyst(stages=stages).judge(MATERIAL)

    assert (told.value.conviction, told.samples, told.disagreement) == (0.6, (), None)


def test_a_price_ten_times_off_is_no_fact(lab: Lab) -> None:
    summary = "AAPL last closed at $1,040.00 and the trend is up, so the view is bullish."
    told = lab.says(*[opinion(summary=summary)] * 3).judge(MATERIAL)

    claims = check_claims(told.value.summary, opinion_facts(MATERIAL))
    assert [claim.text for claim in claims if not claim.holds] == ["$1,040.00"]
    assert all(claim.holds for claim in check_claims(opinion().summary, opinion_facts(MATERIAL)))


def test_prose_is_written_by_the_model(lab: Lab) -> None:
    told = lab.says(PROSE).write(TASK)

    assert (told.value, told.engine, told.usage.cost_usd) == (PROSE, "lab/m-1", COST)
    assert [call.subject_id for call in lab.calls.of_subject(TASK.insight.insight_id)]


def test_prose_with_refused_claims_is_asked_for_anew(lab: Lab) -> None:
    analyst = lab.says(PROSE, PROSE)
    analyst.write(TASK)
    analyst.write(TASK.model_copy(update={"refused": ("$999.00",)}))

    first, second = (prompt.user for prompt, _ in lab.model.asked)
    assert "$999.00" not in first
    assert '"refused":["$999.00"]' in second


def test_prose_in_another_language_is_not_published(lab: Lab) -> None:
    german = TacticProse(**dict.fromkeys(TacticProse.model_fields, GERMAN))
    told = lab.says(german, german).write(TASK)

    assert (told.value, told.engine) == (PROSE, "rules/v2")
    assert "it is not in English" in told.fallback


def test_over_http_the_day_goes_on_whatever_the_server_does(lab: Lab) -> None:
    with ModelServer("responses").running() as server:
        model = OpenAIModel(Endpoint(server.url, "sk-test", "responses"), "m-1")
        server.say(opinion().model_dump_json())
        server.then(refused(500, "try later"))
        server.say(opinion().model_dump_json())
        server.say("I think that it will rise.")
        server.say(PROSE.model_dump_json())
        analyst = lab.analyst(model)

        judged, written = analyst.judge(MATERIAL), analyst.write(TASK)

    assert (judged.value.stance, len(judged.samples)) == ("bullish", 2)
    assert written.value == PROSE
    assert lab.statuses == ["answered", "unavailable", "answered", "invalid", "answered"]
    assert lab.charged == 4 * COST
