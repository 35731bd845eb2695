"""What a plan may cost the account is not what its readers see; the disclosure always is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from core import bootstrap
from core.analysis.rendering import percent, usd
from core.desk import Desk
from core.domain.tactics import Tactic
from core.settings import Settings
from tests.flow.conftest import PLAN_DAY

TEMPLATES = sorted((Path(__file__).parents[2] / "data" / "templates").glob("*.md.j2"))


@pytest.fixture
def desk(plan_morning: Path, tmp_path: Path) -> Iterator[Desk]:
    folder = shutil.copytree(plan_morning, tmp_path / "var")
    opened = bootstrap.build(Settings(data_dir=folder, _env_file=None, watchlist=("META",)))
    yield opened
    opened.close()


@pytest.fixture
def tactic(desk: Desk) -> Tactic:
    [drafted] = desk._services.storage.tactics.for_session(PLAN_DAY)
    return drafted


def test_a_size_is_stored_with_all_that_it_rests_on(desk: Desk, tactic: Tactic) -> None:
    services, plan = desk._services, tactic.scenario
    size = services.storage.tactics.latest_size(tactic.tactic_id)
    assert size is not None
    assert plan is not None
    policy = services.playbook.policy
    assert (size.policy_version, size.risk_fraction) == (policy.version, policy.risk_fraction)
    unit = abs(plan.worst_entry - plan.stop)
    assert size.risk_usd == pytest.approx(float(size.quantity) * unit, abs=0.01)
    assert size.notional_usd == pytest.approx(float(size.quantity) * plan.worst_entry, abs=0.01)
    assert (size.quantity > 0, size.reason_if_zero) == (True, "")


def test_a_post_tells_the_risk_as_a_fraction_and_nothing_of_the_account(
    desk: Desk, tactic: Tactic
) -> None:
    services = desk._services
    size = services.storage.tactics.latest_size(tactic.tactic_id)
    post = services.storage.content.get(f"tactic-{tactic.tactic_id.lower()}")
    assert size is not None
    assert post.short_form is not None
    equity = float(services.adapters.broker.account().equity)
    for text in (post.body, post.short_form, *(variant.body for variant in post.variants)):
        for amount in (size.risk_usd, size.notional_usd, equity):
            assert usd(amount) not in text
        assert f"{size.quantity} shares" not in text
        assert services.playbook.renderer.voice.disclosure in text
    policy = services.playbook.policy
    allowed = percent(policy.risk_fraction * policy.grade_factors[tactic.grade])
    assert f"Risk: {allowed} of the account" in post.short_form


def test_a_tactic_has_the_same_hash_whatever_its_size(desk: Desk, tactic: Tactic) -> None:
    tactics, before = desk._services.storage.tactics, tactic.content_sha256
    size = tactics.latest_size(tactic.tactic_id)
    assert size is not None
    smaller = size.model_copy(
        update={"quantity": Decimal(0), "reason_if_zero": "too little is left"}
    )
    tactics.append_size(tactic.tactic_id, tactic.version, tactic.as_of, smaller)
    assert tactics.latest_size(tactic.tactic_id) == smaller
    assert tactics.get(tactic.tactic_id).content_sha256 == before


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name.removesuffix(".md.j2"))
def test_every_template_ends_with_the_disclosure(path: Path) -> None:
    last = path.read_text(encoding="utf-8").strip().splitlines()[-1]
    assert last.strip("_") == "{{ voice.disclosure }}"
