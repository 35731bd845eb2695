"""Tables: the columns that recur, each written once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from pages.components import badges
from pages.components.formatting import NEW_YORK


class State(str):
    """The label of a column that shows states."""

    __slots__ = ()


def when(label: str, *, seconds: bool = False) -> Any:
    """Return a column of New York times; the label says so.

    Its width is fixed: Streamlit takes it from the first rows, and cuts times that begin below.
    """
    shown, width = ("D MMM YYYY, HH:mm:ss", 145) if seconds else ("D MMM YYYY, HH:mm", 125)
    return st.column_config.DatetimeColumn(
        f"{label} (ET)", width=width, format=shown, timezone=str(NEW_YORK)
    )


def dollars(label: str) -> Any:
    return st.column_config.NumberColumn(label, format="dollar")


def number(label: str, shown: str = "%.2f") -> Any:
    return st.column_config.NumberColumn(label, format=shown)


def medium(label: str) -> Any:
    return st.column_config.TextColumn(label, width="medium")


def wide(label: str) -> Any:
    return st.column_config.TextColumn(label, width="large")


def table(
    frame: pd.DataFrame, columns: Mapping[str, Any], *, key: str, alt: str, empty: str
) -> None:
    """Draw the named columns in their order; a `State` label draws states as coloured words.

    An empty frame is said in the words of `empty`.
    """
    if frame.empty:
        st.caption(empty)
        return
    st.dataframe(
        with_states(frame, columns), hide_index=True, key=key, alt=alt, placeholder="",
        column_config=configured(frame, columns),
    )  # fmt: skip


def with_states(frame: pd.DataFrame, columns: Mapping[str, Any]) -> pd.DataFrame:
    """Return the columns of a table, states as their words."""
    shown = frame[list(columns)].copy()
    for name in (name for name, label in columns.items() if type(label) is State):
        shown[name] = pd.Series(badges.cells(frame[name]), index=frame.index, dtype=object)
    return shown


def configured(frame: pd.DataFrame, columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return what Streamlit is told about the columns of a table."""
    return {
        name: badges.column(str(c), frame[name].dropna()) if type(c) is State else c
        for name, c in columns.items()
    }
