"""What readers did with each post, measured at fixed ages."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core import bootstrap
from core.domain.engagement import SampleAge
from pages.components import badges, charts
from pages.components.formatting import percent, plural
from pages.components.tables import State, medium, number, table, when

ENOUGH = 30
COUNTS = ("impressions", "reactions", "comments", "shares", "clicks")
AGES = [age.value for age in SampleAge]


def numbers(samples: pd.DataFrame) -> None:
    """Draw the totals at the newest age of each post."""
    newest = samples.groupby("publication_id").tail(1)
    posts, late = len(newest), int(samples["is_late"].sum())
    with st.container(horizontal=True):
        st.metric(
            "Posts measured", posts, border=True, height="stretch", icon=":material/campaign:"
        )
        for name in ("impressions", "reactions", "comments"):
            total = newest[name].sum(min_count=1)
            shown = "not told" if pd.isna(total) else f"{int(total):,}"
            st.metric(name.capitalize(), shown, border=True, height="stretch")
        st.metric("Late samples", late, f"of the newest {len(samples)}", delta_color="off",
                  delta_arrow="off", border=True, height="stretch",
                  icon=":material/alarm:")  # fmt: skip


def rate(samples: pd.DataFrame) -> None:
    """Say the reaction rate, or that the data is too thin for one."""
    newest = samples.groupby("publication_id").tail(1).dropna(subset=["impressions", "reactions"])
    posts, seen = len(newest), float(newest["impressions"].sum())
    if posts < ENOUGH or not seen:
        st.caption(
            f"Not enough data for rates or comparisons: {plural(posts, 'post')} measured, "
            f"{ENOUGH} are asked for."
        )
        return
    share = float(newest["reactions"].sum()) / seen
    st.caption(f"Reactions per impression: {percent(share, places=2)} over {posts} posts.")


def curve(samples: pd.DataFrame) -> None:
    """Draw the mean count by age."""
    means = samples.groupby("age")[list(COUNTS)].mean(numeric_only=True)
    means = means.reindex([age for age in AGES if age in means.index]).dropna(axis=1, how="all")
    measured = samples.groupby("age")["publication_id"].nunique().reindex(means.index)
    seen, done = st.columns(2)
    with seen.container(border=True):
        mean_card(means, [name for name in COUNTS[:1] if name in means])
    with done.container(border=True):
        mean_card(means, [name for name in COUNTS[1:] if name in means])
    told = ", ".join(f"{age}: {plural(int(count), 'post')}" for age, count in measured.items())
    st.caption(f"Posts behind each age: {told}.")


def mean_card(means: pd.DataFrame, names: list[str]) -> None:
    """Draw the counts of one size together: impressions would flatten the others."""
    what = ", ".join(names)
    st.markdown(f"**Mean {what or 'counts'}** :small[:gray[by age of the post]]")
    if not names:
        st.caption("The platform does not tell.")
        return
    key = f"engagement_{names[0]}"
    charts.age_curve(means[names].round(1), key=key, alt=f"Mean {what} by age of the post")


def samples_table(samples: pd.DataFrame) -> None:
    flagged = samples.assign(late=samples["is_late"].map({True: "late", False: "in time"}))
    counts = {name: number(name.capitalize(), "%d") for name in COUNTS}
    table(
        flagged,
        {
            "title": medium("Post"), "label": State("Label"), "platform": "Platform",
            "age": "Age", **counts, "late": State("Measured"), "measured_at": when("At"),
        },
        key="engagement_samples", alt="Samples, newest post first", empty="No sample yet.",
    )  # fmt: skip


def totals_table(totals: pd.DataFrame) -> None:
    """Draw totals per kind, platform and age; rates only where the posts suffice."""
    enough = totals["reactions_per_impression"].where(totals["posts"] >= ENOUGH)
    rates = [percent(v, places=2) if pd.notna(v) else "not enough data" for v in enough]
    counts = {name: number(name.capitalize(), "%d") for name in COUNTS}
    table(
        totals.assign(rate=rates),
        {"kind": "Kind", "platform": "Platform", "age": "Age", "posts": "Posts", **counts,
         "rate": "Reactions per impression"},
        key="engagement_totals", alt="Totals by kind, platform and age", empty="No total yet.",
    )  # fmt: skip


st.title("Engagement", icon=":material/insights:")
view = bootstrap.desk().views.engagement()
if view.samples.empty:
    st.caption("No sample yet. Posts are measured 1 h, 6 h, 24 h, 72 h, 7 d and 30 d after they "
               "are published.")  # fmt: skip
else:
    labels = " ".join(badges.inline(label) for label in sorted(set(view.samples["label"])))
    st.markdown(f"{labels} :small[:gray[where these counts come from]]")
    numbers(view.samples)
    rate(view.samples)
    curve(view.samples)
    by_post, by_kind = st.tabs(["By post and age", "Totals"], key="engagement_tabs")
    with by_post:
        samples_table(view.samples)
    with by_kind:
        totals_table(view.totals)
