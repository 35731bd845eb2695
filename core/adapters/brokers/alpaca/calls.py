"""One call to Alpaca at a time, and what its failure means for us.

A write that was not answered clearly may have happened: it is never repeated here.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import requests
from urllib3.exceptions import MaxRetryError, NewConnectionError

from core.adapters.alpaca_rest import NAME, parsing
from core.adapters.brokers.alpaca.client import APIError
from core.domain.text import plain_text
from core.errors import (
    AdapterError,
    AuthenticationError,
    ConfigurationError,
    OutcomeUnknownError,
    RejectedError,
    UnavailableError,
    UnexpectedResponseError,
)

NOT_FOUND, DUPLICATE = 40410000, 40010001
WRONG_ADDRESS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
)
MAX_WAIT_S = 60.0  # its limits are per minute

ParsedT = TypeVar("ParsedT")


class RefusedError(RejectedError):
    """Alpaca refused, under its own code."""

    def __init__(self, operation: str, status: int, code: int, message: str) -> None:
        super().__init__(NAME, operation, f"HTTP {status}, {code}: {message}")
        self.code, self.message = code, message

    @property
    def is_duplicate(self) -> bool:
        return self.code == DUPLICATE and "unique" in self.message


class Calls:
    """Asks Alpaca once a call; after a 429 not before the moment that it named."""

    def __init__(self) -> None:
        self._wait_until = 0.0

    def read(
        self, operation: str, call: Callable[[], Any], parse: Callable[[Any], ParsedT]
    ) -> ParsedT:
        """Return what Alpaca answers.

        Raises: UnavailableError, AuthenticationError, RejectedError, UnexpectedResponseError.
        """
        answer = self._ask(operation, call, UnavailableError)
        if answer is None:
            raise UnavailableError(NAME, operation, "the answer is empty")
        with parsing(operation):
            return parse(answer)

    def find(
        self, operation: str, call: Callable[[], Any], parse: Callable[[Any], ParsedT]
    ) -> ParsedT | None:
        """Return what Alpaca answers, None where it is sure that there is nothing."""
        try:
            return self.read(operation, call, parse)
        except RefusedError as error:
            if error.code == NOT_FOUND:
                return None
            raise

    def write(
        self, operation: str, call: Callable[[], Any], parse: Callable[[Any], ParsedT]
    ) -> ParsedT:
        """Return what Alpaca answers; an answer that cannot be read tells nothing.

        Raises: UnavailableError (surely not done), OutcomeUnknownError, AuthenticationError,
            RejectedError.
        """
        answer = self._ask(operation, call, OutcomeUnknownError)
        try:
            with parsing(operation):
                return parse(answer)
        except UnexpectedResponseError as error:
            raise OutcomeUnknownError(NAME, operation, error.reason) from error

    def _ask(self, operation: str, call: Callable[[], Any], unanswered: type[AdapterError]) -> Any:
        self._obey_the_limit(operation)
        try:
            return call()
        except APIError as error:
            raise self._refusal(operation, error, unanswered) from None
        except WRONG_ADDRESS as error:
            raise ConfigurationError(f"APCA_API_BASE_URL is wrong: {error}") from None
        except (requests.exceptions.RequestException, RecursionError) as error:
            kind = UnavailableError if _never_arrived(error) else unanswered
            raise kind(NAME, operation, _shown(error)) from None

    def _obey_the_limit(self, operation: str) -> None:
        left = self._wait_until - time.monotonic()
        if left > 0:
            raise UnavailableError(NAME, operation, f"not asked: its limit holds {left:.1f} s more")

    def _refusal(
        self, operation: str, error: APIError, unanswered: type[AdapterError]
    ) -> AdapterError:
        status = error.status_code or 0
        code, message = _parse_refusal(str(error))
        reason = f"HTTP {status}: {message}"
        if status == 429:
            wait = _retry_after(error.response)
            self._wait_until = time.monotonic() + wait
            return UnavailableError(NAME, operation, f"{reason}; wait {wait:.0f} s")
        if status == 401 or (status == 403 and not code):
            return AuthenticationError(NAME, operation, reason)
        if status >= 500 or status == 408 or code is None:  # it is not Alpaca who says so
            return unanswered(NAME, operation, reason)
        return RefusedError(operation, status, code, message)


def _never_arrived(error: Exception) -> bool:
    """Tell whether there was no connection over which the request could have gone."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)


def _parse_refusal(body: str) -> tuple[int | None, str]:
    """Return Alpaca's code, 0 where it gives none, None where these are not its words; and them."""
    try:
        answer = json.loads(body)
        return int(answer.get("code", 0)), plain_text(str(answer.get("message", "")), 200)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None, plain_text(body, 200)


def _retry_after(response: requests.Response | None) -> float:
    """Return the seconds to wait, 0 where none are named."""
    text = response.headers.get("Retry-After", "") if response is not None else ""
    try:
        wait = float(text)
    except ValueError:
        try:
            wait = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return 0.0
    return min(max(wait, 0.0), MAX_WAIT_S)


def _shown(error: Exception) -> str:
    return plain_text(f"{type(error).__name__}: {error}", 200)
