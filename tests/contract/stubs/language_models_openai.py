"""OpenAI's two forms, as published, and every way in which a server can fail at them.

Source: https://developers.openai.com/api/reference
"""

from __future__ import annotations

import json
import socket
import struct
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

EXTRACTION = '{"event": "earnings", "sentiment": 1, "relevance": 2}'
TOKENS = (210, 12)


def completion(
    text: str | None, *, finish: str = "stop", refusal: str | None = None
) -> dict[str, Any]:
    message = {"role": "assistant", "content": text, "refusal": refusal, "annotations": []}
    used, made = TOKENS
    return {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1795900454, "model": "m-1",
        "choices": [
            {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
        ],
        "usage": {"prompt_tokens": used, "completion_tokens": made, "total_tokens": used + made},
    }  # fmt: skip


def response(
    text: str | None, *, finish: str = "stop", refusal: str | None = None
) -> dict[str, Any]:
    part = {"type": "output_text", "text": text or "", "annotations": [], "logprobs": []}
    if refusal:
        part = {"type": "refusal", "refusal": refusal}
    reasons = {"length": "max_output_tokens", "content_filter": "content_filter"}
    used, made = TOKENS
    return {
        "id": "resp_1", "object": "response", "created_at": 1795900454, "model": "m-1",
        "status": "incomplete" if finish in reasons else "completed", "error": None,
        "incomplete_details": {"reason": reasons[finish]} if finish in reasons else None,
        "output": [
            {"id": "rs_1", "type": "reasoning", "summary": []},
            {"id": "msg_0", "type": "message", "role": "assistant", "status": "completed",
             "phase": "commentary", "content": [{"type": "output_text", "text": "Let me look."}]},
            {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
             "phase": "final_answer", "content": [part]},
        ],
        "usage": {"input_tokens": used, "input_tokens_details": {"cached_tokens": 0},
                  "output_tokens": made, "output_tokens_details": {"reasoning_tokens": 4},
                  "total_tokens": used + made},
    }  # fmt: skip


FORMS: dict[str, Callable[..., dict[str, Any]]] = {
    "responses": response, "completions": completion,
}  # fmt: skip
Behaviour = Callable[[BaseHTTPRequestHandler], None]


def install(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer every question that a compatible server is asked with one extraction."""

    def answer(request: Request) -> Response:
        if request.headers["Authorization"] != "Bearer test-key":
            return Response('{"error": {"message": "wrong key"}}', 401)
        return Response(json.dumps(completion(EXTRACTION)), content_type="application/json")

    httpserver.expect_request("/v1/chat/completions", "POST").respond_with_handler(answer)
    monkeypatch.setenv("OPENAI_BASE_URL", httpserver.url_for("/v1"))
    monkeypatch.setenv("OPENAI_API_KEY", "test-key")
    monkeypatch.setenv("OPENAI_MODEL", "m-1")


class ModelServer:
    """Behaves as it is told, once for each question, down to the socket."""

    def __init__(self, form: str) -> None:
        self.form, self.closed = form, Event()
        self.requests: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self._behaviours: deque[Behaviour] = deque()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def then(self, behaviour: Behaviour) -> None:
        self._behaviours.append(behaviour)

    def say(self, text: str | None, **ending: Any) -> None:
        self.then(whole(json.dumps(FORMS[self.form](text, **ending)).encode()))

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        model = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                model.paths.append(self.path)
                model.requests.append(json.loads(body))
                model._behaviours.popleft()(self)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        return Handler

    @contextmanager
    def running(self) -> Iterator[ModelServer]:
        thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            self.closed.set()
            self._server.shutdown()
            self._server.server_close()
            thread.join()


def whole(body: bytes, status: int = 200, **headers: str) -> Behaviour:
    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        given = {"Content-Type": "application/json", **headers}
        for name, value in {**given, "Content-Length": str(len(body))}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return behave


def refused(status: int, message: str, code: str | None = None, **headers: str) -> Behaviour:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return whole(json.dumps({"error": error}).encode(), status, **headers)


def cut_off(handler: BaseHTTPRequestHandler) -> None:
    """Promise a long body, send its start, hang up."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b'{"id": "resp_1", "output": [')
    handler.close_connection = True


def reset(handler: BaseHTTPRequestHandler) -> None:
    """Break the connection before any answer."""
    linger = struct.pack("ii", 1, 0)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    handler.connection.close()
    handler.wfile = handler.rfile = _Gone()  # type: ignore[assignment]
    handler.close_connection = True


class _Gone:
    closed = True

    def flush(self) -> None: ...

    def close(self) -> None: ...


def silent(server: ModelServer) -> Behaviour:
    def behave(handler: BaseHTTPRequestHandler) -> None:
        server.closed.wait(30)
        handler.close_connection = True

    return behave


def dripping(server: ModelServer) -> Behaviour:
    """Send a blank ever so often, as proxies do to keep a connection alive, and nothing else."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "5000")
        handler.end_headers()
        try:
            while not server.closed.wait(0.02):
                handler.wfile.write(b" ")
                handler.wfile.flush()
        except OSError:
            pass  # the client had enough
        handler.close_connection = True

    return behave
