"""Alpaca's stream of trade updates: it says which order changed; what it is now is read.

Not alpaca-py's TradingStream: that one tries for ever with a refused key, and tells of no gap.
Source: https://docs.alpaca.markets/docs/websocket-streaming
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.sync.client import ClientConnection, connect

from core.adapters.alpaca_rest import MALFORMED, NAME
from core.adapters.alpaca_wire import parse_moment
from core.adapters.brokers.alpaca.families import entry_key
from core.domain.text import plain_text
from core.domain.trading import TradeUpdate
from core.errors import AuthenticationError, ConfigurationError

PAUSES_S = (0.5, 1, 2, 4, 8, 16, 30)
TICK_S = 0.25
LOGIN_TIMEOUT_S = 5.0
PING_S = 10.0
MAX_MESSAGE_BYTES = 2**20

log = logging.getLogger(__name__)
frames_log = logging.getLogger(f"{__name__}.frames")
frames_log.setLevel(logging.INFO)  # at DEBUG websockets logs each frame, and one holds the secret

OnUpdate = Callable[[TradeUpdate], None]


class LostError(Exception):
    """The connection ended, or none came about; a new one may do."""


class Updates:
    """One connection after another. known: returns the key of an order id and a group id, or ""."""

    def __init__(self, url: str, keys: tuple[str, str], known: Callable[[str, str], str]) -> None:
        self._url = url
        self._keys = keys
        self._known = known

    def listen(self, on_update: OnUpdate, stop: Event) -> None:
        """Tell of each message, and after each connect of a gap, until `stop` is set."""
        failures = 0
        while not stop.is_set():
            started = time.monotonic()
            try:
                self._follow(on_update, stop)
            except LostError as error:
                lasted = time.monotonic() - started > PAUSES_S[-1]
                failures = 1 if lasted else failures + 1
                pause = PAUSES_S[min(failures, len(PAUSES_S)) - 1]
                log.warning("alpaca's trade updates are lost, next try in %s s: %s", pause, error)
                stop.wait(pause)

    def _follow(self, on_update: OnUpdate, stop: Event) -> None:
        with _connected(self._url) as socket:
            if not self._log_in(socket, stop):
                return
            on_update(TradeUpdate(client_order_id="", event="connected", at=datetime.now(UTC)))
            while not stop.is_set():
                message = _receive(socket)
                if message.get("stream") == "trade_updates":
                    on_update(self._parse(message))

    def _log_in(self, socket: ClientConnection, stop: Event) -> bool:
        """Tell whether the stream is open; not if `stop` was set before.

        Raises: AuthenticationError.
        """
        key_id, secret = self._keys
        login = {"key_id": key_id, "secret_key": secret}
        socket.send(json.dumps({"action": "authenticate", "data": login}))
        status = _await(socket, "authorization", stop).get("status", "authorized")
        if status != "authorized":
            reason = f"the stream answers {plain_text(str(status), 100)}: check the keys"
            raise AuthenticationError(NAME, "listen", reason)
        socket.send(json.dumps({"action": "listen", "data": {"streams": ["trade_updates"]}}))
        streams = _await(socket, "listening", stop).get("streams", ())
        if "trade_updates" not in streams and not stop.is_set():
            raise LostError("the stream of trade updates is not offered")
        return not stop.is_set()

    def _parse(self, message: dict[str, Any]) -> TradeUpdate:
        """Read whose order changed; where that cannot be told, anything may have happened."""
        try:
            data = message["data"]
            order = data["order"]
            key = self._known(str(order["id"]), str(order.get("group_id") or "")) or _own_key(order)
            at = parse_moment(data["timestamp"])
            return TradeUpdate(client_order_id=key, event=str(data["event"])[:50], at=at)
        except MALFORMED as error:
            log.warning("alpaca sent a trade update of another shape: %s", error)
            return TradeUpdate(client_order_id="", event="unreadable", at=datetime.now(UTC))


def _own_key(order: dict[str, Any]) -> str:
    """Return the client order id, "" for a leg, whose id Alpaca made up."""
    is_leg = order.get("group_role") in {"take_profit", "stop_loss"} or order.get("replaces")
    return "" if is_leg else entry_key(str(order["client_order_id"]))


@contextmanager
def _connected(url: str) -> Iterator[ClientConnection]:
    try:
        with connect(
            url,
            open_timeout=LOGIN_TIMEOUT_S,
            close_timeout=0.5,
            ping_interval=PING_S,
            ping_timeout=PING_S,
            max_size=MAX_MESSAGE_BYTES,
            logger=frames_log,
        ) as socket:
            yield socket
    except InvalidURI as error:
        raise ConfigurationError(f"APCA_API_BASE_URL leads to no websocket: {error}") from None
    except InvalidStatus as error:
        if error.response.status_code in {401, 403}:
            raise AuthenticationError(NAME, "listen", str(error)) from None
        raise LostError(str(error)) from None
    except (ConnectionClosed, OSError, InvalidHandshake) as error:  # a TimeoutError is an OSError
        raise LostError(f"{type(error).__name__} {error}") from None


def _await(socket: ClientConnection, stream: str, stop: Event) -> dict[str, Any]:
    """Return what the stream answers to a step of the login, empty if `stop` is set."""
    deadline = time.monotonic() + LOGIN_TIMEOUT_S
    while time.monotonic() < deadline and not stop.is_set():
        message = _receive(socket)
        if message.get("stream") == stream and isinstance(message.get("data"), dict):
            data: dict[str, Any] = message["data"]
            return data
    if stop.is_set():
        return {}
    raise LostError(f"no {stream!r} within {LOGIN_TIMEOUT_S:.0f} s")


def _receive(socket: ClientConnection) -> dict[str, Any]:
    """Return the next message, an empty one if none comes within a tick or it cannot be read.

    Alpaca's paper service sends binary frames, the live one text.
    """
    try:
        message = json.loads(socket.recv(TICK_S))
    except TimeoutError:
        return {}
    except (ValueError, RecursionError) as error:
        log.warning("alpaca's stream sent what is not JSON: %s", error)
        return {"stream": "trade_updates"}
    return message if isinstance(message, dict) else {"stream": "trade_updates"}
