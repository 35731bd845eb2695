"""What the account made of a plan stands beside what the rules made of it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from core.domain.lifecycle import TacticEventKind as Kind
from core.domain.order_keys import entry_key
from core.domain.resolutions import Resolution, Resolver
from core.domain.scenarios import Scenario
from core.domain.tactics import Tactic
from core.domain.trading import Fill, FillLeg, OrderSide
from core.steps.resolve import resolve
from core.steps.trade import actual_r, slippage_r
from core.storage.storage import Storage
from tests.storage import samples
from tests.storage.test_plan_replay import CLOSED, FRIDAY, OPENS, context, plan, rows_of
from tests.unit.test_resolution import ENTRY, scenario, short

ADDED = ("slippage_r", "resolver", "followed_rules", "notes")


def tactic_of(scenario: Scenario) -> Tactic:
    """Return a tactic with a plan; its bias is neutral, so that either side will do."""
    return samples.tactic().model_copy(update={"scenarios": (scenario,), "bias": "neutral"})


def keep_fills(storage: Storage, tactic: Tactic, *fills: tuple[str, int, FillLeg]) -> None:
    """Store the order of a plan and its fills: price, shares, leg."""
    assert tactic.scenario is not None
    key = {"client_order_id": entry_key(tactic)}
    order = samples.order_request(tactic).model_copy(update=key)
    storage.trading.append_request(order, tactic.tactic_id, tactic.version)
    entry = OrderSide.BUY if tactic.scenario.side.sign > 0 else OrderSide.SELL
    storage.trading.append_fills([_fill(tactic, n, entry, *fill) for n, fill in enumerate(fills)])


def _fill(
    tactic: Tactic, number: int, entry: OrderSide, price: str, shares: int, leg: FillLeg
) -> Fill:
    changes: dict[str, Any] = {
        "fill_id": f"f{number}", "client_order_id": entry_key(tactic), "price": Decimal(price),
        "quantity": Decimal(shares), "side": entry if leg is FillLeg.ENTRY else entry.opposite,
    }  # fmt: skip
    return samples.fill(tactic, leg, **changes)


@pytest.mark.parametrize(
    ("of", "fills", "expected"),
    [
        (scenario(), [("101", 10)], 0),
        (scenario(), [("101.6", 10)], 0.2),
        (scenario(), [("100.4", 10)], -0.2),
        (scenario(), [("101", 6), ("102.5", 4)], 0.2),
        (short(), [("99", 10)], 0),
        (short(), [("98.4", 10)], 0.2),
        (short(), [("99.6", 10)], -0.2),
    ],
)
def test_slippage_is_how_much_worse_than_its_worst_entry_a_plan_was_entered(
    storage: Storage, of: Scenario, fills: list[tuple[str, int]], expected: float
) -> None:
    tactic = tactic_of(of)
    legs = [(price, shares, FillLeg.ENTRY) for price, shares in fills]
    keep_fills(storage, tactic, *legs, ("90", 3, FillLeg.STOP), ("120", 3, FillLeg.TARGET))
    assert slippage_r(context(storage, CLOSED), tactic) == pytest.approx(expected)


def test_a_plan_that_the_account_did_not_enter_has_no_slippage(storage: Storage) -> None:
    tactic = tactic_of(scenario())
    assert slippage_r(context(storage, CLOSED), tactic) is None
    other = tactic.model_copy(update={"version": 2})
    keep_fills(storage, other, ("101.6", 10, FillLeg.ENTRY))
    assert slippage_r(context(storage, CLOSED), tactic) is None


def test_the_entry_of_a_position_that_is_still_open_has_its_slippage(storage: Storage) -> None:
    tactic = tactic_of(scenario())
    keep_fills(storage, tactic, ("101.6", 10, FillLeg.ENTRY), ("104", 4, FillLeg.TARGET))
    assert actual_r(context(storage, CLOSED), tactic) is None
    assert slippage_r(context(storage, CLOSED), tactic) == pytest.approx(0.2)


def test_a_result_is_stored_with_what_the_account_made_of_it(storage: Storage) -> None:
    tactic = plan(storage, Kind.PUBLISHED)
    keep_fills(storage, tactic, ("101.6", 10, FillLeg.ENTRY), ("98", 10, FillLeg.STOP))
    storage.bars.append(rows_of(FRIDAY, [ENTRY, (101, 101.5, 97.9, 98.2)]), OPENS)
    resolve(context(storage, CLOSED))
    found = storage.tactics.resolution(tactic.tactic_id)
    assert found is not None
    assert (found.system_r, found.slippage_r) == pytest.approx((-1, 0.2))
    assert found.actual_r == pytest.approx(-1.2, abs=0.001)
    assert (found.resolver, found.followed_rules, found.notes) == (Resolver.AUTO, None, ())


def test_a_result_of_an_earlier_version_still_reads(storage: Storage) -> None:
    told = samples.resolution(slippage_r=0.3, resolver="manual", notes=("late",))
    storage.tactics.append_resolution(told)
    old = {k: v for k, v in told.model_dump(mode="json").items() if k not in ADDED}
    with storage.store.write() as cursor:
        cursor.execute("update resolutions set body = ?", [json.dumps(old)])
    found = storage.tactics.resolution(told.tactic_id)
    assert found == samples.resolution()
    assert found.slippage_r is None


@pytest.mark.parametrize("notes", [("",), ("x" * 401,), ("x",) * 9])
def test_notes_are_bounded(notes: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError, match="notes"):
        Resolution.model_validate(samples.resolution().model_dump() | {"notes": notes})
