"""The guards as meters: how much of each limit is used, in words and as a bar."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.desk.guards import GuardPanel, Meter
from pages.components import badges
from pages.components.formatting import NOTHING, brief, percent, plural, prose, r, words

AMOUNTS: dict[str, Callable[[float], str]] = {
    "fraction": lambda value: percent(value, places=2),
    "count": lambda value: f"{value:,.0f}",
    "minutes": lambda value: f"{value:,.0f} min",
    "seconds": lambda value: f"{value:,.0f} s",
    "r": r,
}


def guard_panel(panel: GuardPanel) -> None:
    """Draw every guard of the account, the locks that hold, and what waits."""
    read = f"equity read {brief(panel.equity_as_of)}" if panel.equity_as_of else "equity never read"
    st.markdown(f"**Guards** :small[:gray[{read}, policy {prose(panel.policy_version)}]]")
    for meter in panel.meters:
        _meter(meter)
    for lock in panel.locks:
        side = "" if lock.side == "both" else f" ({lock.side})"
        told = f"No entry{side} until {brief(lock.until)}: {prose(lock.reason)}"
        st.caption(f":material/lock: {told}")
    if panel.waiting:
        names = ", ".join(words(name.removeprefix("guards.")) for name in panel.waiting)
        count = plural(len(panel.waiting), "raised limit")
        st.caption(f":material/schedule: From the next session on: {count} ({prose(names)}).")


def _meter(meter: Meter) -> None:
    said = meter.verdict
    name, numbers = words(said.name).capitalize(), f":small[:gray[{_numbers(meter)}]]"
    text = f"{badges.inline(meter.state)} {name} {numbers}"
    share = 1.0 if meter.share is None else min(max(meter.share, 0.0), 1.0)
    st.progress(share, text=text)
    if said.breached and said.until is None:
        st.caption(prose(said.detail))


def _numbers(meter: Meter) -> str:
    said, amount = meter.verdict, AMOUNTS[meter.verdict.unit]
    value = NOTHING if said.value is None else amount(said.value)
    left = " left" if said.name == "cooldown" else ""
    return f"{value}{left} of {amount(said.limit)}"
