"""One question over HTTP by OpenAI's SDK: time and size are bounded, its errors are translated.

Source: https://developers.openai.com/api/reference
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from functools import cache
from typing import Any

import httpx2
import openai
from openai import AsyncOpenAI
from pydantic import BaseModel

from core.adapters.fetching import shown
from core.adapters.language_models.openai.model import NAME, NO_KEY, Endpoint, Limits
from core.adapters.language_models.openai.schema import strict_schema
from core.domain.model_calls import ModelParameters, Prompt
from core.domain.text import plain_text
from core.errors import (
    AdapterError,
    AuthenticationError,
    InvalidAnswerError,
    RefusedAnswerError,
    RejectedError,
    TruncatedAnswerError,
    UnansweredError,
    UnavailableError,
)

OPERATION = "complete"
FILTERED = {"content_filter", "content_policy_violation"}
NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)
REASON_CHARACTERS = 300

# At INFO it logs each address.
logging.getLogger("httpx2").setLevel(logging.WARNING)


def ask(
    endpoint: Endpoint, prompt: Prompt, shape: type[BaseModel], parameters: ModelParameters
) -> bytes:
    """Return the body of the answer to one question.

    Raises: as `LanguageModel.complete`.
    """
    arguments = REQUESTS[endpoint.form](prompt, shape, parameters)
    with _translated(endpoint):
        # Under asyncio the deadline holds for all of it, however slowly a server drips.
        return asyncio.run(_ask(endpoint, arguments))


async def _ask(endpoint: Endpoint, arguments: Mapping[str, Any]) -> bytes:
    limits = endpoint.limits
    async with (
        asyncio.timeout(limits.total_s),
        AsyncOpenAI(
            api_key=endpoint.api_key or NO_KEY,
            base_url=endpoint.url,
            max_retries=0,  # the engine and the caller decide about a second try
            timeout=httpx2.Timeout(limits.total_s, connect=limits.connect_s),
            http_client=openai.DefaultAsyncHttpx2Client(verify=_trusted()),
        ) as client,
        _sent(client, endpoint, arguments) as response,
    ):
        return await _read(response, limits)


@cache
def _trusted() -> ssl.SSLContext:
    return httpx2.create_ssl_context()  # takes longer than a question to a server nearby


def _sent(
    client: AsyncOpenAI, endpoint: Endpoint, arguments: Mapping[str, Any]
) -> AbstractAsyncContextManager[Any]:
    if endpoint.form == "responses":
        return client.responses.with_streaming_response.create(**arguments)
    return client.chat.completions.with_streaming_response.create(**arguments)


async def _read(response: Any, limits: Limits) -> bytes:
    body = bytearray()
    try:
        async for piece in response.iter_bytes():
            body += piece
            if len(body) > limits.max_bytes:
                reason = f"the answer is larger than {limits.max_bytes:,} bytes"
                raise InvalidAnswerError(NAME, OPERATION, reason)
    except (httpx2.ReadError, httpx2.RemoteProtocolError) as error:
        reason = f"the answer broke off: {error or type(error).__name__}"
        raise TruncatedAnswerError(NAME, OPERATION, reason) from error
    return bytes(body)


def _response_request(
    prompt: Prompt, shape: type[BaseModel], parameters: ModelParameters
) -> dict[str, Any]:
    form = {"type": "json_schema", "name": shape.__name__, "strict": True}
    return {
        "input": _messages(prompt),
        "text": {"format": {**form, "schema": strict_schema(shape)}},
        "max_output_tokens": parameters.maximum_output_tokens,
        "store": False,
        **_common(parameters),
    }


def _completion_request(
    prompt: Prompt, shape: type[BaseModel], parameters: ModelParameters
) -> dict[str, Any]:
    schema = {"name": shape.__name__, "strict": True, "schema": strict_schema(shape)}
    return {
        "messages": _messages(prompt),
        "response_format": {"type": "json_schema", "json_schema": schema},
        "max_tokens": parameters.maximum_output_tokens,  # many servers know no newer name
        "seed": parameters.seed,
        **_common(parameters),
    }


REQUESTS = {"responses": _response_request, "completions": _completion_request}


def _messages(prompt: Prompt) -> list[dict[str, str]]:
    return [
        {"role": "system", "content": prompt.system},
        {"role": "user", "content": prompt.user},
    ]


def _common(parameters: ModelParameters) -> dict[str, Any]:
    if parameters.temperature is None:
        return {"model": parameters.model}
    return {"model": parameters.model, "temperature": parameters.temperature}


@contextmanager
def _translated(endpoint: Endpoint) -> Iterator[None]:
    try:
        yield
    except (TimeoutError, httpx2.TimeoutException):
        reason = f"no whole answer within {endpoint.limits.total_s:g} s"
        raise UnansweredError(NAME, OPERATION, reason) from None
    except openai.APIStatusError as error:
        raise _status_error(error, endpoint.api_key) from None
    except openai.APIConnectionError as error:
        raise _connection_error(error, endpoint) from error
    except (openai.OpenAIError, httpx2.HTTPError, httpx2.InvalidURL) as error:
        reason = f"{type(error).__name__}: {_plain(str(error), endpoint.api_key)}"
        raise UnansweredError(NAME, OPERATION, reason) from error


def _connection_error(error: openai.APIConnectionError, endpoint: Endpoint) -> UnavailableError:
    cause, place = error.__cause__, shown(endpoint.url)
    kind = type(cause or error).__name__
    if isinstance(cause, NOT_SENT):
        return UnavailableError(NAME, OPERATION, f"{place} cannot be reached: {kind}")
    if isinstance(error, openai.APITimeoutError):
        return UnansweredError(NAME, OPERATION, f"{place} is silent ({kind})")
    return UnansweredError(NAME, OPERATION, f"{place} broke the connection: {kind}")


def _status_error(error: openai.APIStatusError, api_key: str) -> AdapterError:
    status = error.status_code
    reason = f"HTTP {status}: {_plain(error.message, api_key)}"
    if status in {401, 403}:
        return AuthenticationError(NAME, OPERATION, reason)
    if status in {408, 409, 429} or status >= 500:
        wait = error.response.headers.get("Retry-After")
        reason = f"{reason}; it asks to wait {plain_text(wait, 40)} s" if wait else reason
        return UnavailableError(NAME, OPERATION, reason)
    if status == 400 and error.code in FILTERED:
        return RefusedAnswerError(NAME, OPERATION, reason)
    return RejectedError(NAME, OPERATION, reason)


def _plain(text: str, api_key: str) -> str:
    """Return what a server says, bounded and without the key that it may repeat."""
    return plain_text(text.replace(api_key, "…") if api_key else text, REASON_CHARACTERS)
