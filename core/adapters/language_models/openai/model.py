"""The port over OpenAI's SDK, which is loaded at the first question."""

from __future__ import annotations

from dataclasses import dataclass
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
    """Where and with what a model is asked."""

    url: str
    api_key: str
    limits: Limits = Limits()

    @property
    def is_own(self) -> bool:
        """True for OpenAI itself; what is compatible need not know the Responses API."""
        host = urlsplit(self.url).hostname or ""
        return host == OWN_HOST or host.endswith(f".{OWN_HOST}")


def create(settings: Settings) -> OpenAIModel:
    """Build it.

    Raises: ConfigurationError without a model, with a wrong address, without a key for OpenAI.
    """
    endpoint = Endpoint(settings.openai_url, settings.openai_api_key.get_secret_value())
    if not is_web_address(endpoint.url):
        raise ConfigurationError(f"OPENAI_BASE_URL={endpoint.url!r} is no http(s) address")
    if not settings.openai_model:
        raise ConfigurationError("openai needs OPENAI_MODEL, the name of the model to ask")
    if endpoint.is_own and not endpoint.api_key:
        raise ConfigurationError(
            "openai needs OPENAI_API_KEY; only a server of your own (OPENAI_BASE_URL) does without"
        )
    return OpenAIModel(endpoint, settings.openai_model)


class OpenAIModel:
    """Asks one model; a call is tried once. Threads may share it."""

    name = NAME

    def __init__(self, endpoint: Endpoint, model: str) -> None:
        self.model = model
        server = NAME if endpoint.is_own else urlsplit(endpoint.url).netloc.rpartition("@")[2]
        self.engine = f"{server}/{model}"
        self._endpoint = endpoint

    def complete(
        self, prompt: Prompt, shape: type[AnswerT], parameters: ModelParameters
    ) -> Answer[AnswerT]:
        # The SDK takes seconds to load, and a desk must start without it.
        from core.adapters.language_models.openai import answers, wire  # noqa: PLC0415

        body = wire.ask(self._endpoint, prompt, shape, parameters)
        read = answers.read_response if self._endpoint.is_own else answers.read_completion
        return answers.to_answer(read(body), shape, parameters)
