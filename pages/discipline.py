"""Two books, the plans by rule and what was filled, and what lies between them."""

from __future__ import annotations

import streamlit as st

from core import bootstrap
from core.domain.two_books import DisciplineRecord
from pages.components import (
    discipline_charts,
    discipline_forms,
    discipline_numbers,
    discipline_tables,
)
from pages.components.split import split

EXAMPLES, OWN = "Examples", "This desk"


def chosen() -> DisciplineRecord:
    """Return the desk's own record; the demo opens on its examples."""
    desk = bootstrap.desk()
    if not desk.is_demo:
        return desk.discipline.read()
    which = st.segmented_control(
        "Trades", [EXAMPLES, OWN], default=EXAMPLES, required=True, key="discipline_book",
        label_visibility="collapsed",
    )  # fmt: skip
    return desk.discipline.read() if which == OWN else desk.discipline.examples()


def both_books(record: DisciplineRecord) -> None:
    """Draw everything that rests on trades that have ended in both books."""
    discipline_numbers.numbers(record)
    left, right = split(3, 2)
    with left:
        discipline_charts.curves(record)
    with right:
        discipline_numbers.level(record)
        discipline_numbers.between(record.between)
    if not record.overrides.empty:
        costs(record)
    st.subheader("Overrides")
    discipline_tables.overrides(record)


def costs(record: DisciplineRecord) -> None:
    """Draw what the overrides have cost, by kind and by the result before; the rest in tables."""
    left, right = split(1, 1)
    with left:
        discipline_charts.cost("kind", "Cost by kind", record)
    with right:
        discipline_charts.cost("follows", "Cost after a win and after a loss", record)
    with st.expander("Cost by kind, hour, weekday, mood and the result before"):
        discipline_tables.groups(record)


st.title("Discipline", icon=":material/self_improvement:")
st.caption(
    "SYSTEM is every plan that was published or approved, replayed by rule. ACTUAL is what was "
    "filled, imports included. Above zero is what departing from the plan has cost."
)
record = chosen()
discipline_numbers.headline(record)
if record.is_empty:
    st.caption(
        "Nothing to compare yet. Both books are compared at 18:00 ET, after each session, from "
        "the first plan that was published or approved."
    )
    discipline_numbers.level(record)
else:
    both_books(record)
if not record.is_synthetic:
    discipline_forms.explain(record)
    discipline_forms.report()
