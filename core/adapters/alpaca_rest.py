"""Alpaca's data services, read within bounds; all of Alpaca's data adapters go through here.

Not through alpaca-py 0.44: it has no time-out and no end of pages, sleeps between retries, and
imports `websockets.legacy`, which is deprecated.
Source: https://docs.alpaca.markets/reference
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx2

from core.domain.text import plain_text
from core.errors import (
    AuthenticationError,
    ConfigurationError,
    InsufficientDataError,
    RejectedError,
    UnavailableError,
    UnexpectedResponseError,
)
from core.settings import Settings

NAME = "alpaca"
TIMEOUT = httpx2.Timeout(10, connect=3)
ANSWER_TIMEOUT_S = 60.0  # for a body that drips
MAX_BODY_BYTES = 16 * 2**20  # a page of 10,000 bars has 1 MB
MAX_PAGES = 500
MALFORMED = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
INVALID_SYMBOL = re.compile(r"invalid symbol: ([^\s\"]+)")

AnswerT = TypeVar("AnswerT")


class InvalidSymbolError(InsufficientDataError):
    """Alpaca refuses a whole request for one symbol that it cannot read."""

    def __init__(self, symbol: str) -> None:
        super().__init__(f"alpaca has no {symbol!r}: check how it is spelled")
        self.symbol = symbol


def require_keys(settings: Settings) -> tuple[str, str]:
    """Return the key's id and its secret.

    Raises: ConfigurationError if one is missing or cannot stand in a header.
    """
    keys = (
        settings.alpaca_key_id.get_secret_value(),
        settings.alpaca_secret_key.get_secret_value(),
    )
    if not all(key and key.isascii() and key.isprintable() for key in keys):
        raise ConfigurationError(
            "alpaca needs APCA_API_KEY_ID and APCA_API_SECRET_KEY, each on one line as Alpaca's "
            "dashboard shows it"
        )
    return keys


class AlpacaRest:
    """Gets JSON from Alpaca; each call is tried once."""

    def __init__(self, settings: Settings) -> None:
        key_id, secret = require_keys(settings)
        self.data_url = _base(settings.alpaca_data_url)
        self.trading_url = _base(settings.alpaca_trading_url)
        self.requests_sent = 0
        self._http = httpx2.Client(
            headers={"APCA-API-KEY-ID": key_id, "APCA-API-SECRET-KEY": secret}, timeout=TIMEOUT
        )

    def get(self, operation: str, url: str, params: Mapping[str, str]) -> Any:
        """Return the answer.

        Raises: InvalidSymbolError, UnavailableError, AuthenticationError, RejectedError,
            UnexpectedResponseError.
        """
        return parse_answer(operation, *self._fetch(operation, url, params))

    def exists(self, operation: str, url: str) -> bool:
        """Tell whether Alpaca has what the address names."""
        response, body = self._fetch(operation, url, {})
        if response.status_code == 404:
            return False
        parse_answer(operation, response, body)
        return True

    def pages(
        self, operation: str, url: str, params: Mapping[str, str], content: str
    ) -> Iterator[Any]:
        """Yield the `content` of each page, to the last one."""
        query = dict(params)
        for _ in range(MAX_PAGES):
            page = self.get(operation, url, query)
            if not isinstance(page, dict) or content not in page:
                reason = f"the answer has no {content!r}"
                raise UnexpectedResponseError(NAME, operation, reason)
            yield page[content]
            if not page.get("next_page_token"):
                return
            query["page_token"] = str(page["next_page_token"])
        raise UnexpectedResponseError(NAME, operation, f"more than {MAX_PAGES} pages")

    def _fetch(
        self, operation: str, url: str, params: Mapping[str, str]
    ) -> tuple[httpx2.Response, bytes]:
        self.requests_sent += 1
        try:
            with self._http.stream("GET", url, params=params) as response:
                return response, _read(operation, response)
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
            raise ConfigurationError(f"the address {url!r} of alpaca is wrong: {error}") from None
        except httpx2.TransportError as error:
            reason = f"{type(error).__name__}: {error}"
            raise UnavailableError(NAME, operation, reason) from None
        except httpx2.DecodingError as error:
            raise UnexpectedResponseError(NAME, operation, str(error)) from None


def parse_answer(operation: str, response: httpx2.Response, body: bytes) -> Any:
    """Return the JSON of an answer that is one.

    Raises: as `AlpacaRest.get`.
    """
    _raise_for_status(operation, response, plain_text(body.decode(errors="replace"), 200))
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        start = plain_text(body[:1000].decode(errors="replace"), 100)
        reason = f"the answer is not JSON; it starts with {start!r}"
        raise UnexpectedResponseError(NAME, operation, reason) from None


def leave_out_invalid(
    symbols: Sequence[str], ask: Callable[[Sequence[str]], list[AnswerT]]
) -> list[AnswerT]:
    """Ask for all symbols at once, again without each that Alpaca names as invalid."""
    wanted = list(symbols)
    while wanted:
        try:
            return ask(wanted)
        except InvalidSymbolError as error:
            if error.symbol not in wanted:
                raise
            wanted.remove(error.symbol)
    return []


@contextmanager
def parsing(operation: str) -> Iterator[None]:
    """Turn what goes wrong with an answer of another shape into UnexpectedResponseError."""
    try:
        yield
    except MALFORMED as error:
        reason = (
            f"the answer has another shape: {type(error).__name__} {plain_text(str(error), 200)}"
        )
        raise UnexpectedResponseError(NAME, operation, reason) from error


def _base(url: str) -> str:
    return url.rstrip("/").removesuffix("/v2")  # Alpaca's dashboard shows the address with /v2


def _read(operation: str, response: httpx2.Response) -> bytes:
    """Read the body up to the bounds."""
    started, body = time.monotonic(), bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            reason = f"the answer is larger than {MAX_BODY_BYTES:,} bytes"
            raise UnexpectedResponseError(NAME, operation, reason)
        if time.monotonic() - started > ANSWER_TIMEOUT_S:
            reason = f"the answer took longer than {ANSWER_TIMEOUT_S:.0f} s"
            raise UnavailableError(NAME, operation, reason)
    return bytes(body)


def _raise_for_status(operation: str, response: httpx2.Response, message: str) -> None:
    status, reason = response.status_code, f"HTTP {response.status_code}: {message}"
    if status in {401, 403}:
        raise AuthenticationError(NAME, operation, reason)
    if status == 429 or status >= 500:
        wait = response.headers.get("Retry-After")
        raise UnavailableError(NAME, operation, f"{reason}; wait {wait} s" if wait else reason)
    if status == 400 and (named := INVALID_SYMBOL.search(message)):
        raise InvalidSymbolError(named[1])
    if status >= 400:
        raise RejectedError(NAME, operation, reason)
    if status != 200:
        raise UnexpectedResponseError(NAME, operation, reason)
