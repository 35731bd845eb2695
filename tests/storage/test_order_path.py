"""The way of an order: appended once, and read as one timeline with its request and its fills."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from core.domain.order_events import OrderEvent, OrderEventKind
from core.domain.order_keys import protection_key
from core.domain.trading import FillLeg, OrderSide
from core.storage.storage import Storage
from tests.storage import samples

KEY = samples.order_request().client_order_id
NOON = samples.moment(hours=17)
Kind = OrderEventKind


def event(kind: OrderEventKind, minutes: int = 0, **changes: Any) -> OrderEvent:
    values: dict[str, Any] = {
        "client_order_id": KEY, "symbol": "AAPL", "kind": kind, "actor": "run",
        "occurred_at": NOON + timedelta(minutes=minutes), "quantity": Decimal(10),
    }  # fmt: skip
    return OrderEvent(**{**values, **changes})


def test_an_event_that_is_told_again_adds_nothing(storage: Storage) -> None:
    told = [event(Kind.SENDING), event(Kind.ACKNOWLEDGED, 1)]
    assert storage.order_events.append(told) == 2
    assert storage.order_events.append([*told, event(Kind.FILLED, 2)]) == 1
    again = event(Kind.SENDING, actor="another run", quantity=Decimal("10.00"))
    assert storage.order_events.append([again]) == 0


def test_events_come_in_the_order_they_occurred(storage: Storage) -> None:
    storage.order_events.append([event(Kind.FILLED, 2), event(Kind.SENDING)])
    kinds = [one.kind for one in storage.order_events.of_order(KEY)]
    assert kinds == [Kind.SENDING, Kind.FILLED]


def test_the_path_of_an_order_ends_with_the_newest(storage: Storage) -> None:
    tactic = samples.tactic()
    storage.tactics.append(tactic)
    storage.trading.append_request(samples.order_request(), tactic.tactic_id, 1)
    storage.order_events.append([event(Kind.ACKNOWLEDGED, 1), event(Kind.FILLED, 3)])
    storage.trading.append_fills([samples.fill(filled_at=NOON + timedelta(minutes=3))])
    path = storage.views.order_path(KEY)
    assert path["what"].tolist() == ["requested", "acknowledged", "filled", "fill"]
    assert path["happened_at"].tolist()[0] == tactic.as_of
    assert path["price"].tolist()[0] == 103.10
    assert path["happened_at"].is_monotonic_increasing


def test_the_intent_stands_for_the_request(storage: Storage) -> None:
    storage.trading.append_request(samples.order_request(), "TBOW", 1)
    storage.order_events.append([event(Kind.INTENDED)])
    assert storage.views.order_path(KEY)["what"].tolist() == ["intended"]


def test_an_entry_shows_what_protects_it_and_the_other_way_round(storage: Storage) -> None:
    stop = protection_key(KEY, 1)
    storage.order_events.append(
        [event(Kind.FILLED), event(Kind.SENDING, 1, client_order_id=stop), event(
            Kind.SENDING, 1, client_order_id=f"{KEY}-v2")]
    )  # fmt: skip
    sold = samples.fill(leg=FillLeg.STOP, fill_id="s", client_order_id=stop, side=OrderSide.SELL)
    storage.trading.append_fills([sold])
    path = storage.views.order_path(KEY)
    assert path["client_order_id"].tolist() == [KEY, stop, stop]
    assert storage.views.order_path(stop)["what"].tolist() == path["what"].tolist()


def test_nothing_is_known_of_an_order_that_never_was(storage: Storage) -> None:
    assert storage.views.order_path("web-9").empty


def test_orders_without_a_limit_are_kept(storage: Storage) -> None:
    by_hand = samples.order(client_order_id="web-1", limit_price=None, bracket=None)
    storage.trading.append_orders([by_hand])
    assert storage.trading.latest_orders() == [by_hand]
