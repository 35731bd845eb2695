from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.storage.storage import Storage


@pytest.fixture
def storage(data_dir: Path) -> Iterator[Storage]:
    opened = Storage(data_dir / "desk.duckdb")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def shared_storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    """One store for many small examples of a module."""
    opened = Storage(tmp_path_factory.mktemp("shared") / "desk.duckdb")
    yield opened
    opened.close()
