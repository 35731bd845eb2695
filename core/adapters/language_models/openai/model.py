"""The port over OpenAI's SDK, which is loaded at the first question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from core.adapters.fetching import is_web_address
from core.domain.model_calls import Answer, AnswerT, ModelParameters, Prompt
from core.errors import ConfigurationError
from core.settings import Settings

NAME = "openai"
OWN_HOST = "api.openai.com"  # regions stand before it, as in eu.api.openai.com
NO_KEY = "none"  # the SDK wants one; servers of one's own often take any


@dataclass(frozen=True)
class Limits:
    """How long a call may take, and how large an answer may be."""

    connect_s: float = 5.0
    total_s: float = 60.0
    max_bytes: int = 1_000_000


@dataclass(frozen=True)
class Endpoint:
    """Where a model is asked, with what, and in which of OpenAI's two forms."""

    url: str
    api_key: str
    form: Literal["responses", "completions"]
    limits: Limits = Limits()


def create(settings: Settings) -> OpenAIModel:
    """Build it.

    Raises: ConfigurationError if address, model or key is missing or wrong.
    """
    url, api_key = settings.openai_url, settings.openai_api_key.get_secret_value()
    if not is_web_address(url):
        raise ConfigurationError(f"OPENAI_BASE_URL={url!r} is no http(s) address")
    if not settings.openai_model:
        raise ConfigurationError("openai needs OPENAI_MODEL, the name of the model to ask")
    if _is_own(url) and not api_key:
        raise ConfigurationError(
            "openai needs OPENAI_API_KEY; only a server of your own (OPENAI_BASE_URL) does without"
        )
    if not (api_key.isascii() and api_key.isprintable()):
        raise ConfigurationError("OPENAI_API_KEY must be one line of plain characters")
    # What is compatible need not know the Responses API, or take its schema to heart.
    form: Literal["responses", "completions"] = "responses" if _is_own(url) else "completions"
    return OpenAIModel(Endpoint(url, api_key, form), settings.openai_model)


def _is_own(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host == OWN_HOST or host.endswith(f".{OWN_HOST}")


class OpenAIModel:
    """Asks one model; a call is tried once. Threads may share it."""

    name = NAME

    def __init__(self, endpoint: Endpoint, model: str) -> None:
        self.model = model
        server = NAME if _is_own(endpoint.url) else urlsplit(endpoint.url).netloc.rpartition("@")[2]
        self.engine = f"{server}/{model}"
        self._endpoint = endpoint

    def complete(
        self, prompt: Prompt, shape: type[AnswerT], parameters: ModelParameters
    ) -> Answer[AnswerT]:
        # The SDK takes seconds to load, and a desk must start without it.
        from core.adapters.language_models.openai import answers, wire  # noqa: PLC0415

        body = wire.ask(self._endpoint, prompt, shape, parameters)
        reply = answers.READERS[self._endpoint.form](body)
        return answers.to_answer(reply, shape, parameters)
