"""Halt and resume, verify the ledger, back the stores up, tell how the desk is."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from core.desk.housekeeping import Housekeeping
from core.desk.kill_switch import KillSwitch, SwitchState
from core.domain.audit import ChainReport
from core.domain.flow import TradingState
from core.domain.guards import Halt, HaltDepth
from core.domain.reports import HealthReport
from core.steps.services import Services
from core.storage.sqlite_copy import copy_sqlite

NEW_YORK = ZoneInfo("America/New_York")


class Controls:
    """The switches of the desk."""

    def __init__(
        self, services: Services, housekeeping: Housekeeping, kill_switch: KillSwitch
    ) -> None:
        self._services, self._housekeeping = services, housekeeping
        self._kill_switch = kill_switch

    def trading_state(self) -> TradingState:
        return self._services.state.trading_state()

    def switch(self) -> SwitchState:
        """Return the trading state with its reason, and what the kill switch has come to."""
        return self._kill_switch.state()

    def halt(self, reason: str, actor: str, depth: HaltDepth = HaltDepth.CANCEL) -> Halt:
        """Let no new order out until somebody resumes; the account is cleared down to a depth."""
        return self._kill_switch.halt(reason, actor, depth)

    def resume(self, reason: str, actor: str) -> TradingState:
        """Let entries out again.

        Raises: DomainError where guards or books have something against it.
        """
        return self._kill_switch.resume(reason, actor).state

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
