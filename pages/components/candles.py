"""Candles with a plan drawn into them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf
from typing import NamedTuple

import pandas as pd
import plotly.graph_objects as go

from core.domain.scenarios import Scenario
from pages.components.candle_figure import candle_figure, draw_name, show_candles
from pages.components.charts import Palette, palette

NAME_HEIGHT = 0.05  # of the chart's height, with room around it


class Line(NamedTuple):
    """One price of a plan and its name; without a dash only the name is drawn."""

    price: float
    name: str
    color: str
    dash: str = ""


def candles_with_levels(
    bars: pd.DataFrame, scenario: Scenario | None, *, key: str, start: str | None = None
) -> None:
    """Draw candles and volume with the plan's entry zone, trigger, stop and targets, each named.

    `bars` is as for `candle_figure`. `start` is the time from which the plan holds.
    """
    colors = palette()
    figure = candle_figure(bars, colors)
    named = _draw_plan(figure, bars, scenario, colors) if scenario else []
    if start is not None:
        _draw_start(figure, start, colors)
    show_candles(figure, bars, key=key, named=named)


def _draw_start(figure: go.Figure, start: str, colors: Palette) -> None:
    figure.add_vline(x=start, line={"color": colors.muted, "width": 1, "dash": "dot"})
    figure.add_annotation(
        x=start, y=1, yref="paper", yanchor="bottom", text="plan", showarrow=False,
        font={"color": colors.muted, "size": 11},
    )  # fmt: skip


def _draw_plan(
    figure: go.Figure, bars: pd.DataFrame, plan: Scenario, colors: Palette
) -> list[float]:
    """Draw a plan; return the prices that must be in sight for its lines and names."""
    figure.add_hrect(
        y0=plan.entry_low, y1=plan.entry_high, fillcolor=colors.primary, opacity=0.18, line_width=0
    )
    lines = sorted(_lines(plan, colors), key=lambda line: line.price)
    for line in lines:
        if line.dash:
            figure.add_hline(
                y=line.price, line={"color": line.color, "width": 1.5, "dash": line.dash}
            )
    prices = [line.price for line in lines]
    low, high = min([bars["low"].min(), *prices]), max([bars["high"].max(), *prices])
    places = apart(prices, (high - low) * NAME_HEIGHT)
    for line, place in zip(lines, places, strict=True):
        draw_name(figure, place, line.name, line.color)
    return [*prices, *places]


def apart(prices: Sequence[float], gap: float) -> list[float]:
    """Return where names stand so that none covers another; `prices` are in rising order."""
    places, lowest = list[float](), -inf
    for price in prices:
        lowest = max(price, lowest + gap)
        places.append(lowest)
    return places


def _lines(plan: Scenario, colors: Palette) -> Iterator[Line]:
    middle, trigger = (plan.entry_low + plan.entry_high) / 2, plan.trigger
    yield Line(middle, f"Entry {plan.entry_low:,.2f} to {plan.entry_high:,.2f}", colors.primary)
    met = ", met" if trigger.is_met else ""
    yield Line(trigger.price, f"Trigger {trigger.price:,.2f}{met}", colors.muted, "dot")
    yield Line(plan.stop, f"Stop {plan.stop:,.2f}", colors.bad, "solid")
    for number, target in enumerate(plan.targets, 1):
        text = f"Target {number} {target.price:,.2f} ({plan.reward_risk(target.price):+.1f}R)"
        yield Line(target.price, text, colors.good, "dash")
