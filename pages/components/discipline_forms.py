"""Say why an override was done and in which mood, and tell of one that nothing can see."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from core import bootstrap
from core.domain.overrides import Emotion, OverrideKind
from core.domain.two_books import DisciplineRecord
from pages.components import flash
from pages.components.formatting import words

WHICH, REASON, MOOD = "discipline_which", "discipline_reason", "discipline_mood"
KIND, SYMBOL = "discipline_own_kind", "discipline_own_symbol"
OWN_REASON, OWN_MOOD = "discipline_own_reason", "discipline_own_mood"
MOODS = [emotion.value for emotion in Emotion]


def explain(record: DisciplineRecord) -> None:
    """Draw the form for what was said about one override; the unexplained come first."""
    rows = record.overrides
    if rows.empty:
        return
    ordered = rows.assign(is_said=rows["reason"] != "").sort_values("is_said", kind="stable")
    names = {row.override_id: _name(row) for row in ordered.itertuples()}
    with st.container(border=True, key="discipline_explain"):
        st.markdown("**Why was it done?** :small[:gray[the newest word counts, none is lost]]")
        st.selectbox("Override", list(names), format_func=names.__getitem__, key=WHICH)
        st.text_input("Reason", key=REASON, placeholder="In a few words")
        st.pills("Mood", MOODS, key=MOOD)
        st.button("Save", key="discipline_save", type="primary", on_click=save)


def _name(row: Any) -> str:
    """Return the day, the kind and the symbol; a mark where nothing was said yet."""
    said = "" if row.reason else " (no reason yet)"
    return f"{pd.Timestamp(row.session_date):%-d %b %Y}, {words(row.kind)} {row.symbol}{said}"


def save() -> None:
    """Keep the typed reason and the mood of the chosen override."""
    state, discipline, actor = st.session_state, bootstrap.desk().discipline, flash.actor()
    reason, mood = str(state.get(REASON) or ""), _mood(MOOD)
    if flash.press(
        lambda: discipline.explain(state[WHICH], reason, mood, actor), "The reason is kept"
    ):
        state[REASON], state[MOOD] = "", None


def report() -> None:
    """Draw the form for an override that the operator tells of himself."""
    with st.expander("Tell of one that the desk cannot see", icon=":material/edit_note:"):
        kinds = [kind.value for kind in OverrideKind]
        st.selectbox("What", kinds, format_func=words, key=KIND)
        st.text_input("Symbol", key=SYMBOL, placeholder="May stay empty")
        st.text_input("Reason", key=OWN_REASON, placeholder="In a few words")
        st.pills("Mood", MOODS, key=OWN_MOOD)
        st.button("Tell", key="discipline_tell", on_click=tell)


def tell() -> None:
    """Keep what the operator tells of himself."""
    state, discipline, actor = st.session_state, bootstrap.desk().discipline, flash.actor()
    kind, symbol = OverrideKind(state[KIND]), str(state.get(SYMBOL) or "").strip().upper()
    reason, mood = str(state.get(OWN_REASON) or ""), _mood(OWN_MOOD)
    if flash.press(lambda: discipline.report(kind, symbol, reason, mood, actor), "It is noted"):
        state[OWN_REASON], state[SYMBOL], state[OWN_MOOD] = "", "", None


def _mood(key: str) -> Emotion | None:
    chosen = st.session_state.get(key)
    return Emotion(chosen) if chosen else None
