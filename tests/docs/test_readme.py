"""The README cannot drift from the command line, the pages and the workflows."""

from __future__ import annotations

import argparse

from core.__main__ import _parser
from core.settings import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_command_is_in_the_readme() -> None:
    actions = _parser()._actions
    commands = next(a for a in actions if isinstance(a, argparse._SubParsersAction)).choices
    assert [
        name for name in commands if f"`{name}" not in README and f"/ `{name}" not in README
    ] == []


def test_every_picture_in_the_readme_is_there() -> None:
    named = {part.split(")")[0] for part in README.split("](docs/images/")[1:]}
    assert named
    assert [name for name in named if not (ROOT / "docs" / "images" / name).is_file()] == []


def test_every_workflow_is_named_in_the_changelog() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    workflows = [path.stem for path in (ROOT / "data" / "workflows").glob("*.yaml")]
    assert [name for name in workflows if f"`{name}`" not in changelog] == []
