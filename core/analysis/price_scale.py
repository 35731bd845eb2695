"""Whether a file's prices are as they were traded, or divided by splits since then."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import pandas as pd

from core.analysis.overlap import RATIO_TOLERANCE, SMALLEST_SPLIT_FRACTION
from core.domain.feeds import CorporateAction

COMMON_SESSIONS = 3
# Below a ratio of 3:2 a day's move can look like the split.
CLEAR_RATIO = 1.5
MOVE = 0.2
NEAR = pd.Timedelta(days=7)


class Scale(NamedTuple):
    """reasons: why a bar is refused, "" where nothing speaks against its scale.

    unknown: the symbols of whose scale neither other bars nor a split tell anything.
    """

    reasons: pd.Series[Any]
    unknown: set[str]


def judge_scale(
    bars: pd.DataFrame, others: pd.DataFrame, actions: Iterable[CorporateAction]
) -> Scale:
    """Compare a file's closes with other providers' and with the steps that splits make.

    Shape: good bars of one timeframe; `others` has symbol, started_at, provider and close.
    """
    common, split = _beside(bars, others), _around(bars, _clear_splits(actions))
    texts = _adjusted(split) | _rescaled(common)
    known = set(common["symbol"]) | set(split["symbol"])
    reasons = bars["symbol"].map(lambda symbol: texts.get(symbol, "")).astype(object)
    return Scale(reasons, set(bars["symbol"]) - known)


def _beside(bars: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """Return by what closes of common sessions are divided, where there are enough of them."""
    keys = ["symbol", "started_at"]
    both = others.merge(bars[[*keys, "close"]], on=keys, suffixes=("_other", "")).sort_values(keys)
    both["ratio"] = both["close_other"] / both["close"]
    enough = both.groupby(["symbol", "provider"])["ratio"].transform("size").ge(COMMON_SESSIONS)
    return both[enough]


def _rescaled(common: pd.DataFrame) -> dict[str, str]:
    """Return why a symbol is on another scale: its last closes that differ have one ratio."""
    pair = ["symbol", "provider"]
    differing = common[common["ratio"].sub(1).abs().gt(SMALLEST_SPLIT_FRACTION)]
    last = differing.groupby(pair).tail(COMMON_SESSIONS)
    found = last.groupby(pair)["ratio"].agg(["size", "min", "max", "median"]).reset_index()
    is_common = found["max"].le(found["min"] * (1 + RATIO_TOLERANCE))
    found = found[is_common & found["size"].eq(COMMON_SESSIONS)].drop_duplicates("symbol")
    return {
        str(symbol): f"on another scale than the bars of {provider} (divided by {ratio:.3g})"
        for symbol, provider, ratio in zip(
            found["symbol"], found["provider"], found["median"], strict=True
        )
    }


def _clear_splits(actions: Iterable[CorporateAction]) -> pd.DataFrame:
    splits = [
        (action.symbol, action.ex_date, action.ratio)
        for action in actions
        if action.ratio and max(action.ratio, 1 / action.ratio) >= CLEAR_RATIO
    ]
    frame = pd.DataFrame(splits, columns=["symbol", "ex_date", "ratio"])
    ex_date = pd.to_datetime(frame["ex_date"]).astype("datetime64[us]")
    return frame.assign(ex_date=ex_date, ratio=frame["ratio"].astype(float))


def _around(bars: pd.DataFrame, splits: pd.DataFrame) -> pd.DataFrame:
    """Return the change across each split inside the file, and whether a step like it is near.

    Providers differ by some days in the date of a split, so one near it is its step.
    """
    mine = bars[bars["symbol"].isin(splits["symbol"])].sort_values(["symbol", "started_at"])
    day = pd.to_datetime(mine["session_date"]).astype("datetime64[us]")
    before = pd.DataFrame({"day": day, "close": mine["close"]}).groupby(mine["symbol"]).shift()
    steps = pd.DataFrame({
        "symbol": mine["symbol"], "day": day, "before": before["day"],
        "change": mine["close"] / before["close"],
    })  # fmt: skip
    near = splits.merge(steps, on="symbol")
    near = near[(near["day"] - near["ex_date"]).abs().le(NEAR)]
    is_step = (near["change"] * near["ratio"]).sub(1).abs().le(MOVE)
    near["has_step"] = is_step.groupby([near["symbol"], near["ex_date"]]).transform("any")
    across = near["before"].lt(near["ex_date"]) & near["day"].ge(near["ex_date"])
    return near[across & (near["ex_date"] - near["before"]).le(NEAR)]


def _adjusted(split: pd.DataFrame) -> dict[str, str]:
    flat = split[split["change"].sub(1).abs().le(MOVE) & ~split["has_step"]]
    return {
        str(symbol): f"already adjusted for the split of {ex_date:%Y-%m-%d}"
        for symbol, ex_date in zip(flat["symbol"], flat["ex_date"], strict=True)
    }
