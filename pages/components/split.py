"""Two parts side by side, which stand one below the other where the page is narrow."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

ROOM, GAP = 860, 16  # pixels: below this width the second part moves down


def split(left: int, right: int, *, border: bool = True) -> tuple[DeltaGenerator, DeltaGenerator]:
    """Return two cells whose widths are as `left` to `right`."""
    parts = left + right
    grid = st.grid(parts, min_column_width=(ROOM + GAP) // parts - GAP, border=border)
    return grid.cell(column_span=left), grid.cell(column_span=right)
