"""The composition root: the only place that picks adapters and wires them together."""

from __future__ import annotations

import importlib
import os
import pkgutil
import socket
import uuid
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

import core.steps
from core import registry
from core.analysis.entities import Entities, EntityLinker
from core.analysis.prompts import PromptLibrary
from core.analysis.rendering import Renderer, Voice
from core.analysis.sentiment import Lexicon, SentimentReader
from core.clock import Clock, ReplayClock, WallClock
from core.desk import Desk
from core.domain.events import EventCalendar
from core.domain.feed_policy import FeedPolicy
from core.domain.model_policy import ModelPolicy
from core.domain.risk import RiskPolicy
from core.domain.setups import SetupFile
from core.errors import ConfigurationError, FileError
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
from core.flow.runtime import running
from core.ports import (
    Alerts,
    Analyst,
    Broker,
    FundamentalsSource,
    LanguageModel,
    MarketData,
    MarketStream,
    News,
    Publisher,
)
from core.replay import Replay, replay_start
from core.settings import Mode, Settings, load
from core.steps.board import Board
from core.steps.limits import Timing, TokenBucket
from core.steps.plan_memory import PlanMemory
from core.steps.providers import Provider
from core.steps.services import Adapters, NewsDesk, Playbook, Services, Universe, WorkerServices
from core.storage.configurations import Configuration
from core.storage.storage import Storage

ModelT = TypeVar("ModelT", bound=BaseModel)

EXECUTOR = "desk"
RULES = "rules"
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
    if not services.clock.is_replay:
        storage.configurations.remember(
            Configuration(
                market_data=settings.market_data,
                fundamentals=settings.fundamentals,
                leads=services.universe.leads,
            )
        )
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
    )
    return Engine(database, settings.engine_url, services, name, worker_queues())


def build_adapters(settings: Settings, playbook: Playbook) -> Adapters:
    """Build what is chosen; the adapters of one vendor share its rate limit."""
    timing, buckets = Timing(wait=_pause), dict[str, TokenBucket]()

    def provider(name: str, adapter: registry.PortT) -> Provider[registry.PortT]:
        own = playbook.feeds.provider(name)
        bucket = TokenBucket(own.requests_per_minute, timing.clock)
        bucket = buckets.setdefault(name, bucket)
        return Provider(name, adapter, own, bucket=bucket, timing=timing)

    def one(kind: str, name: str, port: type[registry.PortT]) -> registry.PortT:
        return registry.create(kind, name, port, settings)

    def some(
        kind: str, names: Sequence[str], port: type[registry.PortT]
    ) -> list[Provider[registry.PortT]]:
        return [provider(name, one(kind, name, port)) for name in names]

    return Adapters(
        market_data=some("market_data", settings.market_data, MarketData),
        news=some("news", settings.news, News),
        fundamentals=some("fundamentals", settings.fundamentals, FundamentalsSource),
        analyst=one("analysts", RULES, Analyst),
        language_model=_language_model(settings, playbook.models, timing),
        broker=one("brokers", settings.broker, Broker),
        publishers={name: one("publishers", name, Publisher) for name in settings.publishers},
        alerts=one("alerts", settings.alerts, Alerts),
        stream=_stream(settings),
    )


def _language_model(
    settings: Settings, policy: ModelPolicy, timing: Timing
) -> Provider[LanguageModel] | None:
    """Return the model that was chosen as analyst, None where the rules are."""
    if settings.analyst == RULES:
        return None
    adapter = registry.create("language_models", settings.analyst, LanguageModel, settings)
    bucket = TokenBucket(policy.server.requests_per_minute, timing.clock)
    return Provider(settings.analyst, adapter, policy.server, bucket=bucket, timing=timing)


def _pause(seconds: float) -> None:
    """Wait within a step; a stop of the engine ends it."""
    running().pause(seconds)


def _stream(settings: Settings) -> MarketStream | None:
    if not settings.stream:
        return None
    if settings.mode is Mode.DEMO:
        raise ConfigurationError(
            f"CONVERGENCE_STREAM={settings.stream}: the demo replays the sample and follows no "
            "live market; set CONVERGENCE_MODE=paper, or leave CONVERGENCE_STREAM empty"
        )
    return registry.create("streams", settings.stream, MarketStream, settings)


def load_workflows(settings: Settings) -> LoadedWorkflows:
    """Register every step, then read the workflow files; broken ones are set aside."""
    for module in pkgutil.iter_modules(core.steps.__path__):
        importlib.import_module(f"core.steps.{module.name}")
    return load_folder(settings.config_dir / "workflows", step_names())


def load_playbook(folder: Path) -> Playbook:
    """Read the operator's files: policies, setups, templates, voice, names and words."""
    return Playbook(
        policy=_read(folder / "policy.yaml", RiskPolicy),
        feeds=_read(folder / "feeds.yaml", FeedPolicy),
        news=NewsDesk(
            linker=EntityLinker(_read(folder / "entities.yaml", Entities)),
            sentiment=SentimentReader(_read(folder / "lexicon.yaml", Lexicon)),
        ),
        setups=tuple(
            _read(path, SetupFile) for path in sorted((folder / "tactics").glob("*.yaml"))
        ),
        events=_read(folder / "events.yaml", EventCalendar),
        models=_read(folder / "models.yaml", ModelPolicy),
        prompts=PromptLibrary(_texts(folder / "prompts")),
        renderer=Renderer(
            _texts(folder / "templates"), _read(folder / "templates" / "voice.yaml", Voice)
        ),
    )


def _texts(folder: Path) -> dict[str, str]:
    """Return the templates of a folder by their names."""
    return {
        path.name.removesuffix(".md.j2"): path.read_text(encoding="utf-8")
        for path in sorted(folder.glob("*.md.j2"))
    }


def _read(path: Path, model: type[ModelT]) -> ModelT:
    try:
        return model.model_validate(
            yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        )
    except FileNotFoundError:
        raise ConfigurationError(f"{path} is missing") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise FileError(path, mark.line + 1 if mark else 1, "", str(error)) from error
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise FileError(path, _line_of(path, first["loc"]), field, first["msg"]) from error


def _line_of(path: Path, location: tuple[int | str, ...]) -> int:
    """Return the line of the first key of `location`, 1 where the key is missing."""
    lines = path.read_text(encoding="utf-8").splitlines()
    key = f"{location[0]}:" if location else ""
    return next((n for n, line in enumerate(lines, 1) if key and line.startswith(key)), 1)


def _clock(settings: Settings, state: DeskState, bars: Sequence[Provider[MarketData]]) -> Clock:
    if settings.mode is not Mode.DEMO:
        return WallClock()
    return ReplayClock(state.replay_position, lambda: replay_start(bars, settings.demo_sessions))


def _universe(settings: Settings) -> Universe:
    default = SAMPLE_UNIVERSE if settings.market_data == ("sample",) else WALL_UNIVERSE
    return Universe(settings.watchlist or default.symbols, default.leads)


def _owner() -> str:
    """Return the name under which this process leases effects."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:6]}"


@cache
def desk() -> Desk:
    """Return the one desk of this process; pages, routes and the clock share it."""
    return build(load())
