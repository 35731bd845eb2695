"""Virtual books: whatever the interleaving, a position is the sum of its fills."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from core.domain.order_keys import close_key, entry_of, protection_key
from core.domain.reconciliation import (
    EXTERNAL,
    Adoption,
    BookEntry,
    BrokerSide,
    CashAnchor,
    DeskSide,
    DifferenceKind,
    books,
    by_symbol,
    reconcile,
    traded,
)
from core.domain.trading import Account, Fill, FillLeg, OrderSide, Position

NOON = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
OWNERS = {"order:A:entry": "A", "order:B:entry": "B"}
ORDERS = [*OWNERS, protection_key("order:A:entry", 1), "hand-1", "hand-2"]
OPENING = Decimal(100000)


@st.composite
def fills(draw: st.DrawFn) -> list[Fill]:
    """Fills of two tactics, their protecting orders and others, in shares or parts of them."""
    count = draw(st.integers(0, 12))
    return [
        Fill(
            fill_id=f"f{number}", client_order_id=draw(st.sampled_from(ORDERS)),
            symbol=draw(st.sampled_from(["ACME", "OTHER"])), side=draw(st.sampled_from(OrderSide)),
            leg=FillLeg.ENTRY, quantity=draw(st.decimals("0.001", "500", places=3)),
            price=draw(st.decimals("0.01", "900", places=2)),
            fees=draw(st.decimals("0", "1", places=2)), filled_at=NOON, label="real",
        )
        for number in range(count)
    ]  # fmt: skip


def sums(told: list[Fill]) -> dict[str, Decimal]:
    held: dict[str, Decimal] = {}
    for one in told:
        held[one.symbol] = held.get(one.symbol, Decimal(0)) + one.side.sign * one.quantity
    return {symbol: quantity for symbol, quantity in held.items() if quantity}


def money(told: list[Fill]) -> Decimal:
    flows = (-one.side.sign * one.quantity * one.price - one.fees for one in told)
    return OPENING + sum(flows, Decimal(0))


def broker(told: list[Fill]) -> BrokerSide:
    positions = [
        Position(symbol=symbol, quantity=quantity, average_entry_price=Decimal(1),
                 last_price=Decimal(1))
        for symbol, quantity in sums(told).items()
    ]  # fmt: skip
    cash = money(told)
    account = Account(account_id="A", equity=cash, cash=cash, buying_power=cash, as_of=NOON)
    return BrokerSide(account=account, positions=positions)


def desk(told: list[Fill]) -> DeskSide:
    anchor = CashAnchor(as_of=NOON, opening=OPENING, fills=0, turnover=Decimal(0))
    return DeskSide(traded=traded(told), owners=OWNERS, anchor=anchor,
                    adopted=[Adoption(order_ids=("hand-1", "hand-2"))])  # fmt: skip


@given(st.data())
def test_a_position_is_the_sum_of_its_fills_however_they_come(data: st.DataObject) -> None:
    once = data.draw(fills())
    repeated = data.draw(st.lists(st.sampled_from(once), max_size=6)) if once else []
    told = data.draw(st.permutations([*once, *repeated]))
    assert by_symbol(desk(list(told)).books) == sums(once)
    assert reconcile(desk(list(told)), broker(once)) == ()


@given(st.data())
def test_fills_that_have_not_come_yet_are_the_difference_and_nothing_else(
    data: st.DataObject,
) -> None:
    all_of_them = data.draw(fills())
    come = [one for one in all_of_them if data.draw(st.booleans())]
    found = reconcile(desk(come), broker(all_of_them))
    told = {
        one.subject: sum((entry.quantity for entry in one.adoption.entries), Decimal(0))
        for one in found
        if one.kind is DifferenceKind.POSITION
    }
    lacking = sums([one for one in all_of_them if one not in come])
    assert told == lacking


@given(fills(), st.lists(st.decimals("-50", "50", places=2), max_size=3))
def test_what_is_adopted_adds_to_one_book_and_to_no_other(
    told: list[Fill], adopted: list[Decimal]
) -> None:
    entries = [BookEntry(owner=EXTERNAL, symbol="ACME", quantity=quantity) for quantity in adopted]
    before, after = books(traded(told), OWNERS), books(traded(told), OWNERS, entries)
    here = after.get((EXTERNAL, "ACME"), Decimal(0)) - before.get((EXTERNAL, "ACME"), Decimal(0))
    assert here == sum(adopted, Decimal(0))
    own = {key: quantity for key, quantity in before.items() if key != (EXTERNAL, "ACME")}
    assert {key: after[key] for key in own} == own


def test_an_order_that_protects_belongs_to_its_entry() -> None:
    assert entry_of(protection_key("order:A:entry", 12)) == "order:A:entry"
    assert close_key("order:A:entry") == "order:A:close"
    assert [entry_of(key) for key in ("order:A:entry", "protect:x", "web-1")] == [
        "order:A:entry", "protect:x", "web-1",
    ]  # fmt: skip
