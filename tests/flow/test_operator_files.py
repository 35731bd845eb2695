"""Broken operator's files are refused with their place; the others go on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core import bootstrap
from core.errors import ConfigurationError, FileError
from core.settings import ROOT, Settings


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    for name in ("workflows", "templates", "tactics", "prompts"):
        shutil.copytree(ROOT / "data" / name, folder / name)
    for file in ("policy", "feeds", "entities", "lexicon", "events", "models", "discipline"):
        shutil.copy(ROOT / "data" / f"{file}.yaml", folder)
    return folder


def test_a_broken_workflow_is_set_aside_and_the_others_load(config: Path, tmp_path: Path) -> None:
    path = config / "workflows" / "close_session.yaml"
    path.write_text(path.read_text().replace("uses: trade.settle", "uses: trade.setle"))
    desk = bootstrap.build(Settings(data_dir=tmp_path / "var", config_dir=config))
    try:
        (error,) = desk.runs.file_errors()
        assert "close_session" not in desk.runs.workflows()
        assert "daily_tactic" in desk.runs.workflows()
    finally:
        desk.close()
    assert error.path == path
    assert path.read_text().splitlines()[error.line - 1].count("trade.setle") == 1
    assert "trade.setle" in str(error)


@pytest.mark.parametrize(
    ("file", "old", "new", "field"),
    [
        ("policy.yaml", "risk_fraction: 0.01", "risk_fraction: 1.5", "risk_fraction"),
        ("policy.yaml", "trades_per_day", "trades_per_dya", "trades_per_dya"),
        ("feeds.yaml", "overlap_sessions: 5", "overlap_sessions: 0", "overlap_sessions"),
        ("lexicon.yaml", "move_up:", "move_upp:", "move_up"),
        ("entities.yaml", "never_bare:", "never_bar:", "never_bar"),
        ("templates/voice.yaml", "author", "auther", "author"),
        ("tactics/breakout.yaml", "stage: paper", "stage: production", "stage"),
    ],
)
def test_a_wrong_field_is_named_with_file_and_line(
    config: Path, file: str, old: str, new: str, field: str
) -> None:
    path = config / file
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(FileError) as caught:
        bootstrap.load_playbook(config)
    assert caught.value.path == path
    assert field in str(caught.value)


def test_broken_yaml_is_refused_with_its_line(config: Path) -> None:
    (config / "policy.yaml").write_text("version: '1'\nrisk_fraction: [0.01\n")
    with pytest.raises(FileError) as caught:
        bootstrap.load_playbook(config)
    assert caught.value.line >= 2


def test_a_missing_policy_is_named(config: Path) -> None:
    (config / "policy.yaml").unlink()
    with pytest.raises(ConfigurationError, match=r"policy\.yaml is missing"):
        bootstrap.load_playbook(config)
