"""Plans, accounts and policies to size with, by hand and by hypothesis."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import strategies as st

from core.analysis.statistics import summarize
from core.domain.risk import (
    FRACTIONAL_SHARES,
    WHOLE_SHARES,
    Book,
    OpenPosition,
    RiskPolicy,
    RungState,
    SizeDecision,
    SizeInput,
)
from core.domain.scenarios import Grade, OptionOverlay, Scenario, Side, Target, Trigger
from core.domain.track_record import Summary

OTHERS = ("AAA", "BBB", "CCC")
BOOK = ("equity", "peak_equity", "buying_power", "positions", "correlations")


def scenario(
    entry: float = 101, stop: float = 98, grade: Grade = Grade.A_PLUS, rewards: Any = (1, 3)
) -> Scenario:
    """Return a plan whose targets pay `rewards` in R; a stop above the entry makes it a short."""
    part = 1 / len(rewards)
    targets = tuple(Target(price=entry + r * (entry - stop), fraction=part) for r in rewards)
    low, high = sorted(((entry + stop) / 2, entry))
    return Scenario(
        key="vector", setup="breakout", side=Side.LONG if entry > stop else Side.SHORT,
        grade=grade, score=0.5, trigger=Trigger(kind="hold_above", price=stop), entry_low=low,
        entry_high=high, stop=stop, targets=targets, timebox_sessions=5, invalidation="below",
    )  # fmt: skip


def with_option(plan: Scenario, premium: float, contracts: int = 50) -> Scenario:
    option = OptionOverlay(
        right="call" if plan.side is Side.LONG else "put", strike=100, expiry=date(2024, 3, 15),
        maximum_premium=premium, delta_low=0.3, delta_high=0.6, maximum_contracts=contracts,
    )  # fmt: skip
    return plan.model_copy(update={"option": option})


def policy(**changes: Any) -> RiskPolicy:
    """Return the published limits alone: what they do not name is switched off."""
    fields: dict[str, Any] = {
        "version": "test", "slippage_usd": 0.05, "fee_fraction": 0.0, "atr_multiple": None,
        "volatility_target": None, "kelly_share": None,
    }  # fmt: skip
    return RiskPolicy.model_validate(fields | changes)


def facts(**changes: Any) -> SizeInput:
    """Return what is known of a plan; an account's field goes into the book."""
    book: dict[str, Any] = {
        "equity": 25_000, "peak_equity": 25_000, "buying_power": 1e6, "positions": (),
    }  # fmt: skip
    fields: dict[str, Any] = {
        "symbol": "ACME", "atr": 2, "atr_mean": 1.6, "volatility": 0.3, "average_volume": 1e6,
        "record": summarize([]), "trades_today": 0,
    }  # fmt: skip
    book |= {name: changes.pop(name) for name in BOOK if name in changes}
    return SizeInput.model_validate(fields | {"book": Book.model_validate(book)} | changes)


def position(symbol: str, notional: float, **changes: Any) -> OpenPosition:
    fields: dict[str, Any] = {"symbol": symbol, "side": Side.LONG, "notional": notional, "risk": 0}
    return OpenPosition.model_validate(fields | changes)


def record(wins: int, losses: int, payoff: float = 2.0) -> Summary:
    return summarize([payoff] * wins + [-1.0] * losses)


def rung(decision: SizeDecision, name: str) -> float:
    """Return the most that a rung allows.

    Raises: AssertionError for a rung that does not limit.
    """
    found = next(limit.quantity for limit in decision.ladder if limit.name == name)
    assert found is not None
    return found


def state(decision: SizeDecision, name: str) -> RungState:
    return next(limit.state for limit in decision.ladder if limit.name == name)


prices = st.floats(1, 500)
unknown = st.sampled_from([None, float("nan"), 0.0, -1.0])


@st.composite
def plans(draw: st.DrawFn) -> Scenario:
    """Return plans most of which may be traded."""
    entry, distance = draw(prices), draw(st.floats(0.005, 0.15))
    stop = entry * (1 + distance * draw(st.sampled_from([-1, 1])))
    rewards = draw(st.sampled_from([(1, 3), (2,), (1.5, 2, 4), (1.2, 5), (1, 2.5), (0.5, 3)]))
    grade = draw(st.sampled_from([*[Grade.A_PLUS, Grade.B] * 3, Grade.C]))
    return scenario(entry, stop, grade, rewards)


@st.composite
def rows(draw: st.DrawFn) -> tuple[Scenario, dict[str, Any]]:
    """Return a plan with the fields of its own facts."""
    plan = draw(plans())
    atr = abs(plan.worst_entry - plan.stop) / draw(st.floats(0.5, 2.5) | st.floats(0.2, 3.2))
    return plan, {
        "symbol": draw(st.sampled_from(("ACME", *OTHERS))),
        "atr": atr,
        "atr_mean": atr * draw(st.floats(0.3, 3)),
        "volatility": draw(st.floats(0.02, 3)),
        "average_volume": draw(st.floats(2_000, 1e8)),
        "record": record(draw(st.integers(0, 60)), draw(st.integers(0, 60)), draw(st.floats(1, 5))),
    }


@st.composite
def books(draw: st.DrawFn) -> dict[str, Any]:
    """Return the fields of an account that knows itself."""
    equity = draw(st.floats(20_000, 1e6) | st.floats(100, 20_000))
    held = st.builds(
        OpenPosition, symbol=st.sampled_from(OTHERS), side=st.sampled_from(Side),
        notional=st.floats(0, 0.3).map(equity.__mul__),
        risk=st.floats(0, 0.015).map(equity.__mul__),
    )  # fmt: skip
    names = sorted(("ACME", *OTHERS))
    pairs = [(one, other) for one in names for other in names if one < other]
    return {
        "equity": equity,
        "peak_equity": equity * draw(st.floats(0.98, 1.14) | st.floats(1, 1.3)),
        "buying_power": draw(st.floats(1e4, 1e6) | st.floats(-1e4, 1e4)),
        "positions": tuple(draw(st.lists(held, max_size=4))),
        "correlations": {pair: draw(st.floats(-1, 1)) for pair in pairs},
    }


def policies() -> st.SearchStrategy[RiskPolicy]:
    """Return policies with every limit that may be switched off on or off."""
    return st.builds(
        policy,
        fee_fraction=st.sampled_from([0.0, 0.0001, 0.01]),
        risk_fraction=st.floats(0.001, 0.05),
        sector_fraction=st.sampled_from([None, 0.4]),
        sectors=st.sampled_from([{}, {"AAA": "tech", "ACME": "tech"}]),
        net_fraction=st.sampled_from([None, 0.5]),
        volume_fraction=st.sampled_from([None, 0.01]),
        atr_multiple=st.sampled_from([None, 2.0]),
        volatility_target=st.sampled_from([None, 0.1]),
        kelly_share=st.sampled_from([None, 0.25]),
        maximum_order_usd=st.sampled_from([None, 20_000.0]),
        maximum_order_shares=st.sampled_from([None, 400.0]),
    )


lots = st.sampled_from([WHOLE_SHARES, FRACTIONAL_SHARES])
