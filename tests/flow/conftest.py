"""A database and an engine for each test; DBOS is a singleton, so every engine is stopped."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import tests.flow.bodies  # noqa: F401  (registers the steps)
from core import bootstrap
from core.flow.client import RunClient
from core.flow.control import Control
from core.flow.database import open_database
from core.flow.engine import Engine
from core.flow.spec import Workflow
from core.settings import Settings
from tests.postgres import postgres_server, postgres_url  # noqa: F401

AS_OF = "2026-11-24T13:15:00+00:00"

PLAN_DAY = date(2023, 6, 26)  # its morning has one plan to trade, of META

both = pytest.mark.parametrize(
    "url", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)


@pytest.fixture(scope="session")
def plan_morning(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder after the morning of `PLAN_DAY`: one order and its post are asked for."""
    folder = tmp_path_factory.mktemp("plan_morning")
    desk = bootstrap.build(Settings(data_dir=folder, _env_file=None))
    desk.start_engine()
    try:
        run = desk.runs.wait(desk.runs.start("daily_tactic", PLAN_DAY))
        assert run.status == "succeeded"
    finally:
        desk.close()
    return folder


@dataclass
class Rig:
    """An engine with its controls over one database."""

    url: str
    database: sa.Engine
    folder: Path
    services: Any = None
    workflows: dict[str, Workflow] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.client = RunClient(self.database)
        self.control = Control(self.client, self.workflows)
        self.engine = Engine(self.database, self.url, self.services)
        self.is_running = False

    @property
    def journal(self) -> Path:
        return self.folder / "journal"

    @property
    def gate(self) -> Path:
        return self.folder / "gate"

    def inputs(self, **more: Any) -> dict[str, Any]:
        return {"as_of": AS_OF, "journal": str(self.journal), "gate": str(self.gate), **more}

    def add(self, *nodes: dict[str, Any], id: str = "flow", **more: Any) -> Workflow:  # noqa: A002
        self.workflows[id] = Workflow(id=id, title=id, nodes=nodes, **more)
        return self.workflows[id]

    def run(self, *nodes: dict[str, Any], timeout_s: float = 20, **inputs: Any) -> str:
        """Start the engine if need be, run one workflow of `nodes` to its end."""
        self.add(*nodes)
        self.start()
        run_id = self.control.start("flow", self.inputs(**inputs))
        self.control.wait(run_id, timeout_s)
        return run_id

    def states(self, run_id: str) -> dict[str, str]:
        return {step.id: str(step.status) for step in self.control.steps(run_id)}

    def start(self) -> None:
        if not self.is_running:
            self.engine.start()
            self.is_running = True

    def stop(self, timeout_s: float = 5) -> bool:
        was_idle = self.engine.stop(timeout_s) if self.is_running else True
        self.is_running = False
        return was_idle


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if getattr(request, "param", "sqlite") == "postgres":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path / 'engine.sqlite'}"


@pytest.fixture
def database(url: str, blank: Path, tmp_path: Path) -> Iterator[sa.Engine]:
    if url.startswith("sqlite"):
        shutil.copy(blank / "engine.sqlite", tmp_path)
    engine = open_database(url)
    yield engine
    engine.dispose()


@pytest.fixture
def make_rig(url: str, database: sa.Engine, tmp_path: Path) -> Iterator[Callable[..., Rig]]:
    rigs: list[Rig] = []

    def make(services: Any = None) -> Rig:
        rigs.append(Rig(url, database, tmp_path, services))
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.gate.touch()
        rig.stop()
        rig.client.close()


@pytest.fixture
def rig(make_rig: Callable[..., Rig]) -> Rig:
    return make_rig()
