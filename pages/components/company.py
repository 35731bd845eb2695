"""What is known of a company: its reported figures, its splits and dividends."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.desk.market import SymbolView
from core.domain.feeds import Fundamentals
from pages.components import badges
from pages.components.formatting import NOTHING, day, money, percent, prose, quantity
from pages.components.tables import table

SCALES = ((1e12, "T"), (1e9, "B"), (1e6, "M"))


def fundamentals(known: Fundamentals | None) -> None:
    """Draw what was last reported of a company."""
    st.markdown("**Fundamentals**")
    if known is None:
        st.caption("Nothing is known of this company.")
        return
    rows = {
        "Sector": known.sector or NOTHING,
        "Market value": large(known.market_cap_usd),
        "Price to earnings": _plain(known.price_earnings_ratio),
        "Earnings per share": money(known.earnings_per_share_usd),
        "Revenue": large(known.revenue_usd),
        "Net income": large(known.net_income_usd),
        "Revenue growth": percent(known.revenue_growth_fraction, signed=True),
        "Gross margin": percent(known.gross_margin_fraction),
        "Net margin": percent(known.net_margin_fraction),
        "Next earnings": day(known.next_earnings_date),
    }
    st.table(
        pd.DataFrame({"What": [*rows], "Value": [prose(value) for value in rows.values()]}),
        border="horizontal", hide_index=True, hide_header=True, alt="Fundamentals",
    )  # fmt: skip
    st.markdown(
        f"{badges.inline(known.label)} :small[:gray[As of {day(known.as_of_date)}, "
        f"{prose(known.provider)}]]"
    )


def actions(view: SymbolView) -> None:
    """Draw splits and dividends, the newest first."""
    st.markdown("**Splits and dividends**")
    known = view.actions.iloc[::-1]
    table(
        known.assign(what=[_action(row) for row in known.itertuples()]),
        {
            "ex_date": st.column_config.DateColumn("From", format="D MMM YYYY"), "kind": "Kind",
            "what": "What", "provider": "Provider",
        },
        key="market_actions", alt="Splits and dividends, newest first",
        empty="No split or dividend is known.",
    )  # fmt: skip


def _action(row: object) -> str:
    kind, ratio, amount = (getattr(row, name) for name in ("kind", "ratio", "amount_usd"))
    return f"{quantity(ratio)} for 1" if kind == "split" else f"{money(amount)} a share"


def large(amount: float | None) -> str:
    """Return USD in the scale in which a company is spoken of: `$150.0 B`."""
    if amount is None:
        return NOTHING
    for scale, name in SCALES:
        if abs(amount) >= scale:
            return f"{'-' if amount < 0 else ''}${abs(amount) / scale:,.1f} {name}"
    return money(amount, cents=False)


def _plain(value: float | None) -> str:
    return NOTHING if value is None else f"{value:,.1f}"
