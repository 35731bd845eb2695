"""Settings that cannot work are refused at the start, by name."""

from __future__ import annotations

import pytest

from core.errors import ConfigurationError
from core.settings import load


def watchlist(text: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    monkeypatch.setenv("CONVERGENCE_WATCHLIST", text)
    return load().watchlist


def test_a_watch_list_is_in_capitals_and_names_each_symbol_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert watchlist("tsla, AAPL,brk.b,TSLA", monkeypatch) == ("TSLA", "AAPL", "BRK.B")


@pytest.mark.parametrize("text", ["BRK/B", "$TSLA", "TS LA", "1X"])
def test_what_is_no_symbol_is_named(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match=r"CONVERGENCE_WATCHLIST.*is no symbol"):
        watchlist(f"AAPL,{text}", monkeypatch)


def test_an_empty_watch_list_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert watchlist("", monkeypatch) == ()
