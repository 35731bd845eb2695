"""What the numbers of IBKR's messages mean for us.

Source: https://ibkrcampus.com/campus/ibkr-api-page/twsapi-doc/#api-error-codes
"""

from __future__ import annotations

from core.errors import AdapterError, AuthenticationError, RejectedError, UnavailableError

DUPLICATE_ORDER_ID = 103
NO_SUCH_CONTRACT = 200
CANCELED = 202
HELD_FOR_LOCATE = 404  # taken, and held until somebody lends the shares, whenever that is

CUT_OFF = {1100, 2110}  # the gateway has lost IBKR's servers
RESTORED = {1101, 1102}  # 1101: and what was subscribed is lost
PORT_RESET = 1300
PACING = 100

# The order lives all the same: it opens later, or its end is told, which we asked for.
HARMLESS = {165, 399, 492, 10167, CANCELED}


def is_harmless(code: int) -> bool:
    return code in HARMLESS or 2100 <= code < 2200


def to_error(operation: str, code: int, message: str) -> AdapterError:
    """Return the error that IBKR's answer to a request is."""
    text = f"{message} ({code})"
    if "read-only" in message.lower():
        hint = "switch off Read-Only API in the gateway's settings"
        return AuthenticationError("ibkr", operation, f"{text}: {hint}")
    if code == PACING or code in CUT_OFF or 500 <= code < 600:
        return UnavailableError("ibkr", operation, text)
    return RejectedError("ibkr", operation, text)
