"""What goes wrong on the way to Alpaca, and on the way back."""

from __future__ import annotations

import select
import time
from dataclasses import dataclass
from enum import Enum
from typing import Any

from werkzeug import Request, Response

PATIENCE_S = 30
SLOW_S = 0.2
HTML = "<html><head><title>Bad gateway</title></head><body>try again</body></html>"


@dataclass(frozen=True)
class Kind:
    """is_done: whether Alpaca did it all the same. manner: hang, reset, slow, or by an answer."""

    is_done: bool
    manner: str = ""
    status: int = 200
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()


class Fault(Enum):
    GATEWAY_AFTER = Kind(is_done=True, status=504, body=HTML)
    GATEWAY_BEFORE = Kind(is_done=False, status=504, body=HTML)
    ERROR_AFTER = Kind(is_done=True, status=500, body='{"code": 50010000, "message": "internal"}')
    ERROR_BEFORE = Kind(is_done=False, status=500, body='{"code": 50010000, "message": "internal"}')
    TOO_MANY = Kind(is_done=False, status=429, body='{"message": "too many requests."}')
    TOO_MANY_FOR_A_MINUTE = Kind(
        is_done=False,
        status=429,
        body='{"message": "too many requests."}',
        headers=(("Retry-After", "60"),),
    )
    EMPTY_AFTER = Kind(is_done=True, status=200)
    HTML_AFTER = Kind(is_done=True, status=200, body=HTML)
    OTHER_SHAPE_AFTER = Kind(is_done=True, status=200, body='["an order"]')
    NOT_FOUND_BY_A_PROXY = Kind(is_done=False, status=404, body=HTML)
    KEYS_REFUSED = Kind(
        is_done=False, status=401, body='{"code": 40110000, "message": "request is not authorized"}'
    )
    FORBIDDEN = Kind(is_done=False, status=403, body='{"message": "forbidden."}')
    HANG_AFTER = Kind(is_done=True, manner="hang")
    HANG_BEFORE = Kind(is_done=False, manner="hang")
    RESET_AFTER = Kind(is_done=True, manner="reset")
    RESET_BEFORE = Kind(is_done=False, manner="reset")
    SLOW = Kind(is_done=True, manner="slow")


class Faults:
    """What happens to the next requests of a method to an address."""

    def __init__(self) -> None:
        self._plan: list[tuple[str, str, Fault]] = []

    def next(self, fault: Fault, times: int = 1, on: str = "POST /v2/orders") -> None:
        """Let a fault meet the next requests whose address starts so."""
        method, path = on.split(" ")
        self._plan += [(method, path, fault)] * times

    def take(self, request: Request) -> Fault | None:
        for planned in self._plan:
            method, path, fault = planned
            if request.method == method and request.path.startswith(path):
                self._plan.remove(planned)
                return fault
        return None


def spoil(fault: Fault, request: Request, answer: Response | None) -> Response:
    """Return what comes of an answer; a hang lasts until the client goes away."""
    kind: Kind = fault.value
    if kind.manner == "slow":
        assert answer is not None
        time.sleep(SLOW_S)
        return answer
    if not kind.manner:
        return Response(kind.body, kind.status, dict(kind.headers))
    socket: Any = request.environ["werkzeug.socket"]
    if kind.manner == "hang":
        select.select([socket], [], [], PATIENCE_S)
    socket.shutdown(2)
    return Response(status=500)  # nobody hears it
