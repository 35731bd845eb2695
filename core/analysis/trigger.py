"""When a plan's trigger comes true: a machine rule, judged on the close of each bar."""

from __future__ import annotations

import numpy as np

from core.analysis.bar_arrays import FloatArray
from core.analysis.bar_path import Bars, Flags, IntArray, first_true
from core.domain.scenarios import Side, Trigger
from core.errors import InsufficientDataError

VOLUME_BARS = 20


def trigger_place(trigger: Trigger, side: Side, bars: Bars) -> int:
    """Return the first bar whose close makes the trigger true, if none does the number of bars.

    `bars` are turned to the plan's side; nothing before them counts, so that the first one is
    compared with its own open. "Beyond" is above the price, of a rule that looks down below it.

    cross_above, cross_below: a close beyond after one that was not, then `bars` closes beyond in
        all. reclaim: the same in the direction of the plan.
    hold_above, hold_below: `bars` closes beyond in a row.
    reject: a bar that opens beyond, comes back to the price and closes beyond, in the direction of
        the plan.
    curl: three closes each farther in the direction of the plan, the last one beyond.
    Relative volume is against the mean of up to 20 bars before; the first bar has none.
    Raises: InsufficientDataError where volume is asked for and the bars have none.
    """
    hits = _hits(trigger, side, bars)
    if trigger.min_relative_volume > 0:
        hits &= _has_volume(bars, trigger.min_relative_volume)
    return first_true(hits, len(hits))


def _hits(trigger: Trigger, side: Side, bars: Bars) -> Flags:
    down = {"cross_below", "hold_below"}
    up = {"cross_above", "hold_above"}
    looks = -1 if trigger.kind in down else 1 if trigger.kind in up else side.sign
    way = looks * side.sign  # the bars are turned already
    level = looks * trigger.price
    close, opened = way * bars.close, way * bars.open
    beyond = close > level
    if trigger.kind == "reject":
        deepest = bars.low if way > 0 else -bars.high
        return beyond & (opened >= level) & (deepest <= level)
    if trigger.kind == "curl":
        return beyond & _rises_twice(close)
    if trigger.kind in {"hold_above", "hold_below"}:
        return _run(beyond) >= trigger.bars
    return _crossed(opened, close, level, trigger.bars)


def _crossed(opened: FloatArray, close: FloatArray, level: float, bars: int) -> Flags:
    """Tell where a run of closes beyond that began with a cross is `bars` long."""
    before = np.concatenate((opened[:1], close[:-1]))
    beyond = close > level
    began = beyond & (before <= level)
    late = np.concatenate((np.zeros(bars - 1, dtype=bool), began))[: len(close)]
    crossed: Flags = (_run(beyond) == bars) & late
    return crossed


def _run(beyond: Flags) -> IntArray:
    """Return how many in a row are true, up to and with each place."""
    places = np.arange(len(beyond))
    last_miss = np.maximum.accumulate(np.where(beyond, -1, places))
    return places - last_miss


def _rises_twice(close: FloatArray) -> Flags:
    rises = np.concatenate(([False], np.diff(close) > 0))
    twice: Flags = rises & np.concatenate(([False], rises[:-1]))
    return twice


def _has_volume(bars: Bars, least: float) -> Flags:
    if bars.volume is None or not np.isfinite(bars.volume).all():
        raise InsufficientDataError("the trigger asks for volume, and the bars have none")
    total = np.concatenate(([0.0], np.cumsum(bars.volume)))
    ends = np.arange(len(bars.volume))
    begins = np.maximum(ends - VOLUME_BARS, 0)
    mean = (total[ends] - total[begins]) / np.maximum(ends - begins, 1)
    enough: Flags = (ends > 0) & (mean > 0) & (bars.volume >= least * mean)
    return enough
