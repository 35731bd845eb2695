"""The track record as pictures: R over time, and what a score was worth."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.domain.resolutions import Outcome
from core.domain.track_record import CalibrationBucket
from pages.components.candle_figure import CHART_CONFIG
from pages.components.charts import Palette, palette
from pages.components.formatting import NEW_YORK, r

TRADED = {outcome.value for outcome in Outcome if outcome.was_traded}


def cumulative_r(resolved: pd.DataFrame) -> None:
    """Draw the sum of all results by rule, in the order in which the plans ended."""
    st.markdown("**Result over time** :small[:gray[sum of R by rule (SYSTEM), before any size]]")
    traded = resolved[resolved["outcome"].isin(TRADED)].iloc[::-1]
    if len(traded) < 2:
        st.caption("The curve begins with the second plan that was filled and has ended.")
        return
    total = traded["system_r"].cumsum()
    ended = traded["resolved_at"].dt.tz_convert(NEW_YORK).dt.strftime("%-d %b %Y")
    frame = pd.DataFrame({"Ended": ended, "Sum of R": total.round(2)})
    st.echarts_chart(
        {
            "dataset": {"source": frame},
            "tooltip": {"trigger": "axis"},
            "grid": {"left": 56, "right": 16, "top": 16, "bottom": 32},
            "xAxis": {"type": "category", "axisLabel": {"hideOverlap": True}},
            "yAxis": {"type": "value", "axisLabel": {"formatter": "{value}R"}},
            "series": [{"type": "line", "step": "end", "symbolSize": 6,
                        "encode": {"x": "Ended", "y": "Sum of R"}, "name": "Sum of R",
                        "color": palette().primary, "areaStyle": {"opacity": 0.08}}],
        },
        height=380, key="track_curve",
        alt=f"Sum of R by rule after {len(traded)} plans: {r(float(total.iloc[-1]))}",
    )  # fmt: skip


def calibration(buckets: Sequence[CalibrationBucket]) -> None:
    """Draw how often plans of each score won, beside the line of a score that is always right."""
    st.markdown("**Is the score right?** :small[:gray[score against share of wins, by bucket]]")
    filled = [one for one in buckets if one.hit_rate is not None]
    if not filled:
        st.caption("No plan with a score was filled and has ended yet.")
        return
    figure, colors = go.Figure(), palette()
    _draw_perfect(figure, colors)
    for enough in (True, False):
        _draw_buckets(figure, [one for one in filled if one.enough is enough], colors, enough)
    figure.update_layout(
        height=320, margin={"l": 0, "r": 8, "t": 8, "b": 0},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        xaxis={"title": "Score", "range": [0, 1], "tickformat": ".1f"},
        yaxis={"title": "Share of wins", "range": [-0.03, 1.1], "tickformat": ".0%"},
    )  # fmt: skip
    told = ", ".join(
        f"score {one.low:.1f} to {one.high:.1f}: {one.hit_rate:.0%} of {one.decided}"
        for one in filled
    )
    st.plotly_chart(figure, key="track_calibration", config=CHART_CONFIG, alt=told)


def _draw_perfect(figure: go.Figure, colors: Palette) -> None:
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", name="Perfect: wins as often as its score says",
        line={"color": colors.muted, "dash": "dash", "width": 1.5}, hoverinfo="skip",
    )  # fmt: skip


def _draw_buckets(
    figure: go.Figure, buckets: Sequence[CalibrationBucket], colors: Palette, enough: bool
) -> None:
    """Draw points with their 95 % intervals; hollow ones rest on too few results."""
    if not buckets:
        return
    rates = [one.hit_rate or 0.0 for one in buckets]
    up = [(one.hit_high or 0.0) - rate for one, rate in zip(buckets, rates, strict=True)]
    down = [rate - (one.hit_low or 0.0) for one, rate in zip(buckets, rates, strict=True)]
    figure.add_scatter(
        x=[one.mean_score for one in buckets], y=rates, mode="markers+text",
        name="Plans, 95 % interval" if enough else "Not enough data",
        text=[f"  n {one.decided}" for one in buckets], textposition="middle right",
        marker={"size": 11, "color": colors.primary,
                "symbol": "circle" if enough else "circle-open", "line": {"width": 2}},
        error_y={"type": "data", "array": up, "arrayminus": down, "thickness": 1.5},
    )  # fmt: skip
