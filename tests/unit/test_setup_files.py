"""The operator's setup files: what is shipped loads, what is wrong is refused by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from core.domain.setups import SetupFile, setup_title
from core.domain.tactics import Side, Stage

FOLDER = Path(__file__).parents[2] / "data" / "tactics"
NAMES = ["breakout", "support_bounce", "trend_pullback"]


def content(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return loaded


def refusal(changed: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        SetupFile.model_validate(changed)
    return str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_file_holds_the_setup_of_its_name(name: str) -> None:
    setup = SetupFile.model_validate(content(name))
    assert (setup.setup, setup.parameters.kind, setup.stage) == (name, name, Stage.PAPER)


def test_nothing_else_is_shipped() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.yaml")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_setup_survives_being_stored(name: str) -> None:
    setup = SetupFile.model_validate(content(name))
    assert SetupFile.model_validate_json(setup.model_dump_json()) == setup


def test_the_time_limit_is_five_sessions_unless_said() -> None:
    shipped = content("breakout")
    del shipped["timebox_sessions"]
    assert SetupFile.model_validate(shipped).timebox_sessions == 5


def test_a_parameter_that_the_setup_does_not_know_is_refused() -> None:
    changed = content("breakout")
    changed["parameters"]["touch_atr"] = 0.3
    assert "parameters.breakout.touch_atr" in refusal(changed)


def test_a_missing_parameter_is_refused() -> None:
    changed = content("trend_pullback")
    del changed["parameters"]["stop_atr"]
    assert "parameters.trend_pullback.stop_atr" in refusal(changed)


def test_targets_in_the_wrong_order_are_refused() -> None:
    changed = content("support_bounce")
    changed["parameters"]["first_target_atr"] = 9
    assert "the targets must be ordered" in refusal(changed)


@pytest.mark.parametrize(
    ("field", "value"),
    [("setup", "gap_fill"), ("version", 0), ("stage", "production"), ("timebox_sessions", 0)],
)
def test_a_wrong_field_is_refused(field: str, value: Any) -> None:
    assert field in refusal(content("breakout") | {field: value})


def test_parameters_of_another_setup_are_refused() -> None:
    wrong = SetupFile.model_validate(content("breakout")).parameters
    changed = content("trend_pullback") | {"parameters": wrong}
    assert "parameters of breakout under setup trend_pullback" in refusal(changed)


@pytest.mark.parametrize(
    ("name", "side", "title"),
    [
        ("breakout", Side.LONG, "breakout"),
        ("breakout", Side.SHORT, "breakdown"),
        ("support_bounce", Side.LONG, "support bounce"),
        ("support_bounce", Side.SHORT, "resistance rejection"),
        ("trend_pullback", Side.SHORT, "trend pullback"),
    ],
)
def test_a_setup_is_called_by_its_side(name: str, side: Side, title: str) -> None:
    assert setup_title(name, side) == title
