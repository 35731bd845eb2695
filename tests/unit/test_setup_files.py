"""The operator's setup files: what is shipped loads, what is wrong is refused by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import ValidationError

from core.analysis.setups import CATALOGUE
from core.domain.scenarios import Side
from core.domain.setups import INTRADAY, SetupFile, SetupName, setup_title
from core.domain.tactics import Stage

FOLDER = Path(__file__).parents[2] / "data" / "tactics"
NAMES = sorted(get_args(SetupName))
PAIRS = [
    ("vwap_reclaim", "vwap_rejection"),
    ("htf_support_bounce", "htf_resistance_rejection"),
    ("breakout", "breakdown"),
]


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


def test_the_whole_catalogue_and_nothing_else_is_shipped() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.yaml")) == NAMES == sorted(CATALOGUE)
    assert len(NAMES) == 10


@pytest.mark.parametrize("pair", PAIRS)
def test_a_mirrored_pair_has_one_rule_and_its_own_sides(pair: tuple[SetupName, SetupName]) -> None:
    long, short = (CATALOGUE[name] for name in pair)
    assert (long.sides, short.sides) == ((Side.LONG,), (Side.SHORT,))
    assert long.find is short.find
    first, second = (content(name)["parameters"] for name in pair)
    assert first == second


@pytest.mark.parametrize("name", NAMES)
def test_every_plan_has_an_end_in_time(name: SetupName) -> None:
    setup = SetupFile.model_validate(content(name))
    assert (setup.timebox_minutes is not None) == (name in INTRADAY)
    assert setup.timebox_sessions == (1 if name in INTRADAY else 5)


def test_the_published_geometry_pays_for_its_risk_from_the_worst_fill() -> None:
    zones = {"vwap_reclaim": (0.3, 0.5), "htf_support_bounce": (0.3, 0.5), "breakout": (0.5, 0.3)}
    for name, zone in zones.items():
        read = content(name)["parameters"]
        assert (read["zone_atr"], read["stop_atr"]) == zone
    # one average range from the worst fill, over the 0.8 that are risked
    assert content("vwap_reclaim")["parameters"]["targets_atr"][0] / 0.8 == 1.25


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
    changed = content("htf_support_bounce")
    changed["parameters"]["first_target_atr"] = 9
    assert "the targets must be ordered" in refusal(changed)


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("vwap_reclaim", {"targets_atr": [1, 1]}, "targets_atr must rise"),
        ("vwap_reclaim", {"targets_atr": []}, "at least 1 item"),
        ("breakout", {"conditional_reach_atr": 0.31}, "must not exceed stop_atr"),
        ("gap_fill", {"minimum_gap_atr": 2.5}, "minimum_gap_atr must be below maximum_gap_atr"),
        ("trend_pullback", {"rsi_minimum": 65}, "rsi_minimum must be below rsi_maximum"),
        ("range_mean_reversion", {"zone_atr": 0}, "greater than 0"),
        ("opening_range_breakout", {"maximum_extension_fraction": 1.5}, "less than or equal to 1"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(
    name: str, change: dict[str, Any], reason: str
) -> None:
    changed = content(name)
    changed["parameters"] |= change
    assert reason in refusal(changed)


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("gap_fill", {"timebox_minutes": None}, "needs timebox_sessions: 1 and timebox_minutes"),
        ("gap_fill", {"timebox_sessions": 2}, "needs timebox_sessions: 1 and timebox_minutes"),
        ("breakout", {"timebox_minutes": 60}, "timebox_minutes is for intraday setups"),
        ("breakout", {"breakeven_after_target": 4}, "less than or equal to 3"),
    ],
)
def test_a_time_limit_that_does_not_fit_is_refused(
    name: str, change: dict[str, Any], reason: str
) -> None:
    assert reason in refusal(content(name) | change)


@pytest.mark.parametrize(
    ("field", "value"),
    [("setup", "support_bounce"), ("version", 0), ("stage", "production"), ("timebox_sessions", 0)],
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
        ("vwap_reclaim", Side.LONG, "VWAP reclaim"),
        ("htf_support_bounce", Side.LONG, "support bounce"),
        ("htf_resistance_rejection", Side.SHORT, "resistance rejection"),
        ("breakdown", Side.SHORT, "breakdown"),
        ("gap_fill", Side.SHORT, "gap fill"),
        ("breakout", Side.LONG, "breakout"),
        # stored plans of earlier versions
        ("breakout", Side.SHORT, "breakdown"),
        ("support_bounce", Side.LONG, "support bounce"),
        ("support_bounce", Side.SHORT, "resistance rejection"),
        ("trend_pullback", Side.SHORT, "trend pullback"),
    ],
)
def test_a_setup_is_called_by_its_side(name: str, side: Side, title: str) -> None:
    assert setup_title(name, side) == title
