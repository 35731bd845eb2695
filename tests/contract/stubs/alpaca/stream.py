"""Alpaca's websocket of trade updates, in the binary frames of its paper service."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from queue import Queue
from threading import Thread
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

PATIENCE_S = 10
Message = dict[str, Any]


@cache
def stream_server() -> UpdateServer:
    """Return the one server of this process; each test starts it anew by `reset`."""
    return UpdateServer()


class UpdateServer:
    """Sends every update to all who listen. spoil: what becomes of an update on its way."""

    def __init__(self) -> None:
        self.listening: Queue[ServerConnection] = Queue()
        self.spoil: Callable[[Message], list[Message]] = lambda message: [message]
        self.is_refusing = False
        self._keys = ("", "")
        self._clients: list[ServerConnection] = []
        self._server = serve(self._talk, "127.0.0.1", 0, close_timeout=1)
        Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}/stream"

    def reset(self, keys: tuple[str, str]) -> None:
        self.drop()
        self.listening = Queue()
        self.spoil = lambda message: [message]
        self.is_refusing, self._keys = False, keys

    def wait_for_client(self) -> None:
        self.listening.get(timeout=PATIENCE_S)

    def publish(self, message: Message) -> None:
        for each in self.spoil(message):
            self.send(json.dumps({"stream": "trade_updates", "data": each}).encode())

    def send(self, frame: str | bytes) -> None:
        for client in list(self._clients):
            try:
                client.send(frame)
            except ConnectionClosed:
                continue

    def drop(self) -> None:
        """End all connections, as a restart of the service does."""
        for client in list(self._clients):
            client.close(1012)

    def _talk(self, client: ServerConnection) -> None:
        try:
            if self._log_in(client):
                self._clients.append(client)
                self.listening.put(client)
                for _ in client:
                    pass
        except ConnectionClosed:
            return
        finally:
            if client in self._clients:
                self._clients.remove(client)

    def _log_in(self, client: ServerConnection) -> bool:
        login = json.loads(client.recv())
        key_id, secret = self._keys
        wanted = {"action": "authenticate", "data": {"key_id": key_id, "secret_key": secret}}
        is_known = login == wanted and not self.is_refusing
        status = "authorized" if is_known else "unauthorized"
        answer = {"status": status, "action": "authenticate"}
        client.send(json.dumps({"stream": "authorization", "data": answer}).encode())
        if not is_known:
            return False
        asked = json.loads(client.recv())
        client.send(json.dumps({"stream": "listening", "data": asked["data"]}).encode())
        return True
