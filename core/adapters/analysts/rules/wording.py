"""How the rules write numbers and lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

Vote = Literal[-1, 0, 1]


def usd(value: float) -> str:
    return f"${value:,.2f}"


def signed_percent(fraction: float) -> str:
    return f"{fraction * 100:+.1f}%"


def rsi(value: float) -> str:
    """Return whole points; a single digit with a decimal, or it could be any number nearby."""
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def compare(value: float, other: float) -> Vote:
    return 1 if value > other else -1 if value < other else 0


def place(vote: Vote) -> str:
    return {1: "above", -1: "below", 0: "level with"}[vote]


def listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
