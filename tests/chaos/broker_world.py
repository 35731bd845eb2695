"""The world outside of the desk: `python -m tests.chaos.broker_world FOLDER SEED`.

Alpaca's stub in a process of its own, which outlives every desk: the way to it is bad, its market
trades in swarms, and under /chaos/ it tells the test what has really happened. It writes its
addresses to FOLDER/world.json and lives until it is killed.
"""

from __future__ import annotations

import json
import random
import sys
from decimal import Decimal
from pathlib import Path
from threading import Event, Thread
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.chaos.weather import Weather, spoiled_stream
from tests.contract.stubs.alpaca import answers
from tests.contract.stubs.brokers_alpaca import LAST_PRICE, AlpacaVenue
from tests.contract.stubs.exchange import Exchange, ExchangeFill, ExchangeOrder
from tests.ready_plans import ENTRY, STOP, TARGETS

SYMBOLS = tuple(f"KX{number:02}" for number in range(50))
PAUSE_S = 0.4, 1.6  # between two swarms, so that an account can be read without a trade in it
MOVING_SHARE = 0.5  # of the symbols of which something is open
NEUTRAL = Decimal(101)  # no entry, no stop and no target is here

# What the market does next with a symbol: a price, how many shares, how likely.
TO_ENTER = ((ENTRY, None, 6), (ENTRY, 3, 3), (ENTRY, 7, 2), (101.0, None, 1), (STOP - 1, None, 1))
TO_LEAVE = (
    (STOP, None, 3), (STOP, 2, 1), (TARGETS[0], None, 3), (TARGETS[1], None, 3),
    (TARGETS[1], 4, 1), (101.0, None, 2), (ENTRY, None, 1),
)  # fmt: skip


class World:
    """A market that never sleeps, until it is told to be calm."""

    def __init__(self, venue: AlpacaVenue, dice: random.Random) -> None:
        self._venue, self._dice = venue, dice
        self._calm = Event()
        venue.exchange.last |= dict.fromkeys(SYMBOLS, LAST_PRICE)
        venue.service.is_checked = False  # the contract checks the words; here it takes too long
        venue.service.faults = Weather(venue.service, dice, self._calm)
        venue.stream.spoil = spoiled_stream(venue.stream, dice, self._calm)

    @property
    def exchange(self) -> Exchange:
        return self._venue.exchange

    def live(self) -> None:
        while not self._calm.wait(self._dice.uniform(*PAUSE_S)):
            with self.exchange.lock:
                for symbol in SYMBOLS:
                    if symbol not in self._used():
                        self._venue.trade(symbol, NEUTRAL)
                    elif self._dice.random() < MOVING_SHARE:
                        self._move(symbol)

    def _used(self) -> set[str]:
        return {order.symbol for order in self.exchange.open_orders()} | {*self.exchange.held()}

    def _move(self, symbol: str) -> None:
        moves = TO_LEAVE if symbol in self.exchange.held() else TO_ENTER
        price, shares, _ = self._dice.choices(moves, [weight for _, _, weight in moves])[0]
        volume = None if shares is None else Decimal(shares)
        self._venue.trade(symbol, Decimal(str(price)), volume)

    def calm(self, _: Request) -> Response:
        """Let nothing fail any more, and nothing trade by itself."""
        self._calm.set()
        return Response("{}")

    def tick(self, _: Request) -> Response:
        """Let what is on its way out at the market get there."""
        for symbol in SYMBOLS:
            self._venue.trade(symbol, NEUTRAL)
        return Response("{}")

    def free(self, _: Request) -> Response:
        """Tell the last prices of the symbols of which nothing is open."""
        with self.exchange.lock:
            free = [symbol for symbol in SYMBOLS if symbol not in self._used()]
            prices = {symbol: float(self.exchange.last[symbol]) for symbol in free}
        return Response(json.dumps(prices))

    def state(self, _: Request) -> Response:
        with self.exchange.lock:
            told = {
                "orders": [_order(order) for order in self.exchange.orders],
                "fills": [_fill(fill) for fill in self.exchange.fills],
                "held": {s: str(h.quantity) for s, h in self.exchange.held().items()},
                "cash": str(self.exchange.cash()),
                "faults": dict(self._venue.service.faults.met),  # type: ignore[attr-defined]
                "requests": len(self._venue.service.requests),
            }
        return Response(json.dumps(told))


def _order(order: ExchangeOrder) -> dict[str, Any]:
    return {
        "id": order.id,
        "client_order_id": order.client_order_id,
        "symbol": order.symbol,
        "side": order.side.value,
        "quantity": str(order.quantity),
        "filled": str(order.filled),
        "is_open": order.status.is_open,
        "works": order.status.works,
        "is_stop": order.kind.has_stop,
        "is_exit": order.is_exit,
        "replaces": order.replaces,
        "group": order.group.id if order.group else "",
    }


def _fill(fill: ExchangeFill) -> dict[str, Any]:
    return {
        "id": answers.activity_id(fill),
        "symbol": fill.order.symbol,
        "side": fill.order.side.value,
        "quantity": str(fill.quantity),
        "price": str(fill.price),
    }


def main(folder: Path, seed: int) -> None:
    server = HTTPServer("127.0.0.1", 0, threaded=True)
    server.start()
    world = World(venue := AlpacaVenue(server), random.Random(seed))
    for name in ("calm", "tick", "free", "state"):
        server.expect_request(f"/chaos/{name}").respond_with_handler(getattr(world, name))
    Thread(target=world.live, daemon=True).start()
    addresses = {"url": venue.url, "stream": venue.stream.url}
    (folder / "world.tmp").write_text(json.dumps(addresses))
    (folder / "world.tmp").rename(folder / "world.json")
    Event().wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
