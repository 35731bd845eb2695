"""One colour, one icon and one word per state, the same on every page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd
import streamlit as st

from pages.components.looks import LOOKS
from pages.components.order_looks import Look


def look(state: object) -> Look:
    """Return how a state looks; an unknown one is shown as its own word, in gray."""
    name = str(state)
    return LOOKS.get(name, Look(name.replace("_", " "), "gray", "label"))


def word(state: object) -> str:
    return look(state).word


def badge(state: object, *, text: str = "", help_text: str | None = None) -> None:
    """Draw the badge of a state; `text` says more than the one word."""
    found = look(state)
    label, icon = text or found.word, f":material/{found.icon}:"
    st.badge(label, icon=icon, color=found.color, help=help_text)


def inline(state: object, text: str = "") -> str:
    """Return the badge as Markdown, for the middle of a line."""
    found = look(state)
    return f":{found.color}-badge[:material/{found.icon}: {text or found.word}]"


def column(label: str, states: Iterable[object]) -> Any:
    """Return a table column that shows states as coloured words; its cells come from `cells`."""
    looks = {found.word: found.color for found in map(look, dict.fromkeys(map(str, states)))}
    return st.column_config.MultiselectColumn(
        label, options=list(looks) or [""], color=list(looks.values()) or ["gray"]
    )


def cells(states: pd.Series[Any]) -> list[list[str]]:
    return [[] if pd.isna(state) else [word(state)] for state in states]
