"""The composition root: the only place that wires the desk together."""

from __future__ import annotations

import importlib
import os
import pkgutil
import socket
import uuid
from collections.abc import Sequence
from functools import cache

import core.steps
from core.adapter_choice import build_adapters
from core.clock import Clock, ReplayClock, WallClock
from core.desk import Desk
from core.errors import ConfigurationError
from core.flow.approvals import Approvals
from core.flow.budget import Budget
from core.flow.catalog import step_names
from core.flow.client import RunClient
from core.flow.control import Control
from core.flow.database import open_database
from core.flow.desk_state import DeskState
from core.flow.effects import EffectLedger
from core.flow.engine import Engine, worker_queues
from core.flow.loader import LoadedWorkflows, load_folder
from core.operator_files import load_playbook
from core.ports import MarketData
from core.replay import Replay, replay_start
from core.settings import Mode, Settings, load
from core.steps.board import Board
from core.steps.moment import session_of
from core.steps.plan_memory import PlanMemory
from core.steps.providers import Provider
from core.steps.services import Services, Universe, WorkerServices
from core.storage.configurations import Configuration
from core.storage.storage import Storage

EXECUTOR = "desk"
SAMPLE_UNIVERSE = Universe(("AAPL", "AMZN", "GOOG", "META", "NFLX", "NVDA"), leads=("LEAD6",))
WALL_UNIVERSE = Universe(("TSLA",), leads=("QQQ", "SPY"))


def build(settings: Settings) -> Desk:
    """Open the stores and wire the desk; nothing runs until `start`.

    Raises: StoreLockedError if another desk owns the data folder.
    """
    storage = Storage(settings.store_path, settings.market_data, settings.fundamentals)
    try:
        return _wire(settings, storage)
    except BaseException:
        storage.close()
        raise


def _wire(settings: Settings, storage: Storage) -> Desk:
    database = open_database(settings.engine_url)
    workflows = load_workflows(settings)
    client = RunClient(database)
    control = Control(client, workflows.workflows)
    playbook = load_playbook(settings.config_dir)
    state, adapters = DeskState(database), build_adapters(settings, playbook)
    budget = Budget(database, playbook.models.daily_budget_usd)
    budget.close_left_over()
    services = Services(
        settings=settings,
        clock=_clock(settings, state, adapters.market_data),
        universe=_universe(settings),
        playbook=playbook,
        adapters=adapters,
        ledger=EffectLedger(database, _owner()),
        state=state,
        approvals=Approvals(database, client, control.workflow),
        budget=budget,
        storage=storage,
        board=Board(storage),
        plans=PlanMemory(),
    )
    storage.policies.remember(playbook.policy, session_of(services.clock.now()))
    if not services.clock.is_replay:
        storage.configurations.remember(_configuration(services))
    engine = Engine(database, settings.engine_url, services, executor_id=EXECUTOR)
    replay = Replay(services, engine, control, workflows.workflows)
    return Desk(services, engine, control, workflows, replay)


def build_worker(settings: Settings) -> Engine:
    """Return the engine of a worker process: it takes effects, no whole runs, and has no store.

    Raises: ConfigurationError without PostgreSQL, which is what lets several processes work.
    """
    if not settings.engine_database_url.startswith("postgresql"):
        raise ConfigurationError("a worker needs ENGINE_DATABASE_URL=postgresql://… to share work")
    load_workflows(settings)
    database, name = open_database(settings.engine_url), _owner()
    services = WorkerServices(
        settings=settings,
        adapters=build_adapters(settings, load_playbook(settings.config_dir)),
        ledger=EffectLedger(database, name),
        state=DeskState(database),
    )
    return Engine(database, settings.engine_url, services, name, worker_queues())


def load_workflows(settings: Settings) -> LoadedWorkflows:
    """Register every step, then read the workflow files; broken ones are set aside."""
    for module in pkgutil.iter_modules(core.steps.__path__):
        importlib.import_module(f"core.steps.{module.name}")
    return load_folder(settings.config_dir / "workflows", step_names())


def _clock(settings: Settings, state: DeskState, bars: Sequence[Provider[MarketData]]) -> Clock:
    if settings.mode is not Mode.DEMO:
        return WallClock()
    return ReplayClock(state.replay_position, lambda: replay_start(bars, settings.demo_sessions))


def _universe(settings: Settings) -> Universe:
    default = SAMPLE_UNIVERSE if settings.market_data == ("sample",) else WALL_UNIVERSE
    return Universe(settings.watchlist or default.symbols, default.leads)


def _configuration(services: Services) -> Configuration:
    """Return what of the settings a snapshot depends on."""
    return Configuration(
        market_data=services.settings.market_data,
        fundamentals=services.settings.fundamentals,
        leads=services.universe.leads,
    )


def _owner() -> str:
    """Return the name under which this process leases effects."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:6]}"


@cache
def desk() -> Desk:
    """Return the one desk of this process; pages, routes and the clock share it."""
    return build(load())
