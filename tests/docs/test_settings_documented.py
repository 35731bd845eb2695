"""Every setting is in .env.example and in the documentation, and nothing else is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.settings import Settings

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
ELSEWHERE = {"CONVERGENCE_ADDRESS"}  # read by the Makefile


def variables() -> dict[str, str]:
    """Return each field of Settings by the name of its environment variable."""
    prefix = Settings.model_config["env_prefix"]
    fields = Settings.model_fields.items()
    return {str(f.validation_alias or f"{prefix}{name}".upper()): name for name, f in fields}


@pytest.mark.parametrize("variable", variables())
def test_every_setting_is_in_the_example_file(variable: str) -> None:
    assert re.search(rf"^#? ?{variable}=", EXAMPLE, re.MULTILINE)


@pytest.mark.parametrize("variable", variables())
def test_every_setting_is_explained_in_the_readme(variable: str) -> None:
    assert f"`{variable}`" in README


def test_the_example_file_names_no_setting_that_is_not_there() -> None:
    named = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", EXAMPLE, re.MULTILINE))

    assert named <= set(variables()) | ELSEWHERE


def test_the_example_file_sets_nothing() -> None:
    assert not re.search(r"^[^#\s]", EXAMPLE, re.MULTILINE)
