"""What every alert channel must do, and what the log promises beyond that."""

from __future__ import annotations

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core import registry
from core.adapters.alerts.log import LogAlerts
from core.errors import UnavailableError
from core.ports import Alerts
from core.settings import Settings
from tests.contract.conftest import build_adapter

KEY = "alert:daily_tactic@2026-11-24T13:30:00Z:failed"


@pytest.fixture(params=registry.names("alerts"))
def alerts(request: pytest.FixtureRequest) -> Alerts:
    return build_adapter(request, "alerts", Alerts)


def opened(folder: Path) -> LogAlerts:
    settings = Settings(_env_file=None, data_dir=folder)
    created = registry.create("alerts", "log", Alerts, settings)
    assert isinstance(created, LogAlerts)
    return created


def sent(folder: Path) -> list[dict[str, str]]:
    text = (folder / "alerts.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


# every channel


def test_an_alert_can_be_sent(alerts: Alerts) -> None:
    alerts.send(KEY, "A run failed", "daily_tactic failed in the step feeds")


def test_an_alert_may_hold_any_text(alerts: Alerts) -> None:
    alerts.send(KEY, "一二三 \U0001f600", "first line\nsecond line <b> %s {}")


def test_an_alert_may_be_sent_again(alerts: Alerts) -> None:
    alerts.send(KEY, "A run failed", "once")
    alerts.send(KEY, "A run failed", "once")


# the log


def test_an_alert_is_one_line_of_json(tmp_path: Path) -> None:
    opened(tmp_path).send(KEY, "A run failed", 'line one\nline "two"\u2028')

    (line,) = sent(tmp_path)

    assert (line["key"], line["title"]) == (KEY, "A run failed")
    assert line["body"] == 'line one\nline "two"\u2028'
    assert line["sent_at"].endswith("+00:00")


def test_a_key_is_written_and_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    alerts = opened(tmp_path)
    with caplog.at_level(logging.WARNING):
        alerts.send(KEY, "A run failed", "first")
        alerts.send(KEY, "A run failed", "second")

    assert [line["body"] for line in sent(tmp_path)] == ["first"]
    assert [json.loads(record.getMessage())["body"] for record in caplog.records] == ["first"]


def test_a_restart_repeats_nothing(tmp_path: Path) -> None:
    opened(tmp_path).send(KEY, "A run failed", "first")
    opened(tmp_path).send(KEY, "A run failed", "again")

    assert len(sent(tmp_path)) == 1


def test_different_keys_are_different_alerts_in_order(tmp_path: Path) -> None:
    alerts = opened(tmp_path)
    for key in ("one", "two", "one", "three"):
        alerts.send(key, "title", "body")

    assert [line["key"] for line in sent(tmp_path)] == ["one", "two", "three"]


def test_eight_threads_sending_one_key_write_it_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: opened(tmp_path).send(f"key-{n % 4}", "t", "b"), range(32)))

    assert sorted(line["key"] for line in sent(tmp_path)) == [f"key-{n}" for n in range(4)]


def test_a_torn_line_neither_counts_nor_spoils_the_next(tmp_path: Path) -> None:
    (tmp_path / "alerts.jsonl").write_text('{"key": "torn", "ti')

    opened(tmp_path).send("torn", "title", "body")

    torn, whole = (tmp_path / "alerts.jsonl").read_text().splitlines()
    assert torn == '{"key": "torn", "ti'
    assert json.loads(whole)["key"] == "torn"


def test_a_file_that_cannot_be_written_may_be_tried_again(tmp_path: Path) -> None:
    (tmp_path / "alerts.jsonl").mkdir()

    with pytest.raises(UnavailableError):
        opened(tmp_path).send(KEY, "title", "body")
