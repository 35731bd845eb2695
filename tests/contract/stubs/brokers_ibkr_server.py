"""A gateway that can be connected to: sockets, the handshake, and what goes wrong on a line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from threading import Event, Thread
from typing import Protocol

from tests.contract.stubs.brokers_ibkr_wire import (
    SERVER_VERSION,
    Fields,
    error,
    frame,
    split_frames,
)

PATIENCE_S = 10
GREETING = b"API\0"
ALL_IS_WELL = (2104, "Market data farm connection is OK:usfarm")
CLIENT_ID_IN_USE = (326, "Unable to connect as the client id is already in use")


class Line(StrEnum):
    """mute: hears, does and says nothing of it. deaf: does not even hear."""

    CLEAR = "clear"
    MUTE = "mute"
    DEAF = "deaf"


class Desk(Protocol):
    """What stands behind the sockets."""

    accounts: str

    def next_order_id(self, client_id: int) -> int: ...

    def handle(self, client_id: int, fields: Sequence[str]) -> Iterable[Fields]:
        """Do what a client asks, and return the answers to it."""
        ...


class Client:
    """One connection. id: None until it has introduced itself."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.id: int | None = None


class Server:
    """Serves on a thread of its own; `send` and the faults may be called from any."""

    def __init__(self, desk: Desk) -> None:
        self.line = Line.CLEAR
        self.requests: list[Sequence[str]] = []
        self.hang_up_before: Callable[[Sequence[str]], bool] = _never
        self.hang_up_after: Callable[[Sequence[str]], bool] = _never
        self._desk = desk
        self._clients: list[Client] = []
        self._loop = asyncio.new_event_loop()
        self._ready = Event()
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(PATIENCE_S)

    def send(self, client_id: int | None, messages: Iterable[Fields]) -> None:
        """Send to one client, None to all; in the order of the calls."""
        self._loop.call_soon_threadsafe(self._send, client_id, list(messages))

    def drop_all(self) -> None:
        """End every connection, and wait until that is done."""
        done = Event()
        self._loop.call_soon_threadsafe(self._drop_all, done)
        assert done.wait(PATIENCE_S)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._talk, "127.0.0.1", 0))
        self.port: int = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        self._drop_all(Event())
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = Client(writer)
        self._clients.append(client)
        try:
            await self._greet(reader, writer)
            data = b""
            while more := await reader.read(65536):
                frames, data = split_frames(data + more)
                for fields in frames:
                    self._hear(client, fields)
        except (ConnectionError, asyncio.IncompleteReadError):
            return  # not every end of a line is a polite one
        finally:
            if client in self._clients:
                self._clients.remove(client)
            writer.close()

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(len(GREETING)) == GREETING
        length = int.from_bytes(await reader.readexactly(4), "big")
        oldest, newest = (int(v) for v in (await reader.readexactly(length))[1:].split(b".."))
        assert oldest <= SERVER_VERSION <= newest
        if self.line is not Line.DEAF:
            writer.write(frame([SERVER_VERSION, "20261124 10:00:00 EST"]))

    def _hear(self, client: Client, fields: Sequence[str]) -> None:
        if self.line is Line.DEAF or client.writer.is_closing():
            return
        if fields[0] == "71":
            self._introduce(client, int(fields[2]))
            return
        self.requests.append(fields)
        if self.hang_up_before(fields):
            client.writer.close()
            return
        assert client.id is not None
        answers = self._desk.handle(client.id, fields)
        if self.hang_up_after(fields):
            client.writer.close()
            return
        self._send(client.id, answers)

    def _introduce(self, client: Client, client_id: int) -> None:
        if any(other.id == client_id for other in self._clients):
            client.writer.write(frame(error(-1, *CLIENT_ID_IN_USE)))
            client.writer.close()
            return
        client.id = client_id
        number = self._desk.next_order_id(client_id)
        self._send(
            client_id, [[15, 1, self._desk.accounts], [9, 1, number], error(-1, *ALL_IS_WELL)]
        )

    def _send(self, client_id: int | None, messages: Iterable[Fields]) -> None:
        data = b"".join(frame(message) for message in messages)
        if self.line is not Line.CLEAR:
            return
        for client in self._clients:
            is_meant = client.id is not None and client_id in (None, client.id)
            if is_meant and not client.writer.is_closing():
                client.writer.write(data)

    def _drop_all(self, done: Event) -> None:
        for client in self._clients:
            client.writer.close()
        self._clients.clear()
        done.set()


def _never(_: Sequence[str]) -> bool:
    return False
