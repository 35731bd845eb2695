"""The broker: whether it answers, what it can, the market's hours, the account."""

from __future__ import annotations

from collections.abc import Iterator

import streamlit as st

from core import bootstrap
from core.domain.trading import Account, BrokerCapabilities, MarketClock
from core.domain.views.positions import BrokerState
from pages.components import badges, flash
from pages.components.formatting import eastern, prose, quantity, seconds, usd

ABILITIES = {
    "bracket": "brackets",
    "several_take_profits": "several targets in one order",
    "oco": "stop and target as a pair",
    "trailing": "trailing stops",
    "short": "selling short",
    "fractional": "fractions of shares",
    "options": "options",
    "replace": "moving a stop in place",
    "stream": "telling of changes by itself",
    "suspend": "suspending all new orders",
}


def ask() -> None:
    """Ask the broker for its clock and its account, and say how that went."""

    def act() -> None:
        answer = bootstrap.desk().positions.ask_broker()
        if answer.error:
            flash.note(f"The broker did not answer: {answer.error}", flash.FAILED)
        else:
            flash.note(f"The broker answered in {seconds(answer.seconds)}")

    flash.press(act, "")


def broker(found: BrokerState) -> None:
    """Draw what is known of the broker, with the button that asks it."""
    money = badges.inline("live", "REAL MONEY") if found.capabilities.is_live else (
        badges.inline("paper", "paper money")
    )  # fmt: skip
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.markdown(f"**Broker {prose(found.name)}** {money} {_health(found)}", width="content")
        st.button("Ask the broker", key="positions_ask", icon=":material/cable:", on_click=ask)
    for told in said(found):
        st.markdown(f":small[{told}]")


def _health(found: BrokerState) -> str:
    if found.silence or (found.asked and found.asked.error):
        return badges.inline("failed", "no answer")
    return badges.inline("answers") if found.heard_at or found.asked else badges.inline("not asked")


def said(found: BrokerState) -> Iterator[str]:
    """Say what is known, the most urgent first."""
    if found.account is not None and found.account.blocked:
        yield f":red[**Blocked: {prose(found.account.blocked)}**]"
    yield from _answers(found)
    yield market_words(found.clock, by_broker=bool(found.asked and found.asked.clock))
    yield account_words(found.account)
    can, cannot = abilities(found.capabilities)
    yield f"It can: {', '.join(can) or 'nothing of note'}."
    if cannot:
        yield f"It cannot: {', '.join(cannot)}."


def _answers(found: BrokerState) -> Iterator[str]:
    if found.silence:
        yield f":red[The newest comparison got no answer: {prose(found.silence)}.]"
    if found.asked is not None:
        how = f"no answer, {prose(found.asked.error)}" if found.asked.error else (
            f"answered in {seconds(found.asked.seconds)}"
        )  # fmt: skip
        yield f"Asked {eastern(found.asked.asked_at)}: {how}."
    heard = f"Last compared {eastern(found.heard_at)}." if found.heard_at else "Never compared."
    yield heard


def market_words(clock: MarketClock, *, by_broker: bool) -> str:
    """Say whether the market is open, until when, and who says so."""
    source = "by the broker's clock" if by_broker else "by the exchange's calendar"
    if clock.is_open:
        return f"Market **open**, closes {eastern(clock.next_close)}, {source}."
    return f"Market **closed**, opens {eastern(clock.next_open)}, {source}."


def account_words(account: Account | None) -> str:
    if account is None:
        return "The account was not read yet."
    power = f"{usd(account.buying_power)}, {quantity(account.multiplier)} times the money"
    short = "short selling is allowed" if account.shorting_enabled else "no short selling"
    blocked = "" if account.blocked else ", nothing is blocked"
    return (
        f"Account {prose(account.account_id)}: equity {usd(account.equity)}, cash "
        f"{usd(account.cash)}, buying power {power}; {short}{blocked}."
    )


def abilities(known: BrokerCapabilities) -> tuple[list[str], list[str]]:
    """Return in words what a broker can do, and what it cannot."""
    can = [told for name, told in ABILITIES.items() if getattr(known, name)]
    return can, [told for told in ABILITIES.values() if told not in can]
