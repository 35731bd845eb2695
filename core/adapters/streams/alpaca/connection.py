"""One connection to Alpaca's websocket, from its login to its end."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from threading import Event
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.sync.client import ClientConnection, connect

from core.adapters.alpaca_rest import NAME
from core.adapters.streams.alpaca.inbox import Inbox
from core.adapters.streams.alpaca.messages import LostError, parse_frame, parse_refusal
from core.errors import AuthenticationError, ConfigurationError

CHANNELS = ("bars", "updatedBars", "quotes")
TICK_S = 0.25
LOGIN_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 0.5
PING_S = 10.0
MAX_MESSAGE_BYTES = 4 * 2**20

frames_log = logging.getLogger(f"{__name__}.frames")
frames_log.setLevel(logging.INFO)  # at DEBUG websockets logs each frame, and one holds the secret


class Connection:
    """Reads one feed into an inbox."""

    def __init__(self, url: str, keys: tuple[str, str], closing: Event) -> None:
        self._url = url
        self._keys = keys
        self._closing = closing

    def read(self, symbols: Sequence[str], inbox: Inbox) -> None:
        """Fill the inbox until `closing` is set.

        Raises: LostError; AuthenticationError, ConfigurationError.
        """
        with _connect(self._url) as socket:
            try:
                self._log_in(socket, symbols)
                inbox.connected(datetime.now(UTC))
                while not self._closing.is_set():
                    frame = _receive(socket)
                    if frame is not None:
                        inbox.put(frame)
            except ConnectionClosed as error:
                raise LostError(str(error)) from None

    def _log_in(self, socket: ClientConnection, symbols: Sequence[str]) -> None:
        key_id, secret = self._keys
        self._expect(socket, "connected")
        socket.send(json.dumps({"action": "auth", "key": key_id, "secret": secret}))
        self._expect(socket, "authenticated")
        wanted = {channel: list(symbols) for channel in CHANNELS}
        socket.send(json.dumps({"action": "subscribe", **wanted}))
        self._expect(socket, "subscription")

    def _expect(self, socket: ClientConnection, step: str) -> None:
        """Wait for a step of the login; each comes in a frame of its own."""
        deadline = time.monotonic() + LOGIN_TIMEOUT_S
        while time.monotonic() < deadline and not self._closing.is_set():
            message = _control_message(_receive(socket))
            if message.get("T") == "error":
                raise parse_refusal(message)
            if step in (message.get("T"), message.get("msg")):
                return
        raise LostError(f"no {step!r} within {LOGIN_TIMEOUT_S:.0f} s")


def _connect(url: str) -> ClientConnection:
    try:
        return connect(
            url,
            open_timeout=LOGIN_TIMEOUT_S,
            close_timeout=CLOSE_TIMEOUT_S,
            ping_interval=PING_S,
            ping_timeout=PING_S,
            max_size=MAX_MESSAGE_BYTES,
            logger=frames_log,
        )
    except InvalidURI as error:
        raise ConfigurationError(f"APCA_API_STREAM_URL is no websocket address: {error}") from None
    except InvalidStatus as error:
        if error.response.status_code in {401, 403}:
            raise AuthenticationError(NAME, "stream", str(error)) from None
        raise LostError(str(error)) from None
    except (OSError, InvalidHandshake) as error:  # a TimeoutError is an OSError
        raise LostError(f"{type(error).__name__} {error}") from None


def _receive(socket: ClientConnection) -> str | bytes | None:
    """Return the next frame, None if none comes within a tick."""
    try:
        return socket.recv(TICK_S)
    except TimeoutError:
        return None


def _control_message(frame: str | bytes | None) -> dict[str, Any]:
    """Return the message of a frame that holds just one, else an empty one."""
    try:
        messages = parse_frame(frame or "[]")
    except (ValueError, TypeError):
        return {}
    return messages[0] if len(messages) == 1 and isinstance(messages[0], dict) else {}
