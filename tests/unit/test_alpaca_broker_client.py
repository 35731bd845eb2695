"""alpaca-py as it is pinned: what is set on it from outside still does what it should."""

from __future__ import annotations

import importlib.metadata
import select
import time
from collections.abc import Iterator

import pytest
import requests
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from core.adapters.brokers.alpaca import client as subject
from core.adapters.brokers.alpaca.client import APIError, Timeouts, TooLargeError, trading_client

KEYS = ("stub-key", "stub-secret")
QUICK = Timeouts(connect=0.5, read=0.2, answer=0.4)
ORDERS = "/v2/orders"
PATIENCE_S = 10


def posting(server: HTTPServer, timeouts: Timeouts = QUICK) -> None:
    trading_client(KEYS, server.url_for("").rstrip("/"), timeouts).post("/orders", {"qty": 1})


def test_the_version_is_the_one_that_was_looked_into() -> None:
    assert importlib.metadata.version("alpaca-py").startswith("0.44.")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_post_is_never_repeated(httpserver: HTTPServer, status: int) -> None:
    httpserver.expect_request(ORDERS).respond_with_data("later", status=status)

    with pytest.raises(APIError) as raised:
        posting(httpserver)

    assert raised.value.status_code == status
    assert len(httpserver.log) == 1


def test_silence_ends(httpserver: HTTPServer) -> None:
    def silent(request: Request) -> Response:
        select.select([request.environ["werkzeug.socket"]], [], [], PATIENCE_S)
        return Response("{}")

    httpserver.expect_request(ORDERS).respond_with_handler(silent)
    started = time.monotonic()

    with pytest.raises(requests.exceptions.ReadTimeout):
        posting(httpserver)

    assert time.monotonic() - started < PATIENCE_S / 2


def test_an_answer_that_drips_ends(httpserver: HTTPServer) -> None:
    def dripping(request: Request) -> Response:
        def drops() -> Iterator[bytes]:
            for _ in range(20 * PATIENCE_S):
                time.sleep(0.05)
                yield b" " * (subject.CHUNK_BYTES + 1)

        return Response(drops())

    httpserver.expect_request(ORDERS).respond_with_handler(dripping)
    started = time.monotonic()

    with pytest.raises(requests.exceptions.ReadTimeout):
        posting(httpserver)

    assert time.monotonic() - started < PATIENCE_S / 2


def test_an_answer_without_end_is_not_read(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "MAX_BODY_BYTES", 1_000)
    httpserver.expect_request(ORDERS).respond_with_data("x" * 1_001)

    with pytest.raises(TooLargeError):
        posting(httpserver)


def test_a_redirect_is_not_followed(httpserver: HTTPServer) -> None:
    elsewhere = {"Location": httpserver.url_for("/elsewhere")}
    httpserver.expect_request(ORDERS).respond_with_data("", status=307, headers=elsewhere)

    posting(httpserver)

    assert [request.path for request, _ in httpserver.log] == [ORDERS]
