"""Alpaca's frames, and what its refusals mean."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from core.adapters.alpaca_rest import NAME
from core.domain.text import plain_text
from core.errors import AuthenticationError, ConfigurationError

KEY_REFUSED = (402, 409)  # a wrong key; a feed that is not in the subscription
LIST_REFUSED = (400, 405, 410)  # a symbol that Alpaca cannot read; more than are paid for
OCCUPIED = 406


class LostError(Exception):
    """The connection ended, or none came about; a new one may do."""


class OccupiedError(LostError):
    """The account's one connection is in use, maybe by our last one, not yet cleared away."""


def parse_frame(frame: str | bytes) -> list[Any]:
    """Return the messages of a frame, unread.

    Raises: ValueError, TypeError.
    """
    try:
        messages = json.loads(frame)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(messages, list):
        raise TypeError("a frame is a list of messages")
    return messages


def parse_refusal(message: Mapping[str, Any]) -> Exception:
    """Return the error that Alpaca's error message is."""
    code, text = message.get("code"), plain_text(f"{message.get('code')} {message.get('msg')}", 200)
    if code in KEY_REFUSED:
        return AuthenticationError(NAME, "stream", text)
    if code in LIST_REFUSED:
        return ConfigurationError(
            f"alpaca refused the subscription: {text}; check the symbols, and how many your plan "
            "allows"
        )
    return OccupiedError(text) if code == OCCUPIED else LostError(text)
