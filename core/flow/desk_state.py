"""The few switches of the desk: small values under a key, changed by compare-and-set."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from core.domain.flow import TradingState, TradingSwitch
from core.domain.guards import stricter_state
from core.errors import InvalidTransitionError
from core.flow.tables import desk_state

_TRADING, _REPLAY = "trading_state", "replay_position"
_BY_KEY = sa.select(desk_state).where(desk_state.c.key == sa.bindparam("key"))


class Entry(NamedTuple):
    """A value and the version that a change of it must name; version 0 is not there yet."""

    value: Any
    version: int
    updated_at: datetime | None = None
    updated_by: str = ""
    reason: str = ""


class DeskState:
    """Reads and sets the switches; every reader sees a change at once."""

    def __init__(self, database: sa.Engine) -> None:
        self._database = database

    def trading(self) -> TradingSwitch:
        """Return the trading state, who set it and why; active where nobody ever set it."""
        entry = self.read(_TRADING)
        return TradingSwitch(
            state=TradingState(entry.value or TradingState.ACTIVE),
            reason=entry.reason,
            updated_by=entry.updated_by,
            updated_at=entry.updated_at,
        )

    def trading_state(self) -> TradingState:
        return self.trading().state

    def allows_entries(self) -> bool:
        """Tell whether a new position may be opened."""
        return self.trading_state() is TradingState.ACTIVE

    def halt(self, reason: str, actor: str) -> TradingSwitch:
        """Send nothing from now on."""
        return self._switch(TradingState.HALTED, reason, actor)

    def reduce_only(self, reason: str, actor: str) -> TradingSwitch:
        """Let positions close, open none."""
        return self._switch(TradingState.REDUCE_ONLY, reason, actor)

    def tighten(self, state: TradingState, reason: str, actor: str) -> bool:
        """Change to a stricter state, never to a milder one; tell whether it is a change."""
        while True:
            entry = self.read(_TRADING)
            held = TradingState(entry.value or TradingState.ACTIVE)
            if stricter_state(held, state) is held:
                return False
            tightened = entry._replace(value=str(state), updated_by=actor, reason=reason)
            if self.write(_TRADING, tightened):
                return True

    def resume(self, reason: str, actor: str) -> TradingSwitch:
        return self._switch(TradingState.ACTIVE, reason, actor)

    def replay_position(self) -> datetime | None:
        """Return how far the demo has come, None before its first session."""
        value = self.read(_REPLAY).value
        return None if value is None else datetime.fromisoformat(value)

    def advance_replay(self, position: datetime, actor: str = "replay") -> None:
        """Move the demo's position.

        Raises: InvalidTransitionError if that would be a step back.
        """
        entry = self.read(_REPLAY)
        if entry.value is not None and position < datetime.fromisoformat(entry.value):
            raise InvalidTransitionError(f"the replay is at {entry.value}, it cannot go back")
        value = position.astimezone(UTC).isoformat()
        if not self.write(_REPLAY, entry._replace(value=value, updated_by=actor, reason="")):
            raise InvalidTransitionError("another process moved the replay at the same moment")

    def read(self, key: str) -> Entry:
        with self._database.begin() as connection:
            row = connection.execute(_BY_KEY, {"key": key}).one_or_none()
        if row is None:
            return Entry(None, 0)
        return Entry(row.value, row.version, row.updated_at, row.updated_by, row.reason)

    def write(self, key: str, entry: Entry) -> bool:
        """Store the value if the stored version still is `entry.version`."""
        values = {
            "value": entry.value,
            "version": entry.version + 1,
            "updated_at": datetime.now(UTC),
            "updated_by": entry.updated_by,
            "reason": entry.reason,
        }
        same = sa.and_(desk_state.c.key == key, desk_state.c.version == entry.version)
        statement: sa.Update | sa.Insert = sa.update(desk_state).where(same).values(values)
        if entry.version == 0:
            statement = sa.insert(desk_state).values(key=key, **values)
        try:
            with self._database.begin() as connection:
                return bool(connection.execute(statement).rowcount)
        except sa.exc.IntegrityError:
            return False

    def _switch(self, state: TradingState, reason: str, actor: str) -> TradingSwitch:
        if not reason.strip():
            raise InvalidTransitionError(f"a change to {state} needs a reason")
        entry = self.read(_TRADING)
        # A lost race is tried again: the newest press of the switch wins.
        while not self.write(
            _TRADING, entry._replace(value=str(state), updated_by=actor, reason=reason)
        ):
            entry = self.read(_TRADING)
        return self.trading()
