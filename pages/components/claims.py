"""The claims of a text, each with the fact that bears it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd
import streamlit as st

from core.domain.claims import Claim, ClaimReport
from core.domain.content import Fact
from pages.components.facts import shown
from pages.components.formatting import plural, prose, words
from pages.components.tables import State, table

ACTIONS = {
    "rewritten": "A first version claimed what no fact bears, and was written anew.",
    "replaced": "Two versions claimed what no fact bears, so the rules wrote it.",
}


def claims_panel(reports: Sequence[ClaimReport], facts: Mapping[str, Fact], *, key: str) -> None:
    """Draw every claim with its verdict and its fact; those without a fact come first."""
    rows = [_row(report, claim, facts) for report in reports for claim in report.claims]
    st.markdown(f"**Claims** {_verdict(rows, reports)}")
    for action in sorted({report.action for report in reports} & ACTIONS.keys()):
        st.caption(ACTIONS[action])
    if not rows:
        return
    rows.sort(key=lambda row: row["verdict"] != "no fact")
    table(
        pd.DataFrame(rows),
        {"claim": st.column_config.TextColumn("Claim", width=110), "verdict": State("Verdict"),
         "behind": st.column_config.TextColumn("Fact behind it, or what is wrong", width=300),
         "kind": "Kind", "part": "Text"},
        key=key, alt="Claims of the text with the fact behind each", empty="",
    )  # fmt: skip


def cited(fact_ids: Iterable[str], facts: Mapping[str, Fact]) -> str:
    """Return facts with their values: `snapshot.last = $101.20`."""
    return ", ".join(
        f"{name} = {shown(facts[name])}" if name in facts else name for name in fact_ids
    )


def _verdict(rows: Sequence[Mapping[str, str]], reports: Sequence[ClaimReport]) -> str:
    if not reports:
        return ":small[:gray[these words were not checked]]"
    failed = sum(row["verdict"] == "no fact" for row in rows)
    told = f"{plural(len(rows), 'claim')} in {plural(len(reports), 'text')}"
    if failed:
        return f":red[:material/close: {failed} of {told} without a fact]"
    return f":green[:material/check:] :small[:gray[{prose(told)}, a fact behind each]]"


def _row(report: ClaimReport, claim: Claim, facts: Mapping[str, Fact]) -> dict[str, str]:
    verdict = "holds" if claim.holds else "no fact"
    if claim.kind == "plan" and claim.holds:
        verdict = "condition"
    return {
        "claim": claim.text,
        "verdict": verdict,
        "behind": claim.reason or cited(claim.fact_ids, facts),
        "kind": claim.kind,
        "part": words(report.part),
    }
