"""Files on another scale are found by other bars and by splits, and by nothing else."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest

from core.analysis.price_scale import Scale, judge_scale
from core.domain.feeds import CorporateAction, Label
from tests.unit.markets import closed_form_bars

TRADED = closed_form_bars(60)
DAYS = list(TRADED["session_date"])
EX_DATE = DAYS[30]
NOTHING = pd.DataFrame({
    "symbol": [], "started_at": pd.to_datetime([], utc=True), "provider": [], "close": [],
})  # fmt: skip


def others(bars: pd.DataFrame, provider: str = "yahoo") -> pd.DataFrame:
    return bars[["symbol", "started_at", "close"]].assign(provider=provider)


def before(bars: pd.DataFrame, ex_date: date, factor: float) -> pd.DataFrame:
    """Return the bars with the closes before a date multiplied."""
    old = bars["session_date"] < ex_date
    return bars.assign(close=bars["close"].mask(old, bars["close"] * factor))


def split(ratio: float, ex_date: date = EX_DATE, symbol: str = "ACME") -> CorporateAction:
    return CorporateAction(
        symbol=symbol, kind="split", ex_date=ex_date, ratio=ratio, provider="yahoo",
        label=Label.REAL,
    )  # fmt: skip


def reasons(scale: Scale) -> set[str]:
    return set(scale.reasons)


def test_bars_like_those_of_another_source_are_good_and_known() -> None:
    noisy = TRADED.assign(close=TRADED["close"] * 1.003)
    scale = judge_scale(noisy, others(TRADED), [])
    assert (reasons(scale), scale.unknown) == ({""}, set())


@pytest.mark.parametrize("ratio", [1.5, 7.0, 0.1])
def test_a_file_divided_before_a_split_is_on_another_scale(ratio: float) -> None:
    scale = judge_scale(before(TRADED, EX_DATE, 1 / ratio), others(TRADED), [])
    told = f"on another scale than the bars of yahoo (divided by {ratio:.3g})"
    assert reasons(scale) == {told}
    assert len(scale.reasons) == len(TRADED)


def test_of_two_splits_the_later_one_is_told() -> None:
    divided = before(before(TRADED, EX_DATE, 1 / 4), DAYS[10], 1 / 7)
    assert "divided by 4" in judge_scale(divided, others(TRADED), []).reasons[0]


def test_two_common_sessions_tell_nothing() -> None:
    scale = judge_scale(before(TRADED, DAYS[-1], 0.5), others(TRADED.head(2)), [])
    assert (reasons(scale), scale.unknown) == ({""}, {"ACME"})


def test_some_wrong_prints_are_no_scale() -> None:
    wrong = TRADED.copy()
    wrong.loc[[5, 20, 40], "close"] *= [1.1, 0.8, 1.3]
    assert reasons(judge_scale(wrong, others(TRADED), [])) == {""}


def test_one_symbol_on_another_scale_leaves_the_others() -> None:
    whole = pd.concat([TRADED, TRADED.assign(symbol="OTHER")], ignore_index=True)
    file = pd.concat([before(TRADED, EX_DATE, 0.5), TRADED.assign(symbol="OTHER")])
    scale = judge_scale(file.reset_index(drop=True), others(whole), [])
    assert file.loc[scale.reasons.eq("").to_numpy(), "symbol"].unique().tolist() == ["OTHER"]


@pytest.mark.parametrize("ratio", [1.5, 4.0, 0.05])
def test_closes_without_the_step_of_a_split_are_adjusted(ratio: float) -> None:
    scale = judge_scale(TRADED, NOTHING, [split(ratio)])
    assert reasons(scale) == {f"already adjusted for the split of {EX_DATE}"}


@pytest.mark.parametrize("ratio", [1.5, 4.0, 0.05])
def test_closes_with_the_step_of_a_split_are_as_traded(ratio: float) -> None:
    scale = judge_scale(before(TRADED, EX_DATE, ratio), NOTHING, [split(ratio)])
    assert (reasons(scale), scale.unknown) == ({""}, set())


def test_a_split_that_is_told_a_day_late_is_still_seen() -> None:
    late = split(4.0, EX_DATE + timedelta(days=1))
    assert reasons(judge_scale(before(TRADED, EX_DATE, 4), NOTHING, [late])) == {""}


@pytest.mark.parametrize(
    "action",
    [split(1.05), split(4.0, DAYS[0]), split(4.0, date(2030, 1, 2)), split(4.0, symbol="OTHER")],
)
def test_a_split_that_cannot_show_tells_nothing(action: CorporateAction) -> None:
    scale = judge_scale(TRADED, NOTHING, [action])
    assert (reasons(scale), scale.unknown) == ({""}, {"ACME"})


def test_a_gap_of_weeks_around_a_split_tells_nothing() -> None:
    gap = TRADED.drop(index=range(20, 30)).reset_index(drop=True)
    assert judge_scale(gap, NOTHING, [split(4.0)]).unknown == {"ACME"}
