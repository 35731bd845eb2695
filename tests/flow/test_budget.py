"""What models may cost on a day holds, whoever asks, and whatever dies in between."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from core.flow.budget import Budget
from core.flow.tables import model_budgets
from tests.examples import examples
from tests.flow.conftest import both

LATE = datetime(2026, 11, 25, 4, 30, tzinfo=UTC)  # half past eleven in the evening in New York
DIME = Decimal("0.10")


class Wall:
    """A clock that a test may set."""

    def __init__(self) -> None:
        self.at = LATE

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def budget(database: sa.Engine, wall: Wall) -> Budget:
    return Budget(database, Decimal(1), wall)


@both
def test_what_is_set_aside_is_settled_by_what_it_cost(budget: Budget) -> None:
    reservation = budget.reserve(Decimal("0.40"))
    assert reservation is not None
    assert (budget.today().spent_usd, budget.today().reserved_usd) == (0, Decimal("0.40"))

    budget.settle(reservation, Decimal("0.15"))
    assert (budget.today().spent_usd, budget.today().reserved_usd) == (Decimal("0.15"), 0)
    assert budget.today().used_fraction == pytest.approx(0.15)


@both
def test_what_does_not_fit_is_not_set_aside(budget: Budget) -> None:
    assert budget.reserve(Decimal("0.70"))
    assert budget.reserve(Decimal("0.300001")) is None
    assert budget.reserve(Decimal("0.30"))
    assert budget.reserve(Decimal("0.000001")) is None
    assert budget.today().used_fraction == 1


@both
def test_asking_at_the_same_moment_overdraws_nothing(budget: Budget) -> None:
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: budget.reserve(DIME * 3), range(16)))

    assert sum(1 for one in taken if one) == 3
    assert budget.today().reserved_usd == DIME * 9


def test_a_day_is_new_york_s(budget: Budget, wall: Wall) -> None:
    assert budget.reserve(Decimal(1))
    assert budget.today().day == date(2026, 11, 24)
    assert budget.reserve(DIME) is None

    wall.at += timedelta(hours=1)
    assert budget.today().day == date(2026, 11, 25)
    assert budget.today().reserved_usd == 0
    assert budget.reserve(DIME)


def test_a_call_over_midnight_is_settled_on_its_own_day(budget: Budget, wall: Wall) -> None:
    reservation = budget.reserve(DIME)
    wall.at += timedelta(hours=1)
    assert reservation is not None
    budget.settle(reservation, DIME)

    assert budget.today().spent_usd == 0
    wall.at -= timedelta(hours=1)
    assert (budget.today().spent_usd, budget.today().reserved_usd) == (DIME, 0)


def test_what_a_dead_process_set_aside_is_spent_at_the_next_start(
    budget: Budget, database: sa.Engine, wall: Wall
) -> None:
    budget.reserve(Decimal("0.60"))
    reborn = Budget(database, Decimal(1), wall)
    assert reborn.today().reserved_usd == Decimal("0.60")

    reborn.close_left_over()
    reborn.close_left_over()
    assert (reborn.today().spent_usd, reborn.today().reserved_usd) == (Decimal("0.60"), 0)
    assert reborn.reserve(Decimal("0.50")) is None


def test_a_day_of_the_past_leaves_nothing_set_aside(
    budget: Budget, database: sa.Engine, wall: Wall
) -> None:
    budget.reserve(DIME)
    wall.at += timedelta(days=3)
    budget.close_left_over()

    with database.begin() as connection:
        row = connection.execute(sa.select(model_budgets)).one()
    assert (row.spent_micro_usd, row.reserved_micro_usd) == (100_000, 0)


def test_a_higher_limit_counts_at_once(database: sa.Engine, wall: Wall) -> None:
    assert Budget(database, DIME, wall).reserve(DIME)
    assert Budget(database, DIME * 2, wall).reserve(DIME)
    assert Budget(database, DIME, wall).reserve(DIME) is None


def test_no_budget_lets_only_free_models_be_asked(database: sa.Engine, wall: Wall) -> None:
    none = Budget(database, Decimal(0), wall)

    assert none.reserve(Decimal(0))
    assert none.reserve(Decimal("0.0000001")) is None
    assert none.today().used_fraction == 1


COSTS = st.lists(st.tuples(st.integers(0, 500_000), st.integers(0, 500_000)), max_size=8)


@examples(15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(COSTS)
def test_calls_within_their_reservation_never_pass_the_limit(
    database: sa.Engine, costs: list[tuple[int, int]]
) -> None:
    with database.begin() as connection:
        connection.execute(sa.delete(model_budgets))
    budget = Budget(database, Decimal(1), Wall())
    for most, cost in costs:
        reservation = budget.reserve(Decimal(most) / 1_000_000)
        if reservation:
            budget.settle(reservation, Decimal(min(cost, most)) / 1_000_000)
        assert budget.today().spent_usd <= 1
    assert budget.today().reserved_usd == 0
