"""How an order was sized: what bound it, and every limit, the tightest first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from core.domain.risk import Constraint, RungState, SizeDecision
from pages.components.formatting import eastern, percent, prose, quantity, usd, words

NAMES = {
    "risk": "risk of a plan",
    "drawdown": "drawdown",
    "atr": "average true range",
    "volatility_target": "volatility target",
    "kelly": "Kelly fraction",
    "name": "one name",
    "sector": "one sector",
    "gross": "gross exposure",
    "net": "net exposure",
    "heat": "heat of all plans",
    "buying_power": "buying power",
    "volume": "share of volume",
    "operator_cap": "cap of the operator",
    "plan": "cap of the plan",
}


def ladder(sizes: Sequence[tuple[datetime, SizeDecision]]) -> None:
    """Draw the decision that made the order; then what later checks of it have allowed."""
    st.markdown("**Size** :small[:gray[the smallest of its limits]]")
    if not sizes:
        st.caption("The desk has not sized this order.")
        return
    (at, first), later = sizes[0], sizes[1:]
    st.markdown(summary(at, first))
    if first.ladder:
        rungs(first)
    for checked_at, size in later:
        st.caption(checked_words(checked_at, size))


def summary(at: datetime, size: SizeDecision) -> str:
    """Say how much, what bound it, and what it risks."""
    of = f" of at most {percent(size.risk_fraction)} of equity" if size.risk_fraction else ""
    bound = size.reason_if_zero or f"bound by {name(size.binding)}"
    return (
        f"**{quantity(size.quantity)} {size.unit}s**, **{prose(bound)}**, sized {eastern(at)}. "
        f"Risk {usd(size.risk_usd)}{of}, value {usd(size.notional_usd)}, by policy "
        f"{prose(size.policy_version)}."
    )


def name(rung: str) -> str:
    return NAMES.get(rung, words(rung))


def _heading(rung: str) -> str:
    told = name(rung)
    return prose(told[:1].upper() + told[1:])


def rungs(size: SizeDecision) -> None:
    """Draw the ladder as a table."""
    sorted_ = sorted(size.ladder, key=_tightness)
    st.table(
        {
            "Limit": [_heading(rung.name) for rung in sorted_],
            "Allows": [allows(rung, size.unit) for rung in sorted_],
            "Because": [prose(rung.detail) for rung in sorted_],
            "Binds": ["**\u2190 binds**" if r.name == size.binding else "" for r in sorted_],
        },
        border="horizontal", hide_index=True, alt="Sizing ladder, the tightest limit first",
    )  # fmt: skip


def _tightness(rung: Constraint) -> float:
    """Missing input allows nothing, what does not limit anything."""
    if rung.state is RungState.MISSING:
        return -1.0
    return math.inf if rung.quantity is None else rung.quantity


def allows(rung: Constraint, unit: str) -> str:
    """Say what one rung allows."""
    return str(rung.state) if rung.quantity is None else f"{rung.quantity:,.1f} {unit}s"


def checked_words(at: datetime, size: SizeDecision) -> str:
    """Say what a later check of the same plan allowed."""
    bound = prose(size.reason_if_zero or f"bound by {name(size.binding)}")
    return f"Checked again {eastern(at)}: {quantity(size.quantity)} {size.unit}s, {bound}."
