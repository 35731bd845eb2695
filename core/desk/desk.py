"""The desk as a whole: what pages, command line and routes hold in their hands."""

from __future__ import annotations

from core.desk.broker_link import BrokerLink
from core.desk.connections import Connections
from core.desk.controls import Controls
from core.desk.decisions import Decisions
from core.desk.discipline import Discipline
from core.desk.guards import Guards
from core.desk.housekeeping import Housekeeping
from core.desk.imports import Imports
from core.desk.insights import Insights
from core.desk.kill_switch import KillSwitch
from core.desk.live import Live
from core.desk.market import Market
from core.desk.positions import Positions
from core.desk.posts import Posts
from core.desk.reconciliation import Reconciliations
from core.desk.runs import Runs
from core.desk.track_record import TrackRecords
from core.flow.control import Control
from core.flow.engine import Engine
from core.flow.loader import LoadedWorkflows
from core.replay import Replay
from core.settings import Mode
from core.steps.services import Services


class Desk:
    """Everything an operator may ask or press, by subject."""

    def __init__(
        self,
        services: Services,
        engine: Engine,
        control: Control,
        workflows: LoadedWorkflows,
        replay: Replay,
    ) -> None:
        self.settings = services.settings
        self.clock = services.clock
        self.views = services.storage.views
        self.replay = replay
        self.runs = Runs(services, control, workflows)
        self.decisions = Decisions(services)
        self.connections = Connections(services)
        self.live = Live(services)
        self.market = Market(services, self.live)
        self.imports = Imports(services)
        self.insights = Insights(services)
        self.posts = Posts(services)
        self.reconciliation = Reconciliations(services)
        self.track_record = TrackRecords(services)
        self.discipline = Discipline(services)
        self.positions = Positions(services, self.discipline)
        self.housekeeping = Housekeeping(services, control, workflows)
        self.controls = Controls(services, self.housekeeping, KillSwitch(services, control))
        self.guards = Guards(services)
        self._link = BrokerLink(services, control)
        self._services, self._engine, self._engine_runs = services, engine, False

    @property
    def is_demo(self) -> bool:
        return self.settings.mode is Mode.DEMO

    def start_engine(self) -> None:
        """Let workflows run in this process; unfinished ones go on where they stopped."""
        if self._engine_runs:
            return
        if not self.settings.engine_database_url:  # this process is alone, so no lease is alive
            self._services.ledger.release_leases()
        self._engine.start()
        self._engine_runs = True

    def start(self) -> None:
        """Start the engine, the clock and the stream or, in the demo, the replay."""
        self.start_engine()
        self.housekeeping.start()
        self.live.start()
        if self.is_demo:
            self.replay.start()
        else:
            self._link.start()

    def close(self) -> None:
        """Stop in order: no new work, running steps to their end, then the stores."""
        self.live.stop()
        self._link.stop()
        self.housekeeping.stop()
        self.replay.stop()
        if self._engine_runs:
            self._engine.stop()
            self.housekeeping.mirror()
        self._engine.close()
        self._services.storage.close()
