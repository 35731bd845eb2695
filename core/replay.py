"""The demo: the sample's newest sessions, driven through the real workflows by a replayed clock."""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from core.domain.market import BarQuery, Timeframe
from core.errors import AppError, ConfigurationError
from core.flow.control import Control
from core.flow.due import schedule
from core.flow.engine import Engine
from core.flow.spec import Workflow
from core.ports import MarketData
from core.steps.providers import Provider
from core.steps.services import Services

LOG = logging.getLogger(__name__)
NEW_YORK = ZoneInfo("America/New_York")
HISTORY = 250  # sessions that the averages of the first morning need
HELD_BACK = 5  # so that there is something left to live through after the replay
MORNING = "daily_tactic"
IDLE_TIMEOUT_S = 120.0
APPROVED_BY_REPLAY = {"approvals": "auto", "approver": "policy:demo replay"}


@dataclass(frozen=True)
class ReplayStatus:
    """How far the replay has come."""

    done: int
    total: int
    session_date: date | None
    is_filling: bool
    has_ended: bool
    error: str = ""


def sample_sessions(providers: Sequence[Provider[MarketData]]) -> list[date]:
    """Return the sessions of the sample, oldest first.

    Raises: ConfigurationError if another source than the sample is chosen.
    """
    provider = providers[0]
    symbols = provider.call(lambda source: source.symbols())
    if not symbols:
        raise ConfigurationError(
            f"the demo replays the sample and cannot replay {provider.name}: set "
            "CONVERGENCE_MARKET_DATA=sample, or CONVERGENCE_MODE=paper"
        )
    first, end = date(1900, 1, 1), date(2100, 1, 1)
    query = BarQuery(symbol=symbols[0], timeframe=Timeframe.DAY, start=first, end=end)
    return sorted(set(provider.call(lambda source: source.bars(query))["session_date"]))


def replay_start(providers: Sequence[Provider[MarketData]], sessions: int) -> datetime:
    """Return the moment before the morning of the first of so many replayed sessions.

    Raises: ConfigurationError if the sample has fewer, or too few before them to know anything.
    """
    known = sample_sessions(providers)
    if sessions + HELD_BACK + HISTORY > len(known):
        most = max(0, len(known) - HELD_BACK - HISTORY)
        raise ConfigurationError(f"CONVERGENCE_DEMO_SESSIONS={sessions}: the sample has {most}")
    first = known[-(sessions + HELD_BACK)]
    return datetime.combine(first, time(0), NEW_YORK).astimezone(UTC)


class Replay:
    """Moves the replayed clock forward, firing every scheduled workflow on the way."""

    def __init__(
        self,
        services: Services,
        engine: Engine,
        control: Control,
        workflows: Mapping[str, Workflow],
    ) -> None:
        self._services, self._workflows = services, workflows
        self._engine, self._control = engine, control
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._filling, self._error = False, ""
        self._sessions: list[date] = []

    def start(self) -> None:
        """Fill an empty desk, then live through one session at a time, in the background."""
        self._thread = threading.Thread(target=self._live, name="replay", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._wake.set()
        if self._thread:
            self._thread.join(IDLE_TIMEOUT_S)

    def press_next(self) -> None:
        """Ask for the next session; it is replayed in the background."""
        self._wake.set()

    def status(self) -> ReplayStatus:
        sessions, position = self.sessions(), self._services.state.replay_position()
        today = position.astimezone(NEW_YORK).date() if position else None
        window = self._window(sessions)
        return ReplayStatus(
            done=sum(1 for day in window if today and day <= today),
            total=len(window),
            session_date=today,
            is_filling=self._filling,
            has_ended=bool(today and today >= sessions[-1]),
            error=self._error,
        )

    def _window(self, sessions: Sequence[date]) -> Sequence[date]:
        """Return the sessions that an empty desk is filled with."""
        count = self._services.settings.demo_sessions
        return sessions[-(count + HELD_BACK) : -HELD_BACK]

    def sessions(self) -> list[date]:
        if not self._sessions:
            self._sessions = sample_sessions(self._services.adapters.market_data)
        return self._sessions

    def fill(self) -> None:
        """Replay the window; all but its last session are approved by the replay itself."""
        window = self._window(self.sessions())
        self._filling = True
        gc.freeze()  # else the collector walks the whole program again and again
        try:
            for day in window:
                self.advance_to(day, APPROVED_BY_REPLAY if day != window[-1] else {})
        finally:
            gc.unfreeze()
            self._filling = False

    def next_session(self) -> bool:
        """Advance to the morning of the next session; False when the sample has ended."""
        position = self._services.state.replay_position()
        today = position.astimezone(NEW_YORK).date() if position else date.min
        following = next((day for day in self.sessions() if day > today), None)
        if following is None:
            return False
        self.advance_to(following, {})
        return True

    def advance_to(self, day: date, extra_inputs: Mapping[str, str]) -> None:
        """Fire everything that is due up to the morning of `day`, in order, waiting for each."""
        until = datetime.combine(day, time(9, 0), NEW_YORK).astimezone(UTC)
        # What is due at this very moment is started again, in case a crash came in between: the
        # same moment has the same run id, so it runs once.
        since = self._services.clock.now() - timedelta(microseconds=1)
        for instant, workflow_id in schedule(self._workflows.values(), since, until):
            if self._stopping.is_set():
                return
            self._services.state.advance_replay(instant)
            inputs = run_inputs(instant) | dict(extra_inputs)
            self._engine.execute(self._workflows[workflow_id], inputs)
            self._control.wait_idle(IDLE_TIMEOUT_S)
            if workflow_id == MORNING:
                LOG.info("replayed the morning of %s", day)

    def _live(self) -> None:
        try:
            self.fill()
            seconds = self._services.settings.demo_seconds_per_session
            while not self._stopping.is_set():
                self._wake.wait(seconds)
                self._wake.clear()
                if self._stopping.is_set() or not self.next_session():
                    return
        except AppError as error:
            self._error = str(error)
            LOG.exception("the replay stopped")


def run_inputs(instant: datetime) -> dict[str, Any]:
    """Return the inputs of a run that is due at `instant`."""
    session_date = instant.astimezone(NEW_YORK).date()
    return {"as_of": instant.isoformat(), "session_date": session_date.isoformat()}
