"""Policies are kept as they were adopted; a raised limit waits for the next session."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

from core.domain.risk import RiskPolicy, SizeDecision
from core.storage.storage import Storage

MONDAY, TUESDAY, WEDNESDAY = date(2024, 3, 4), date(2024, 3, 5), date(2024, 3, 6)
OLD, NEW = RiskPolicy(version="one"), RiskPolicy(version="two", risk_fraction=0.02)


def test_a_raised_limit_is_told_and_waits(data_dir: Path) -> None:
    storage = Storage(data_dir / "desk.duckdb")
    assert storage.policies.remember(OLD, MONDAY) == ()
    assert storage.policies.remember(OLD, TUESDAY) == ()
    assert storage.policies.remember(NEW, TUESDAY) == ("risk_fraction",)
    storage.close()
    storage = Storage(data_dir / "desk.duckdb")
    assert [one.session_date for one in storage.policies.history()] == [MONDAY, TUESDAY]
    assert storage.policies.effective(TUESDAY).risk_fraction == 0.01
    assert storage.policies.effective(WEDNESDAY) == NEW
    storage.close()


def test_a_policy_that_comes_back_is_kept_again(data_dir: Path) -> None:
    storage = Storage(data_dir / "desk.duckdb")
    for policy in (OLD, NEW, OLD):
        storage.policies.remember(policy, MONDAY)
    assert [one.policy.version for one in storage.policies.history()] == ["one", "two", "one"]
    storage.close()


def test_a_fraction_of_a_share_is_kept(data_dir: Path) -> None:
    storage = Storage(data_dir / "desk.duckdb")
    decision = SizeDecision.refused(OLD, "test").model_copy(update={"quantity": Decimal("0.5")})
    from datetime import UTC, datetime

    storage.tactics.append_size("TBOW-A-20240304-AM", 1, datetime(2024, 3, 4, tzinfo=UTC), decision)
    assert storage.tactics.latest_size("TBOW-A-20240304-AM") == decision
    (row,) = storage.store.all("select quantity from size_decisions")
    assert float(row[0]) == 0.5
    storage.close()
