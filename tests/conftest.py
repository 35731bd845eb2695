"""What every suite may start from: stores that are empty, and a desk that has lived."""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

LIVED = 3

# How busy the machine is says nothing of us: there is no deadline.
settings.register_profile("quick", deadline=None, max_examples=30)
settings.register_profile("thorough", deadline=None, max_examples=100)
settings.load_profile("quick")


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose stores have been migrated; copying it is quicker than making one."""
    from core.flow.database import open_database
    from core.storage.storage import Storage

    folder = tmp_path_factory.mktemp("blank")
    Storage(folder / "desk.duckdb").close()
    open_database(f"sqlite:///{folder / 'engine.sqlite'}").dispose()
    return folder


@pytest.fixture
def data_dir(blank: Path, tmp_path: Path) -> Path:
    return shutil.copytree(blank, tmp_path / "var")


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A data folder after the first `LIVED` sessions of the demo; the first worker makes it."""
    own = tmp_path_factory.mktemp("lived")
    shared = (own if worker_id == "master" else own.parent).parent / "lived"
    with shared.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not shared.exists():
            live(own)
            own.rename(shared)
    return shared


def live(folder: Path) -> None:
    from core import bootstrap
    from core.replay import APPROVED_BY_REPLAY, HELD_BACK
    from core.settings import Settings

    desk = bootstrap.build(Settings(data_dir=folder, _env_file=None))
    try:
        desk.start_engine()
        last = desk.replay.sessions()[-(desk.settings.demo_sessions + HELD_BACK) :][LIVED - 1]
        desk.replay.advance_to(last, APPROVED_BY_REPLAY)
    finally:
        desk.close()
