"""Nothing that the desk runs on is under the GPL, the AGPL or the Commons Clause."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

LOCK = Path(__file__).parents[2] / "requirements.txt"
FORBIDDEN = re.compile(
    r"\bA?GPL|Affero|(?<!Lesser )General Public License|Commons[ -]Clause", re.IGNORECASE
)
LESSER = re.compile(r"\bLGPL|Lesser General Public License", re.IGNORECASE)

# The LGPL binds changes to the library itself. This driver is installed unchanged, as a separate
# package that anybody can replace; DBOS and ENGINE_DATABASE_URL need it for PostgreSQL.
LESSER_ALLOWED = {"psycopg", "psycopg-binary"}


def requirements() -> list[str]:
    lines = [line for line in LOCK.read_text(encoding="utf-8").splitlines() if line[:1].isalnum()]
    wanted = [Requirement(line) for line in lines]
    return sorted({one.name for one in wanted if one.marker is None or one.marker.evaluate()})


def licence(installed: Distribution) -> str:
    """Return the licence as declared: expression, classifiers or field, else the licence file."""
    meta = installed.metadata
    classifiers = [c for c in meta.get_all("Classifier") or [] if c.startswith("License ::")]
    declared = [meta.get("License-Expression") or "", *classifiers, (meta.get("License") or "")]
    return " ".join(part for part in declared if part).strip() or _licence_file(installed)


def _licence_file(installed: Distribution) -> str:
    shipped = [f for f in installed.files or [] if "licen" in f.name.lower()]
    return " ".join(Path(str(f.locate())).read_text(encoding="utf-8") for f in shipped)


@pytest.mark.parametrize("name", requirements())
def test_every_runtime_requirement_has_a_licence_we_can_keep(name: str) -> None:
    try:
        found = licence(distribution(name))
    except PackageNotFoundError:
        pytest.fail(f"{name} is in {LOCK.name} but not installed: run `make setup`")

    assert found, f"{name} declares no licence"
    assert not FORBIDDEN.search(found), found
    assert not LESSER.search(found) or name in LESSER_ALLOWED, found


@pytest.mark.parametrize(
    "text",
    [
        "GPL-3.0-only",
        "AGPL-3.0-or-later",
        "License :: OSI Approved :: GNU Affero General Public License v3",
        "GNU General Public License v2 (GPLv2)",
        "Apache-2.0 with Commons Clause",
    ],
)
def test_the_check_knows_a_forbidden_licence(text: str) -> None:
    assert FORBIDDEN.search(text)


@pytest.mark.parametrize("text", ["LGPL-3.0-only", "GNU Lesser General Public License v3", "MIT"])
def test_the_check_tells_the_lesser_licence_apart(text: str) -> None:
    assert not FORBIDDEN.search(text)


def test_the_exceptions_are_still_needed() -> None:
    assert set(requirements()) >= LESSER_ALLOWED
