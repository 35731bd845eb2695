"""Desks for the pages: an empty one, and one with a few replayed sessions and a waiting plan."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache
from pathlib import Path

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1 import app_test as v1

from core import bootstrap
from core.desk import Desk
from core.settings import ROOT, Settings

MAIN = ROOT / "pages" / "main.py"
WAITING_DAY = date(2023, 9, 18)  # its morning asks for one order and its post
OpenPage = Callable[..., AppTest]


@pytest.fixture(scope="session", autouse=True)
def once_for_all_runs() -> Iterator[None]:
    """Each run would compile the pages and look for components in every installed package."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name in ((manifest_scanner, "scan_component_manifests"), (v1, "ScriptCache")):
            patch.setattr(module, name, cache(getattr(module, name)))
        yield


@contextmanager
def opened(folder: Path, **settings: str) -> Iterator[Desk]:
    desk = bootstrap.build(Settings(data_dir=folder, _env_file=None, **settings))
    try:
        yield desk
    finally:
        desk.close()


@pytest.fixture(scope="session")
def history(lived: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder after real sessions, the morning of `WAITING_DAY` being the newest."""
    folder = shutil.copytree(lived, tmp_path_factory.mktemp("history") / "var")
    with opened(folder) as desk:
        desk.start_engine()
        desk.runs.wait(desk.runs.start("daily_tactic", WAITING_DAY))
    return folder


@pytest.fixture
def desk(history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk of its own over a copy of the history; its engine stands still."""
    shutil.copytree(history, tmp_path / "var")
    with opened(tmp_path / "var") as own:
        yield installed(own, monkeypatch)


@pytest.fixture
def empty_desk(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with opened(data_dir) as own:
        yield installed(own, monkeypatch)


def installed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    st.cache_data.clear()
    monkeypatch.setattr(bootstrap, "desk", lambda: desk)
    return desk


def open_page(name: str, **query: str) -> AppTest:
    """Open the app at a page, as a deep link does."""
    app = AppTest.from_file(str(MAIN), default_timeout=60)
    if name != "overview":
        app.switch_page(str(MAIN.parent / f"{name}.py"))
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def told(app: AppTest) -> str:
    """Return every text on the page."""
    kinds = (app.title, app.subheader, app.markdown, app.caption, app.error, app.success)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def toasts(app: AppTest) -> str:
    return "\n".join(toast.value.replace("\\", "") for toast in app.toast)
