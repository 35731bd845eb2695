"""Halt and resume, verify the ledger, back the stores up, tell how the desk is."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from core.desk.housekeeping import Housekeeping
from core.domain.audit import ChainReport
from core.domain.flow import TradingState
from core.domain.reports import HealthReport
from core.errors import InvalidTransitionError
from core.steps.services import Services
from core.storage.sqlite_copy import copy_sqlite

NEW_YORK = ZoneInfo("America/New_York")


class Controls:
    """The switches of the desk."""

    def __init__(self, services: Services, housekeeping: Housekeeping) -> None:
        self._services, self._housekeeping = services, housekeeping

    def trading_state(self) -> TradingState:
        return self._services.state.trading_state()

    def halt(self, reason: str, actor: str) -> TradingState:
        """Let no new entry out until somebody resumes."""
        self._services.state.halt(_said(reason), actor)
        self._audit(actor, "halt", reason)
        return self.trading_state()

    def resume(self, reason: str, actor: str) -> TradingState:
        """Let entries out again."""
        self._services.state.resume(_said(reason), actor)
        self._audit(actor, "resume", reason)
        return self.trading_state()

    def verify(self) -> ChainReport:
        """Recompute the hash chain over every ledger row."""
        return self._services.storage.audit.verify()

    def backup(self, folder: Path) -> list[Path]:
        """Copy both stores into `folder`, while the desk goes on."""
        folder.mkdir(parents=True, exist_ok=True)
        store = folder / self._services.settings.store_path.name
        self._services.storage.backup(store)
        return [store, *self._backup_sqlite(folder)]

    def _backup_sqlite(self, folder: Path) -> list[Path]:
        """Copy the SQLite files beside the store; PostgreSQL has its own tools."""
        copies = []
        for source in sorted(self._services.settings.data_dir.glob("*.sqlite")):
            copy_sqlite(source, folder / source.name)
            copies.append(folder / source.name)
        return copies

    def health(self) -> HealthReport:
        """Tell how the desk is; `degraded` names what is not well."""
        now, keeper = self._services.clock.now(), self._housekeeping
        states = {
            "store": self._store_state(),
            "engine": keeper.engine_state(),
            "clock": keeper.clock_state(),
        }
        healthy = all(state.startswith("ok") for state in states.values())
        return HealthReport(
            status="ok" if healthy else "degraded",
            mode=self._services.settings.mode,
            desk_time=now,
            session_date=now.astimezone(NEW_YORK).date(),
            trading=self.trading_state(),
            last_runs=keeper.last_runs(),
            **states,
        )

    def _store_state(self) -> str:
        rows = self._services.storage.audit.count()
        return f"ok, {rows} ledger rows"

    def _audit(self, actor: str, action: str, reason: str) -> None:
        now = self._services.clock.now()
        self._services.storage.audit.record(actor, action, "desk", {"reason": reason}, now)


def _said(reason: str) -> str:
    if not reason.strip():
        raise InvalidTransitionError("say why, in a few words")
    return reason.strip()
