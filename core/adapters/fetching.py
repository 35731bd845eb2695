"""Read one address: time, size and redirects are bounded."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx2

from core.errors import (
    AuthenticationError,
    RejectedError,
    UnavailableError,
    UnexpectedResponseError,
)

TIMEOUT = httpx2.Timeout(10.0, connect=5.0)  # seconds of silence
DEADLINE_S = 30.0
REDIRECTS = 5

# At INFO it logs each address with its query, where feeds keep keys.
logging.getLogger("httpx2").setLevel(logging.WARNING)


class MissingError(RejectedError):
    """There is nothing at this address."""


@dataclass(frozen=True)
class Answer:
    body: bytes
    charset: str


@dataclass
class Reader:
    """Reads addresses for the adapter and the operation that its errors name.

    max_bytes: of the body as decoded, whatever its headers say. deadline_s: for all of an answer.
    """

    adapter: str
    operation: str
    user_agent: str
    max_bytes: int
    deadline_s: float = DEADLINE_S
    requests_sent: int = field(default=0, init=False)

    def read(self, address: str) -> Answer:
        """Return what the address answers.

        Raises: UnavailableError, AuthenticationError, MissingError, RejectedError,
            UnexpectedResponseError; none tells what the address holds besides host and path.
        """
        with self._translated(shown(address)):
            # Under asyncio the deadline holds for all of it; a blocking client would wait for ever
            # on a server that drips its headers.
            return asyncio.run(self._read(address))

    async def _read(self, address: str) -> Answer:
        headers = {"User-Agent": self.user_agent, "Accept-Encoding": "gzip"}
        async with (
            asyncio.timeout(self.deadline_s),
            httpx2.AsyncClient(
                headers=headers,
                timeout=TIMEOUT,
                follow_redirects=True,
                max_redirects=REDIRECTS,
                event_hooks={"request": [self._count]},
            ) as client,
            client.stream("GET", address) as response,
        ):
            self._check(response.status_code, shown(address))
            body = bytearray()
            async for piece in response.aiter_bytes():  # at most 1 MB each, however it was packed
                body += piece
                if len(body) > self.max_bytes:
                    raise self._unexpected(f"{shown(address)} sends more than {self._limit}")
            return Answer(bytes(body), response.charset_encoding or "")

    async def _count(self, _request: httpx2.Request) -> None:
        self.requests_sent += 1  # each redirect is one too

    def _check(self, status: int, place: str) -> None:
        reason = f"{place} answers {status}"
        if status in {401, 403}:
            raise AuthenticationError(self.adapter, self.operation, reason)
        if status == 429 or status >= 500:
            raise UnavailableError(self.adapter, self.operation, reason)
        if status in {404, 410}:
            raise MissingError(self.adapter, self.operation, reason)
        if status >= 400:
            raise RejectedError(self.adapter, self.operation, reason)
        if status != 200:
            raise self._unexpected(reason)

    @contextmanager
    def _translated(self, place: str) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            reason = f"{place} gave no whole answer within {self.deadline_s:g} s"
            raise UnavailableError(self.adapter, self.operation, reason) from None
        except httpx2.TimeoutException as error:
            reason = f"{place} is silent ({type(error).__name__})"
            raise UnavailableError(self.adapter, self.operation, reason) from error
        except httpx2.TooManyRedirects as error:
            raise self._unexpected(f"{place} redirects more than {REDIRECTS} times") from error
        except (httpx2.DecodingError, httpx2.UnsupportedProtocol, httpx2.InvalidURL) as error:
            raise self._unexpected(f"{place} cannot be read: {error}") from error
        except httpx2.HTTPError as error:
            reason = f"{place} cannot be reached: {error or type(error).__name__}"
            raise UnavailableError(self.adapter, self.operation, reason) from error

    def _unexpected(self, reason: str) -> UnexpectedResponseError:
        return UnexpectedResponseError(self.adapter, self.operation, reason)

    @property
    def _limit(self) -> str:
        return f"{self.max_bytes / 1_000_000:g} MB"


def is_web_address(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def shown(address: str) -> str:
    """Return the address without what may be secret: user, password, query and fragment."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
