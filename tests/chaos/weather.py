"""Bad weather on the way to the broker: requests and updates meet random faults."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from threading import Event, Lock

from werkzeug import Request

from tests.contract.stubs.alpaca.faults import Fault, Faults
from tests.contract.stubs.alpaca.service import Service
from tests.contract.stubs.alpaca.stream import Message, UpdateServer

# Refused keys, and the pause of a minute, stop a desk by intention.
STOPPING = {Fault.KEYS_REFUSED, Fault.FORBIDDEN, Fault.TOO_MANY_FOR_A_MINUTE}
KINDS = [fault for fault in Fault if fault not in STOPPING]
# Of a request of each method, how often it meets a fault. An account is read by dozens of GETs.
SHARES = {"POST": 0.35, "DELETE": 0.15, "PATCH": 0.15, "GET": 0.004}
TWICE_SHARE = 0.08  # of the orders: handed over twice by somebody on the way
LOST, REPEATED, DROPPED = 0.1, 0.15, 0.01  # of the stream's messages


class Weather(Faults):
    """Spoils requests at random until it is calm. met: how often each fault was met."""

    def __init__(self, service: Service, dice: random.Random, calm: Event) -> None:
        super().__init__()
        self.met: Counter[str] = Counter()
        self._service, self._dice, self._calm = service, dice, calm
        self._lock = Lock()

    def take(self, request: Request) -> Fault | None:
        if self._calm.is_set() or not request.path.startswith("/v2/"):
            return None
        with self._lock:
            is_twice = request.method == "POST" and self._dice.random() < TWICE_SHARE
            is_spoiled = self._dice.random() < SHARES[request.method]
            fault = self._dice.choice(KINDS) if is_spoiled else None
            self.met[f"{request.method} {fault.name}" if fault else request.method] += 1
            self.met["twice"] += is_twice
        if is_twice:
            self._service._answer(request)  # the second one, which is answered, is refused
        return fault


def spoiled_stream(
    stream: UpdateServer, dice: random.Random, calm: Event
) -> Callable[[Message], list[Message]]:
    """Return what loses, repeats and reorders updates, and ends connections now and then."""
    late: list[Message] = []

    def spoil(message: Message) -> list[Message]:
        if calm.is_set():
            return [message]
        if dice.random() < DROPPED:
            stream.drop()
        if dice.random() < LOST:
            late.append(message)  # it comes after the next one
            return []
        told = [message, *late]
        late.clear()
        return told * 2 if dice.random() < REPEATED else told

    return spoil
