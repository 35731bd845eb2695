"""alpaca-py's trading client, within bounds: one request a call, time-outs, a largest answer.

alpaca-py 0.44 sets no time-out, repeats a POST after 429 and 504, and leaves neither to its
caller: private attributes are set here, and tests/unit/test_alpaca_broker_client.py checks that
the pinned version still obeys them.
Source: https://docs.alpaca.markets/reference
"""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from typing import Any

import requests
from requests.adapters import HTTPAdapter

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # it imports websockets.legacy
    from alpaca import trading as sdk
    from alpaca.common.exceptions import APIError
    from alpaca.trading.client import TradingClient

__all__ = [
    "APIError",
    "Bounded",
    "Timeouts",
    "TooLargeError",
    "TradingClient",
    "sdk",
    "trading_client",
]

MAX_BODY_BYTES = 16 * 2**20  # a page of 500 orders with their legs has 2 MB
CHUNK_BYTES = 64 * 2**10


@dataclass(frozen=True)
class Timeouts:
    """Seconds: to connect, of silence, for a whole answer; and between two looks at an order."""

    connect: float = 3.0
    read: float = 10.0
    answer: float = 30.0
    settle: float = 10.0
    pause: float = 0.25


class TooLargeError(requests.exceptions.RequestException):
    """The answer is larger than any that is expected."""


class Bounded(HTTPAdapter):
    """Sends once, and reads an answer whole, within its bounds."""

    def __init__(self, timeouts: Timeouts) -> None:
        super().__init__(max_retries=0)
        self._timeouts = timeouts

    def send(self, request: requests.PreparedRequest, *args: Any, **keywords: Any) -> Any:
        bounds = {"stream": True, "timeout": (self._timeouts.connect, self._timeouts.read)}
        response = super().send(request, *args, **keywords | bounds)
        response._content = self._read(response)  # what its `content` returns from now on
        return response

    def _read(self, response: requests.Response) -> bytes:
        started, body = time.monotonic(), bytearray()
        with response:
            for chunk in response.iter_content(CHUNK_BYTES):
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise TooLargeError(f"the answer is larger than {MAX_BODY_BYTES:,} bytes")
                if time.monotonic() - started > self._timeouts.answer:
                    raise requests.exceptions.ReadTimeout("the answer took too long")
        return bytes(body)


def trading_client(keys: tuple[str, str], url: str, timeouts: Timeouts) -> TradingClient:
    """Return a client that asks once and answers in plain JSON."""
    client = TradingClient(*keys, raw_data=True, url_override=url)
    client._retry = 0
    for scheme in ("https://", "http://"):
        client._session.mount(scheme, Bounded(timeouts))
    return client
