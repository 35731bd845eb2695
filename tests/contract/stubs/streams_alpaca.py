"""Alpaca's websocket as its documentation describes it; it says what the test tells it to say."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from queue import Queue
from threading import Thread
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

KEY_ID, SECRET = "stub-key", "stub-secret"
PATIENCE_S = 10
NONSENSE = (
    "<html>Bad gateway</html>",
    '{"T": "b"}',
    "[null, 7, []]",
    '[{"T": "b", "S": "AAPL", "t": "2023-09-15T14:00:00Z"}]',
    '[{"T": "b", "S": "AAPL", "o": "1", "h": 1, "l": 1, "c": 1, "v": 1, '
    '"t": "2023-09-15T14:00:00Z"}]',
    '[{"T": "q", "S": "AAPL", "bp": 1.0, "bs": 1, "ap": 1.1, "as": 1, "t": "yesterday"}]',
)


def install(monkeypatch: pytest.MonkeyPatch) -> StreamServer:
    """Start the server, and point the adapter at it."""
    server = StreamServer()
    monkeypatch.setenv("APCA_API_KEY_ID", KEY_ID)
    monkeypatch.setenv("APCA_API_SECRET_KEY", SECRET)
    monkeypatch.setenv("APCA_API_STREAM_URL", server.url)
    return server


class StreamServer:
    """Serves one client after another; what is sent goes to the newest."""

    def __init__(self) -> None:
        self.refusal: dict[str, Any] | None = None
        self.subscription: dict[str, Any] = {}
        self._subscribed: Queue[ServerConnection] = Queue()
        self._left: Queue[ServerConnection] = Queue()
        self._client: ServerConnection | None = None
        self._server = serve(self._talk, "127.0.0.1", 0, close_timeout=1)
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        port: int = self._server.socket.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def path(self) -> str:
        assert self._client is not None
        assert self._client.request is not None
        return self._client.request.path

    def refuse_keys(self) -> None:
        self.refusal = {"T": "error", "code": 402, "msg": "auth failed"}

    def wait_for_client(self) -> None:
        """Wait until a client has logged in and subscribed; the next messages go to it."""
        self._client = self._subscribed.get(timeout=PATIENCE_S)

    def wait_until_client_left(self) -> None:
        self._left.get(timeout=PATIENCE_S)

    def send_bar(self, symbol: str, started_at: datetime, close: float) -> None:
        self.send([bar(symbol, started_at, close)])

    def send_bar_again(self, symbol: str, started_at: datetime, close: float) -> None:
        self.send([bar(symbol, started_at, close, kind="u")])

    def send_quotes(self, symbol: str, bids: Sequence[float], quoted_at: datetime) -> None:
        self.send([quote(symbol, bid, quoted_at) for bid in bids])

    def send_nonsense(self) -> None:
        for frame in NONSENSE:
            self.send_text(frame)

    def send(self, messages: Sequence[Mapping[str, Any]]) -> None:
        self.send_text(json.dumps(messages))

    def send_text(self, frame: str) -> None:
        assert self._client is not None
        self._client.send(frame)

    def drop(self) -> None:
        """End the client's connection, as a restart of the server does."""
        assert self._client is not None
        self._client.close(1012)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join(PATIENCE_S)

    def _talk(self, client: ServerConnection) -> None:
        try:
            if self._log_in(client):
                self._subscribed.put(client)
                for _ in client:
                    pass
        except ConnectionClosed:
            return  # not every end of a line is a polite one
        finally:
            self._left.put(client)

    def _log_in(self, client: ServerConnection) -> bool:
        client.send('[{"T":"success","msg":"connected"}]')
        login = json.loads(client.recv())
        is_known = login == {"action": "auth", "key": KEY_ID, "secret": SECRET}
        if self.refusal is not None or not is_known:
            client.send(json.dumps([self.refusal or {"T": "error", "code": 402, "msg": "?"}]))
            return False
        client.send('[{"T":"success","msg":"authenticated"}]')
        self.subscription = json.loads(client.recv())
        channels = {name: self.subscription.get(name, []) for name in ("trades", "quotes", "bars")}
        client.send(json.dumps([{"T": "subscription", **channels}]))
        return True


def bar(symbol: str, started_at: datetime, close: float, kind: str = "b") -> dict[str, Any]:
    stamp = started_at.isoformat().replace("+00:00", "Z")
    return {
        "T": kind, "S": symbol, "o": 175.0, "h": 180.0, "l": 170.0, "c": close, "v": 4321, "n": 3,
        "vw": 175.2, "t": stamp,
    }  # fmt: skip


def quote(symbol: str, bid: float, quoted_at: datetime) -> dict[str, Any]:
    stamp = quoted_at.isoformat().replace("+00:00", ".335689322Z")
    return {
        "T": "q", "S": symbol, "bx": "V", "bp": bid, "bs": 200, "ax": "V", "ap": bid + 0.04,
        "as": 300, "c": ["R"], "z": "C", "t": stamp,
    }  # fmt: skip
