"""Candles with a plan drawn into them."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from core.domain.tactics import Scenario, Trigger
from pages.components.candle_figure import candle_figure, draw_name, show_candles
from pages.components.charts import Palette, palette
from pages.components.formatting import words


def candles_with_levels(
    bars: pd.DataFrame, scenario: Scenario | None, *, key: str, start: str | None = None
) -> None:
    """Draw candles and volume with the plan's entry zone, trigger, stop and targets, each named.

    `bars` is as for `candle_figure`. `start` is the time from which the plan holds.
    """
    colors = palette()
    figure = candle_figure(bars, colors)
    prices: list[float] = []
    if scenario is not None:
        _draw_plan(figure, scenario, colors)
        targets = [target.price for target in scenario.targets]
        zone = [scenario.entry_low, scenario.entry_high, scenario.trigger.price]
        prices = [scenario.stop, *zone, *targets]
    if start is not None:
        _draw_start(figure, start, colors)
    show_candles(figure, bars, key=key, named=prices)


def _draw_start(figure: go.Figure, start: str, colors: Palette) -> None:
    figure.add_vline(x=start, line={"color": colors.muted, "width": 1, "dash": "dot"})
    figure.add_annotation(
        x=start, y=1, yref="paper", yanchor="bottom", text="plan", showarrow=False,
        font={"color": colors.muted, "size": 11},
    )  # fmt: skip


def _draw_plan(figure: go.Figure, plan: Scenario, colors: Palette) -> None:
    figure.add_hrect(
        y0=plan.entry_low, y1=plan.entry_high, fillcolor=colors.primary, opacity=0.18, line_width=0
    )
    entry = (plan.entry_low + plan.entry_high) / 2
    zone = f"Entry {plan.entry_low:,.2f} to {plan.entry_high:,.2f}"
    draw_name(figure, entry, zone, colors.primary)
    _draw_trigger(figure, plan.trigger, colors)
    _level(figure, plan.stop, f"Stop {plan.stop:,.2f}", colors.bad, "solid")
    for number, target in enumerate(plan.targets, 1):
        text = f"Target {number} {target.price:,.2f} ({plan.reward_risk(target.price):+.1f}R)"
        _level(figure, target.price, text, colors.good, "dash")


def _draw_trigger(figure: go.Figure, trigger: Trigger, colors: Palette) -> None:
    """Draw the line that the price must react to, its name at the left where none stands yet."""
    color = colors.series[2] if len(colors.series) > 2 else colors.primary
    state = "Trigger, met" if trigger.is_met else "Trigger"
    figure.add_hline(y=trigger.price, line={"color": color, "width": 1.5, "dash": "dot"})
    figure.add_annotation(
        x=0, xref="paper", xanchor="left", y=trigger.price, yref="y", yanchor="bottom",
        text=f"{state}: {words(trigger.kind)} {trigger.price:,.2f}", showarrow=False,
        font={"color": color, "size": 11},
    )  # fmt: skip


def _level(figure: go.Figure, at: float, text: str, color: str, dash: str) -> None:
    figure.add_hline(y=at, line={"color": color, "width": 1.5, "dash": dash})
    draw_name(figure, at, text, color)
