"""Numbers, times and untrusted text as the pages write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from core.domain.content import ContentEventKind
from core.domain.flow import ApprovalState, EffectState, RunState, StepState, TradingState
from core.domain.lifecycle import TacticEventKind
from core.domain.orders import OrderStatus
from core.domain.resolutions import Outcome
from core.domain.scenarios import Grade
from core.settings import Mode
from pages.components import formatting
from pages.components.looks import LOOKS

NOW = datetime(2023, 6, 15, 13, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "signed", "expected"),
    [
        (1234.5, False, "$1,234.50"),
        (-3, True, "-$3.00"),
        (Decimal(3), True, "+$3.00"),
        (-0.001, True, "$0.00"),
        (None, False, "n/a"),
    ],
)
def test_money_carries_its_sign_before_the_dollar(
    amount: float | None, signed: bool, expected: str
) -> None:
    assert formatting.money(amount, signed=signed) == expected


def test_multiples_and_fractions_are_written_once() -> None:
    assert formatting.r(1.5) == "+1.50R"
    assert formatting.r(-0.001) == "0.00R"
    assert formatting.percent(0.0123, signed=True) == "+1.2 %"
    assert formatting.quantity(Decimal("61.000000")) == "61"


def test_times_name_their_zone_in_summer_and_winter() -> None:
    assert formatting.eastern(NOW) == "Thu 15 Jun 2023, 09:15 EDT"
    winter = datetime(2023, 12, 1, 14, 15, tzinfo=UTC)
    assert formatting.eastern_time(winter) == "09:15 EST"


def test_a_deadline_is_counted_down_in_words() -> None:
    assert formatting.countdown(NOW + timedelta(minutes=70), NOW) == "expires in 1 h 10 min"
    assert formatting.countdown(NOW, NOW) == "has expired"
    assert formatting.ago(NOW - timedelta(days=2, hours=3), NOW) == "2 d 3 h ago"
    assert formatting.ago(None, NOW) == "never"


def test_prose_leaves_no_mark_that_markdown_would_read() -> None:
    text = formatting.prose("costs $5 and $6 ![x](http://evil) **bold** :red[a] <b> www.evil.com")
    assert all(f"\\{mark}" in text for mark in "$![*:<")
    assert "www." not in text
    assert formatting.prose("1. one\n- two") == "1\\. one\n\\- two"


def test_a_post_keeps_its_form_and_loses_images_and_mathematics() -> None:
    body = "# Title\n\n**Stop** $5 to $6 ![a](http://evil/x.png) :red[hot] <script> 09:15"
    shown = formatting.post_markdown(body)
    assert shown.startswith("**Title**")
    assert "**Stop** \\$5 to \\$6" in shown
    assert "![" not in shown
    assert "<" not in shown
    assert "\\:red[" in shown


def test_every_state_has_a_word_and_a_colour() -> None:
    kinds = (
        ApprovalState, ContentEventKind, EffectState, Grade, Mode, OrderStatus, Outcome, RunState,
        StepState, TacticEventKind, TradingState,
    )  # fmt: skip
    states = [str(state) for kind in kinds for state in kind]
    assert [state for state in states if state not in LOOKS] == []
