"""The page of positions: what it shows of each, its questions, and that a click counts once."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.desk import Desk
from core.domain.discipline import CostGroup, Friction, Level
from core.domain.exposure import exposure
from core.domain.holdings import Holding
from core.domain.market import BarQuery, Timeframe
from core.domain.order_keys import close_key, entry_key
from core.domain.orders import Order, OrderStatus
from core.domain.overrides import OverrideKind
from core.domain.risk import RiskPolicy
from core.domain.views.positions import HandReport, Outcome
from core.errors import StoreError, UnavailableError
from core.steps.order_effects import SubmitOrder
from pages.components import position_broker, position_dialogs, position_exposure
from tests.pages.conftest import WAITING_DAY, open_page, toasts, told

ACTOR = "test@example.com"


def sent(desk: Desk) -> str:
    """Send the order that waits for its approval."""
    services = desk._services
    subject = next(a.subject_id for a in desk.decisions.pending() if a.kind == "trade")
    request = services.storage.trading.request(entry_key(services.storage.tactics.get(subject)))
    effect = SubmitOrder(services.adapters.broker, services.ledger, desk.clock.now())
    body = request.model_dump(mode="json")
    done = services.ledger.apply(request.client_order_id, effect, body)
    services.storage.trading.append_orders([Order.model_validate((done.response or {})["order"])])
    return request.client_order_id


def held(desk: Desk) -> Holding:
    """Let the order fill on the bars of its session."""
    key, services = sent(desk), desk._services
    symbol = services.storage.trading.request(key).symbol
    query = BarQuery(
        symbol=symbol, timeframe=Timeframe.FIVE_MINUTES, start=WAITING_DAY, end=WAITING_DAY
    )
    bars = services.adapters.market_data[0].call(lambda source: source.bars(query))
    broker: Any = services.adapters.broker
    for count in range(1, len(bars)):
        broker.process(bars.head(count))
        if broker.positions():
            break
    desk.reconciliation.run_now("test")
    [holding] = desk.positions.read().holdings
    return holding


def by_hand(desk: Desk, symbol: str = "TSLA", quantity: int = 20) -> Holding:
    """Let somebody trade beside the desk."""
    broker: Any = desk._services.adapters.broker
    broker.trade_by_hand(symbol, Decimal(quantity), Decimal(250))
    desk.reconciliation.run_now("test")
    return next(h for h in desk.positions.read().holdings if h.symbol == symbol)


def keys(app: AppTest, start: str) -> list[str]:
    return [str(b.key) for b in app.button if b.key and b.key.startswith(start)]


# what is shown


def test_the_guards_stand_with_their_limits(desk: Desk) -> None:
    words = told(open_page("positions"))
    assert "**Guards**" in words


def test_an_empty_desk_says_in_words_what_it_does_not_know(empty_desk: Desk) -> None:
    app = open_page("positions")
    words = told(app)
    assert not app.error
    for said in (
        "The broker has not been asked yet", "No order is working", "No order was sent yet",
        "It is known once the account", "Nothing was compared with the broker yet",
        "The account was not read yet", "by the exchange's calendar", "No trade is closed yet",
        "The curve begins with the second day", "No file was imported yet",
    ):  # fmt: skip
        assert said in words, said
    assert app.button(key="positions_compare").label == "Compare now"


def test_a_holding_shows_whose_it_is_and_how_it_is_protected(desk: Desk) -> None:
    holding = held(desk)
    app = open_page("positions")
    words = told(app)
    assert not app.error
    assert f"**{holding.symbol}**" in words
    assert "Stop at the broker" in words
    assert f"{holding.stops[0]:,.2f}" in words
    assert f"{holding.open_r:+.2f}R" in words
    assert [link.label for link in app.get("page_link") if link.label == holding.owner]
    assert keys(app, "flatten_")
    assert keys(app, "breakeven_")


def test_a_holding_without_a_stop_at_the_broker_says_none_in_words(desk: Desk) -> None:
    holding = held(desk)
    storage = desk._services.storage
    [order] = [o for o in storage.trading.latest_orders() if o.client_order_id == holding.entry_id]
    legs = tuple(leg.model_copy(update={"status": OrderStatus.CANCELED}) for leg in order.legs)
    storage.trading.append_orders([order.model_copy(update={"legs": legs})])
    app = open_page("positions")
    assert "none, planned" in told(app)
    assert app.button(key=keys(app, "breakeven_")[0]).disabled


def test_what_is_held_beside_the_desk_is_external(desk: Desk) -> None:
    by_hand(desk)
    words = told(open_page("positions"))
    assert "EXTERNAL" in words
    assert "beside the desk" in words


def test_what_stands_against_a_tactic_cannot_be_flattened(desk: Desk) -> None:
    holding = held(desk)
    broker: Any = desk._services.adapters.broker
    broker.trade_by_hand(holding.symbol, -holding.sign * Decimal(1), Decimal(str(holding.last)))
    desk.reconciliation.run_now("test")
    app = open_page("positions")
    [external] = [key for key in keys(app, "flatten_") if "EXTERNAL" in key]
    assert app.button(key=external).disabled
    assert "it stands against what tactics hold" in told(app)


def test_an_order_shows_every_limit_and_the_one_that_binds(desk: Desk) -> None:
    key = sent(desk)
    size = desk.positions.order(key).sizes[0][1]
    app = open_page("positions")
    ladder = next(t.value for t in app.table if "Binds" in t.value)
    assert len(ladder) == len(size.ladder)
    assert sum("binds" in cell for cell in ladder["Binds"]) == 1
    assert "binds" in ladder["Binds"].iloc[0]
    assert f"{size.quantity:,f} shares" in told(app)


def test_an_order_shows_its_way_with_who_did_what(desk: Desk) -> None:
    held(desk)
    app = open_page("positions")
    way = next(d.value for d in app.dataframe if "happened_at" in d.value)
    assert way["happened_at"].is_monotonic_increasing
    assert {"filled", "fill"} <= {word for cell in way["what"] for word in cell}
    assert "test" in set(way["actor"])


def test_a_working_order_can_be_cancelled_and_exits_that_protect_cannot(desk: Desk) -> None:
    sent(desk)
    app = open_page("positions")
    [cancel] = keys(app, "cancel_")
    assert not app.button(key=cancel).disabled
    assert "entry" in told(app)


def test_the_exits_of_a_filled_entry_have_no_cancel(desk: Desk) -> None:
    held(desk)
    app = open_page("positions")
    [cancel] = keys(app, "cancel_")
    assert app.button(key=cancel).disabled
    assert "exits working" in told(app)


def test_the_broker_shows_what_it_can_and_what_the_account_holds(desk: Desk) -> None:
    words = told(open_page("positions"))
    for said in (
        "**Broker paper**", "paper money", "It can: brackets", "It cannot: fractions",
        "Market **closed**, opens Mon 18 Sep 2023, 09:30 EDT", "buying power", "nothing is blocked",
    ):  # fmt: skip
        assert said in words, said


def test_asking_the_broker_shows_its_own_clock(desk: Desk) -> None:
    app = open_page("positions")
    app.button(key="positions_ask").click().run()
    assert "The broker answered in" in toasts(app)
    assert "by the broker's clock" in told(app)


def test_a_broker_that_does_not_answer_is_told_with_its_reason(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent() -> None:
        raise UnavailableError("paper", "account", "time-out")

    monkeypatch.setattr(desk._services.adapters.broker, "account", silent)
    app = open_page("positions")
    app.button(key="positions_ask").click().run()
    assert "did not answer: paper.account: time-out" in toasts(app)
    app.button(key="positions_compare").click().run()
    assert "says nothing of what it holds" in told(app)
    assert "no answer" in told(app)


def test_a_blocked_account_stands_first(desk: Desk) -> None:
    known = desk.positions.broker()
    assert known.account is not None
    blocked = known.account.model_copy(update={"blocked": "a transfer is open"})
    said = list(position_broker.said(replace(known, account=blocked)))
    assert "Blocked: a transfer is open" in said[0]
    assert "nothing is blocked" not in " ".join(said)


def test_exposure_names_what_is_over_its_limit() -> None:
    policy = RiskPolicy(version="7", notional_fraction=0.1, sectors={"A": "tech", "B": "tech"})
    found = exposure({"A": 15_000, "B": -5_000, "C": 4_000}, 100_000, policy)
    assert found is not None
    assert [(one.name, one.fraction) for one in found.names] == [("A", 0.15), ("B", 0.05),
                                                                   ("C", 0.04)]  # fmt: skip
    assert [(one.name, one.fraction) for one in found.sectors] == [("tech", 0.2), ("C", 0.04)]
    assert (found.gross, found.net) == (pytest.approx(0.24), pytest.approx(0.14))
    assert "Over the limit: A." in position_exposure.totals(found)
    assert position_exposure.in_words(found.sectors[0]) == "long 15.0 % and short 5.0 % of 50 %"
    assert exposure({"A": 1.0}, 0, policy) is None


def test_a_part_of_the_page_that_fails_says_why(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(desk.reconciliation, "state", fail)
    app = open_page("positions")
    assert "the disk is full" in app.error[0].value
    assert not app.exception


# differences


def test_a_difference_shows_both_sides_and_what_it_blocks(desk: Desk) -> None:
    broker: Any = desk._services.adapters.broker
    broker.trade_by_hand("TSLA", Decimal(20), Decimal(250))
    app = open_page("positions")
    app.button(key="positions_compare").click().run()
    words = told(app)
    assert "1 difference between desk and broker" in toasts(app)
    for said in ("has sent none of these orders", "together +20 TSLA", "blocks TSLA",
                 "Adopting it takes 1 order as EXTERNAL"):  # fmt: skip
        assert said in words, said
    assert keys(app, "adopt_")
    assert keys(app, "ignore_")


def asked(kind: str, reason: str, clicks: int = 1) -> AppTest:
    """Press the button of a question so many times; AppTest does not open dialogs."""

    def script(kind: str, reason: str, clicks: int) -> None:
        import streamlit as st

        from core import bootstrap
        from pages.components import (
            flash,
            position_dialogs,
            position_differences,
            position_questions,
        )

        desk = bootstrap.desk()
        page, standing = desk.positions.read(), desk.reconciliation.state()
        question = {
            "flatten": lambda: position_questions.flatten_question(page.holdings[0]),
            "break even": lambda: position_questions.break_even_question(page.holdings[0]),
            "cancel": lambda: position_questions.cancel_question(page.working[0]),
            "adopt": lambda: position_differences.adopt_question(standing.open[0]),
            "ignore": lambda: position_differences.ignore_question(standing.open[0]),
        }[kind]()
        st.session_state[position_dialogs.REASON] = reason
        for _ in range(clicks):
            position_dialogs.press(question)
        flash.show()
        position_dialogs.last_report()

    return AppTest.from_function(script, args=(kind, reason, clicks), default_timeout=60).run()


def test_a_difference_is_adopted_with_a_reason_and_once(desk: Desk) -> None:
    by_hand(desk)
    assert "Say why" in toasts(asked("adopt", "  "))
    assert len(desk.reconciliation.state().open) == 1
    app = asked("adopt", "my own trade", clicks=2)
    assert "the broker's story counts" in toasts(app)
    assert "Already handled" in toasts(app)
    assert desk.reconciliation.state().open == []
    [settled] = desk.views.settled_differences().to_dict("records")
    assert (settled["actor"], settled["reason"]) == (ACTOR, "my own trade")


def test_a_difference_is_ignored_with_a_reason(desk: Desk) -> None:
    by_hand(desk)
    assert "may stand" in toasts(asked("ignore", "not of the desk"))
    assert desk.reconciliation.state().open == []
    app = open_page("positions")
    assert "1 difference settled before" in told(app)


# what is done by hand


def test_a_position_is_flattened_and_the_page_says_how_it_stands(desk: Desk) -> None:
    holding = held(desk)
    app = asked("flatten", "earnings are near")
    assert not app.exception
    assert "**Done.**" in app.success[0].value
    assert "is flat" in app.success[0].value
    record = desk._services.ledger.get(close_key(holding.entry_id))
    assert record is not None
    assert record.state == "done"
    assert desk.positions.read().holdings == []
    assert "Flat. The broker was looked at" in told(open_page("positions"))


def test_a_double_click_flattens_once(desk: Desk) -> None:
    held(desk)
    before = len(desk.positions.read().view.fills)
    app = asked("flatten", "earnings are near", clicks=2)
    assert "Already handled" in toasts(app)
    assert len(desk.positions.read().view.fills) == before + 1


def test_what_is_being_closed_is_not_closed_again(desk: Desk) -> None:
    """The market is closed: the order waits, and the page of the other browser shows it."""
    key = by_hand(desk).close_id
    assert "**Pending.**" in asked("flatten", "not mine").info[0].value
    assert "Already handled" in toasts(asked("flatten", "not mine"))
    assert [order.client_order_id for order in desk.positions.read().working] == [key]
    app = open_page("positions")
    assert app.button(key=keys(app, "flatten_")[0]).disabled
    assert "it is being closed" in told(app)


def test_a_stop_moves_to_break_even_once(desk: Desk) -> None:
    holding = held(desk)
    broker: Any = desk._services.adapters.broker
    beyond = Decimal(str(holding.entry)) + holding.sign * Decimal(3)
    broker.trade_by_hand(holding.symbol, Decimal(1), beyond.quantize(Decimal("0.01")))
    desk.reconciliation.run_now("test")
    app = asked("break even", "half way there", clicks=2)
    assert "stands at" in app.success[0].value
    assert "Already handled" in toasts(app)
    now = next(h for h in desk.positions.read().holdings if h.entry_id == holding.entry_id)
    assert now.stops == (now.break_even,)
    page = open_page("positions")
    assert "break-even" in told(page)
    assert page.button(key=keys(page, "breakeven_")[0]).disabled


def test_a_stop_that_would_close_at_once_stays_and_says_why(desk: Desk) -> None:
    holding = held(desk)
    broker: Any = desk._services.adapters.broker
    worse = Decimal(str(holding.entry)) - holding.sign * Decimal("0.5")
    broker.trade_by_hand(holding.symbol, Decimal(1), worse.quantize(Decimal("0.01")))
    desk.reconciliation.run_now("test")
    assert "would close it at once" in toasts(asked("break even", "too early"))


def test_an_order_is_cancelled_once(desk: Desk) -> None:
    key = sent(desk)
    app = asked("cancel", "the news have changed", clicks=2)
    assert "canceled" in app.success[0].value
    assert "Already handled" in toasts(app)
    assert desk._services.adapters.broker.open_orders() == []
    path = desk.positions.order(key).path
    assert ACTOR in set(path["actor"])


def test_without_a_reason_nothing_is_done_by_hand(desk: Desk) -> None:
    held(desk)
    assert "Say why" in toasts(asked("flatten", " "))
    assert len(desk.positions.read().holdings) == 1


def test_an_unclear_outcome_is_a_warning_in_words_until_it_is_dismissed() -> None:
    def script() -> None:
        from pages.components import position_dialogs

        position_dialogs.last_report()

    app = AppTest.from_function(script)
    unclear = HandReport(Outcome.UNCLEAR, "Nobody knows yet whether x has done it.")
    app.session_state[position_dialogs.LAST] = unclear
    assert "**Unclear.** Nobody knows yet" in app.run().warning[0].value
    assert not app.button(key="positions_dismiss").click().run().warning


def drawn() -> AppTest:
    """Draw the question itself, as the dialog does."""

    def script() -> None:
        from core import bootstrap
        from pages.components import position_dialogs, position_questions

        for holding in bootstrap.desk().positions.read().holdings:
            position_dialogs.body(position_questions.flatten_question(holding))
        position_dialogs.last_report()

    return AppTest.from_function(script, default_timeout=60).run()


def test_a_question_counts_only_with_its_reason(desk: Desk) -> None:
    holding = held(desk)
    app = drawn()
    assert holding.owner in told(app)
    assert "This breaks the plan (early exit)" in told(app)
    assert app.button(key="positions_yes").disabled
    app.text_input(key=position_dialogs.REASON).set_value("earnings are near").run()
    assert not app.button(key="positions_yes").disabled
    app.button(key="positions_yes").click().run()
    assert not app.exception
    assert "is flat" in app.success[0].value


def friction(**changes: Any) -> Friction:
    group = {"name": "early_exit", "count": 5, "measured": 4, "cost_r": 2.3, "cost_usd": 460,
             "mean_r": 0.57, "mean_low": None, "mean_high": None, "enough": False}  # fmt: skip
    values: dict[str, Any] = {
        "kind": OverrideKind.EARLY_EXIT, "level": Level.FRICTION, "needs_reason": True,
        "reason_characters": 10, "delay_seconds": 30,
    }  # fmt: skip
    cost = CostGroup(**{**group, **changes.pop("so_far", {})})
    return Friction(**{**values, **changes}, so_far=cost)


def test_a_broken_plan_shows_what_its_kind_has_cost_so_far() -> None:
    said = position_dialogs.cost_so_far(friction())
    assert "4 times so far, which cost +2.30R, \\$460.00" in said
    assert "Not enough data" in said
    paid = friction(so_far={"cost_r": -1.0, "cost_usd": -200, "enough": True})
    assert "which brought +1.00R, \\$200.00" in position_dialogs.cost_so_far(paid)
    none = friction(so_far={"count": 0, "measured": 0})
    assert "None is on record" in position_dialogs.cost_so_far(none)


def test_on_a_level_of_friction_a_click_waits(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    held(desk)
    strict = desk.discipline._policy.model_copy(
        update={"minimum_level": Level.FRICTION, "delay_seconds": 30}
    )
    monkeypatch.setattr(desk.discipline, "_policy", strict)
    app = asked("flatten", "a reason that is long enough")
    assert "wait 30 s more" in toasts(app)
    assert len(desk.positions.read().holdings) == 1


def test_hands_off_blocks_what_breaks_a_plan(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    held(desk)
    strict = desk.discipline._policy.model_copy(update={"minimum_level": Level.HANDS_OFF})
    monkeypatch.setattr(desk.discipline, "_policy", strict)
    app = drawn()
    assert "Hands off" in app.error[0].value
    assert app.button(key="positions_yes").disabled
    assert "hands off" in toasts(asked("flatten", "a reason that is long enough"))
    assert len(desk.positions.read().holdings) == 1


def test_what_was_typed_is_kept_with_the_override(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    held(desk)
    patient = desk.discipline._policy.model_copy(
        update={"minimum_level": Level.FRICTION, "delay_seconds": 0}
    )
    monkeypatch.setattr(desk.discipline, "_policy", patient)
    assert "type the reason" in toasts(asked("flatten", "no"))
    asked("flatten", "earnings are nearer than I thought")
    assert desk.positions.read().holdings == []
    [note] = desk.views.override_notes().values()
    assert (note.actor, note.reason) == (ACTOR, "earnings are nearer than I thought")
