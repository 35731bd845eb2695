"""Untrusted markup becomes plain, bounded text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.text import plain_text


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("Tesla <b>beats</b> estimates", "Tesla beats estimates"),
        ("<script>alert(1)</script>Tesla beats", "Tesla beats"),
        ("a<style>p{}</style>b", "a b"),
        ("AT&amp;T &lt;up&gt; 3&nbsp;%", "AT&T <up> 3 %"),
        ("  two\n lines\tof  text ", "two lines of text"),
        ("zero\u200bwidth\u202edirection\ufeff", "zerowidthdirection"),
        ("S&P 500 at 1 < 2", "S&P 500 at 1 < 2"),
        ("<a href='https://evil.example'>link</a>", "link"),
        ("", ""),
    ],
)
def test_only_the_words_are_left(markup: str, words: str) -> None:
    assert plain_text(markup, 300) == words


def test_a_long_text_is_cut_between_words() -> None:
    cut = plain_text("word " * 100, 52)
    assert cut == "word " * 9 + "word\u2026"


@given(st.text(max_size=400), st.integers(10, 80))
def test_the_limit_holds_and_nothing_invisible_is_left(markup: str, limit: int) -> None:
    text = plain_text(markup, limit)
    assert len(text) <= limit
    assert text == text.strip()
    assert "\n" not in text
    assert "\u200b" not in text


def test_a_tag_that_never_ends_is_only_text() -> None:
    assert plain_text("<a " * 3000, 100).startswith("<a <a")
