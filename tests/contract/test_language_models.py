"""What every language model must do, and how OpenAI's two forms end when a server misbehaves."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from core import registry
from core.adapters.language_models.openai import OpenAIModel, create
from core.adapters.language_models.openai.model import Endpoint, Limits
from core.adapters.language_models.openai.schema import strict_schema
from core.domain.insights import Extraction, Opinion, TacticProse
from core.domain.model_calls import Answer, ModelParameters, Prompt, PromptReference, Stage
from core.errors import (
    AdapterError,
    AnswerError,
    AuthenticationError,
    ConfigurationError,
    InvalidAnswerError,
    RefusedAnswerError,
    RejectedError,
    TruncatedAnswerError,
    UnansweredError,
    UnavailableError,
)
from core.ports import LanguageModel
from core.settings import Settings
from tests.contract.conftest import build_adapter
from tests.contract.stubs.language_models_openai import (
    EXTRACTION,
    FORMS,
    TOKENS,
    Behaviour,
    ModelServer,
    cut_off,
    dripping,
    refused,
    reset,
    silent,
    whole,
)

KEY = "sk-test"
PROMPT = Prompt(
    reference=PromptReference(name="extraction", version="1", sha256="a" * 64),
    stage=Stage.EXTRACTION,
    system="Sort the headline.",
    user='[data 1]\n{"headline":"Apple beats"}\n[end of data 1]',
)
PARAMETERS = ModelParameters(model="m-1", temperature=None, maximum_output_tokens=500, seed=2)


@pytest.fixture(params=registry.names("language_models"))
def language_model(request: pytest.FixtureRequest) -> LanguageModel:
    return build_adapter(request, "language_models", LanguageModel)


def test_an_answer_has_the_shape_that_was_asked_for(language_model: LanguageModel) -> None:
    answer = language_model.complete(PROMPT, Extraction, PARAMETERS)

    assert answer.value == Extraction.model_validate_json(EXTRACTION)


def test_an_answer_tells_its_tokens_and_its_parameters(language_model: LanguageModel) -> None:
    answer = language_model.complete(PROMPT, Extraction, PARAMETERS)

    assert (answer.usage.input_tokens, answer.usage.output_tokens) == TOKENS
    assert answer.usage.cost_usd == 0
    assert answer.parameters == PARAMETERS


def test_a_model_signs_with_its_server_and_its_name(language_model: LanguageModel) -> None:
    assert language_model.name in registry.names("language_models")
    assert language_model.engine.endswith(f"/{language_model.model}")


@pytest.fixture(params=FORMS)
def server(request: pytest.FixtureRequest) -> Iterator[ModelServer]:
    with ModelServer(request.param).running() as running:
        yield running


one_form = pytest.mark.parametrize("server", ["completions"], indirect=True)


def model_of(server: ModelServer, **limits: Any) -> OpenAIModel:
    form: Any = server.form
    return OpenAIModel(Endpoint(server.url, KEY, form, Limits(**limits)), "m-1")


def ask(server: ModelServer, **limits: Any) -> Answer[Extraction]:
    return model_of(server, **limits).complete(PROMPT, Extraction, PARAMETERS)


def failure(server: ModelServer, behaviour: Behaviour | str, **limits: Any) -> AdapterError:
    """Return how one call ends; exactly one request goes out."""
    if isinstance(behaviour, str):
        server.say(behaviour)
    else:
        server.then(behaviour)
    with pytest.raises(AdapterError) as raised:
        ask(server, **limits)
    assert len(server.requests) == 1
    return raised.value


def test_both_forms_give_the_same_answer(server: ModelServer) -> None:
    server.say(EXTRACTION)

    answer = ask(server)

    assert answer.value == Extraction.model_validate_json(EXTRACTION)
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == TOKENS


def test_a_question_carries_its_texts_its_schema_and_its_limit(server: ModelServer) -> None:
    server.say(EXTRACTION)
    ask(server)

    sent = server.requests[0]
    own = server.form == "responses"
    assert server.paths == ["/v1/responses" if own else "/v1/chat/completions"]
    messages = [("system", PROMPT.system), ("user", PROMPT.user)]
    assert [(m["role"], m["content"]) for m in sent["input" if own else "messages"]] == messages
    form = sent["text"]["format"] if own else sent["response_format"]["json_schema"]
    assert (form["strict"], form["schema"]) == (True, strict_schema(Extraction))
    assert sent["max_output_tokens" if own else "max_tokens"] == 500
    assert "temperature" not in sent
    assert "tools" not in sent
    assert sent.get("store", False) is False


@one_form
def test_a_temperature_is_sent_where_one_is_set(server: ModelServer) -> None:
    server.say(EXTRACTION)
    parameters = PARAMETERS.model_copy(update={"temperature": 0.2})
    model_of(server).complete(PROMPT, Extraction, parameters)

    assert server.requests[0]["temperature"] == 0.2


@pytest.mark.parametrize("shape", [Extraction, Opinion, TacticProse])
def test_a_schema_keeps_to_what_strict_outputs_allow(shape: Any) -> None:
    def objects(node: Any) -> Iterator[dict[str, Any]]:
        if isinstance(node, dict):
            yield from ([node] if "properties" in node else [])
            for inner in node.values():
                yield from objects(inner)

    schema = strict_schema(shape)
    found = list(objects(schema))
    assert found
    for one in found:
        assert one["required"] == list(one["properties"])
        assert one["additionalProperties"] is False
    for word in ("minLength", "maxLength", "default"):
        assert f"'{word}'" not in str(schema)


@one_form
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("I would rather talk about the weather.", "it starts with 'I would rather"),
        ("", "it starts with ''"),
        ('{"event": "earnings", "sentiment": 1', "EOF"),
        ('{"event": "rumour", "sentiment": 1, "relevance": 2}', "event"),
        ('{"event": "earnings", "sentiment": 5, "relevance": 2}', "sentiment"),
        ('{"event": "earnings", "sentiment": 1}', "relevance: Field required"),
        ('{"event": "earnings", "sentiment": 1, "relevance": 2, "order": "buy"}', "order: Extra"),
        ("[1, 2, 3]", "object"),
        ("[" * 5_000, "recursion"),
    ],
)
def test_what_is_not_the_shape_is_no_answer(server: ModelServer, text: str, told: str) -> None:
    error = failure(server, text)

    assert isinstance(error, InvalidAnswerError)
    assert told.lower() in error.reason.lower()
    assert (error.input_tokens, error.output_tokens) == TOKENS


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"error": {"message": "overloaded", "code": 503}}', "overloaded"),
        (b"<html><body><h1>Welcome to the proxy</h1></body></html>", "Welcome to the proxy"),
        (b"null", "it starts with 'null'"),
        (b"", "it starts with ''"),
        (b'{"choices": [], "output": null, "status": "completed"}', "it starts with"),
        (b"\xff\xfe\x00", "it starts with"),
    ],
)
def test_a_body_without_an_answer_is_no_answer(server: ModelServer, body: bytes, told: str) -> None:
    error = failure(server, whole(body))

    assert isinstance(error, InvalidAnswerError)
    assert told in error.reason
    assert "<" not in error.reason


def test_a_page_that_says_it_is_a_page_is_no_answer(server: ModelServer) -> None:
    page = whole(b"<html>Sign in</html>", Content_Type="text/html")

    assert isinstance(failure(server, page), InvalidAnswerError)


def test_a_refusal_is_told_apart(server: ModelServer) -> None:
    server.say(None, refusal="I cannot help with <b>that</b>.")
    with pytest.raises(RefusedAnswerError, match=r"declined: I cannot help with that") as raised:
        ask(server)
    assert (raised.value.input_tokens, raised.value.output_tokens) == TOKENS


def test_the_content_filter_is_a_refusal(server: ModelServer) -> None:
    server.say(EXTRACTION, finish="content_filter")
    with pytest.raises(RefusedAnswerError):
        ask(server)


def test_a_filter_that_answers_with_an_error_is_a_refusal(server: ModelServer) -> None:
    error = failure(server, refused(400, "filtered", code="content_filter"))

    assert isinstance(error, RefusedAnswerError)


@pytest.mark.parametrize("text", [EXTRACTION, EXTRACTION[:20]])
def test_an_answer_at_its_limit_is_truncated_even_if_it_parses(
    server: ModelServer, text: str
) -> None:
    server.say(text, finish="length")
    with pytest.raises(TruncatedAnswerError, match="limit of 500 tokens") as raised:
        ask(server)
    assert (raised.value.input_tokens, raised.value.output_tokens) == TOKENS


def test_an_answer_that_breaks_off_is_truncated(server: ModelServer) -> None:
    error = failure(server, cut_off)

    assert isinstance(error, TruncatedAnswerError)
    assert "broke off" in error.reason


def test_a_broken_connection_may_have_cost_something(server: ModelServer) -> None:
    assert isinstance(failure(server, reset), UnansweredError)


def test_silence_ends_as_unavailable(server: ModelServer) -> None:
    error = failure(server, silent(server), total_s=0.2)

    assert isinstance(error, UnansweredError)
    assert error.retryable
    assert "0.2 s" in error.reason


def test_a_trickle_ends_as_unavailable(server: ModelServer) -> None:
    assert isinstance(failure(server, dripping(server), total_s=0.3), UnansweredError)


def test_the_wait_is_bounded_unless_told_otherwise() -> None:
    assert Limits().connect_s == 5
    assert 30 <= Limits().total_s <= 60


@one_form
def test_an_answer_without_end_is_no_answer(server: ModelServer) -> None:
    error = failure(server, whole(b" " * 50_000 + b"{}"), max_bytes=10_000)

    assert isinstance(error, InvalidAnswerError)
    assert "larger than 10,000 bytes" in error.reason


@one_form
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, RejectedError), (401, AuthenticationError), (403, AuthenticationError),
        (404, RejectedError), (408, UnavailableError), (409, UnavailableError),
        (422, RejectedError), (429, UnavailableError), (500, UnavailableError),
        (503, UnavailableError),
    ],
)  # fmt: skip
def test_an_error_of_the_server_has_its_meaning(
    server: ModelServer, status: int, expected: type[AdapterError]
) -> None:
    error = failure(server, refused(status, "no <i>such</i> model"))

    assert type(error) is expected
    assert f"HTTP {status}" in error.reason
    assert "<i>" not in error.reason


@one_form
def test_a_server_in_a_hurry_tells_how_long_to_wait(server: ModelServer) -> None:
    error = failure(server, refused(429, "slow down", Retry_After="17"))

    assert isinstance(error, UnavailableError)
    assert "it asks to wait 17 s" in error.reason


@one_form
def test_no_error_repeats_the_key(server: ModelServer) -> None:
    error = failure(server, refused(401, f"Incorrect API key provided: {KEY}"))

    assert KEY not in str(error)


def test_nobody_at_the_address_costs_nothing(server: ModelServer) -> None:
    nobody = Endpoint("http://127.0.0.1:9/v1", KEY, "completions")
    with pytest.raises(UnavailableError, match="cannot be reached") as raised:
        OpenAIModel(nobody, "m-1").complete(PROMPT, Extraction, PARAMETERS)
    assert not isinstance(raised.value, UnansweredError | AnswerError)


def settings(**changes: Any) -> Settings:
    wanted = {
        "openai_url": "https://api.openai.com/v1", "openai_api_key": KEY, "openai_model": "m-1",
    }  # fmt: skip
    return Settings(_env_file=None, **{**wanted, **changes})


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"openai_model": ""}, "OPENAI_MODEL"),
        ({"openai_api_key": ""}, "OPENAI_API_KEY"),
        ({"openai_api_key": "two\nlines"}, "OPENAI_API_KEY"),
        ({"openai_url": "api.openai.com"}, "OPENAI_BASE_URL"),
    ],
)
def test_what_is_missing_is_named(changes: dict[str, str], missing: str) -> None:
    with pytest.raises(ConfigurationError, match=missing):
        create(settings(**changes))


@pytest.mark.parametrize(
    ("url", "form", "engine"),
    [
        ("https://api.openai.com/v1", "responses", "openai/m-1"),
        ("https://eu.api.openai.com/v1", "responses", "openai/m-1"),
        ("http://127.0.0.1:8080/v1", "completions", "127.0.0.1:8080/m-1"),
        ("https://ada:pw@models.example/v1", "completions", "models.example/m-1"),
        (
            "https://api.openai.com.evil.example/v1",
            "completions",
            "api.openai.com.evil.example/m-1",
        ),
    ],
)
def test_only_openai_itself_is_asked_in_its_newer_form(url: str, form: str, engine: str) -> None:
    model = create(settings(openai_url=url))

    assert (model._endpoint.form, model.engine) == (form, engine)


def test_a_server_of_ones_own_needs_no_key() -> None:
    assert create(settings(openai_url="http://127.0.0.1:8080/v1", openai_api_key="")).model == "m-1"


def test_the_sdk_is_loaded_at_the_first_question_only() -> None:
    code = (
        "import sys; from core.settings import Settings; from core import registry;"
        "from core.ports import LanguageModel;"
        "registry.create('language_models', 'openai', LanguageModel, Settings(_env_file=None));"
        "sys.exit('openai' in sys.modules)"
    )
    environment = {"OPENAI_MODEL": "m-1", "OPENAI_API_KEY": KEY, "PATH": ""}

    assert (
        subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0
    )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shape", [Extraction, Opinion, TacticProse])
def test_a_foreign_server_understands_every_schema(llmock: Any, form: Any, shape: Any) -> None:
    """llmock makes up an answer from the schema that it is sent."""
    endpoint = Endpoint(llmock.base_url(), KEY, form)

    answer = OpenAIModel(endpoint, "gpt-4o").complete(PROMPT, shape, PARAMETERS)

    assert isinstance(answer.value, shape)
    assert answer.usage.output_tokens > 0


@pytest.mark.parametrize("form", FORMS)
def test_a_foreign_server_s_failures_have_their_meaning(llmock: Any, form: Any) -> None:
    model = OpenAIModel(Endpoint(llmock.base_url(), KEY, form), "gpt-4o")
    llmock.rate_limit(retry_after=3).fail(503).context_overflow().reply("It will rise.")

    expected: list[type[AdapterError]] = [
        UnavailableError, UnavailableError, RejectedError, InvalidAnswerError,
    ]  # fmt: skip
    for one in expected:
        with pytest.raises(one):
            model.complete(PROMPT, Extraction, PARAMETERS)
    assert model.complete(PROMPT, Extraction, PARAMETERS).value
