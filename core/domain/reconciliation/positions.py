"""Positions on both sides: the broker's should be the sum of the desk's virtual books."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal

from core.domain.reconciliation.books import EXTERNAL, ZERO, BookEntry, by_symbol, plain
from core.domain.reconciliation.differences import Adoption, Difference, DifferenceKind
from core.domain.reconciliation.sides import BrokerSide, DeskSide

Kind = DifferenceKind


def position_differences(desk: DeskSide, broker: BrokerSide) -> Iterator[Difference]:
    """Yield what differs about positions, by symbol; first the symbols that have a new name."""
    here, there = by_symbol(desk.books), broker.held
    renamed = _renamed(here, there, broker.retired)
    for old, new in sorted(renamed.items()):
        yield _rename(desk, old, new)
    symbols = (here.keys() | there.keys()) - renamed.keys() - set(renamed.values())
    for symbol in sorted(symbols):
        mine, told = here.get(symbol, ZERO), there.get(symbol, ZERO)
        if mine != told:
            yield _differs(desk, symbol, mine, told)


def _renamed(
    here: Mapping[str, Decimal], there: Mapping[str, Decimal], retired: frozenset[str]
) -> dict[str, str]:
    """Map a symbol that is traded no more to the one new position of the very same size."""
    lost = {symbol: here[symbol] for symbol in here.keys() - there.keys() if symbol in retired}
    new = {symbol: there[symbol] for symbol in there.keys() - here.keys()}
    sizes = Counter(lost.values()), Counter(new.values())
    return {
        old: next(symbol for symbol, other in new.items() if other == quantity)
        for old, quantity in lost.items()
        if sizes[0][quantity] == 1 and sizes[1][quantity] == 1
    }


def _rename(desk: DeskSide, old: str, new: str) -> Difference:
    held = _owners(desk, old)
    moved = [
        BookEntry(owner=owner, symbol=symbol, quantity=sign * quantity)
        for owner, quantity in held.items()
        for symbol, sign in ((old, -1), (new, 1))
    ]
    return Difference(
        kind=Kind.SYMBOL_RENAMED,
        subject=old,
        symbols=(old, new),
        desk=_in_words(held),
        broker=f"{plain(sum(held.values(), ZERO))} {new}; {old} is traded no more",
        adoption=Adoption(entries=tuple(moved)),
    )


def _differs(desk: DeskSide, symbol: str, mine: Decimal, told: Decimal) -> Difference:
    ratio = desk.splits.get(symbol)
    # What a split leaves of a share is paid out, so that less than one may be missing.
    if ratio is not None and mine != 0 and abs(mine * ratio - told) < 1:
        scaled = _scaled(desk, symbol, ratio)
        after = f" after a split of {plain(ratio)} for 1"
        return _difference(desk, Kind.SPLIT, (symbol, mine, told), scaled, after)
    return _difference(desk, Kind.POSITION, (symbol, mine, told))


def _difference(
    desk: DeskSide,
    kind: DifferenceKind,
    position: tuple[str, Decimal, Decimal],
    scaled: tuple[BookEntry, ...] = (),
    after: str = "",
) -> Difference:
    symbol, mine, told = position
    rest = told - mine - sum((entry.quantity for entry in scaled), ZERO)
    external = BookEntry(owner=EXTERNAL, symbol=symbol, quantity=rest)
    return Difference(
        kind=kind,
        subject=symbol,
        symbols=(symbol,),
        desk=_in_words(_owners(desk, symbol)),
        broker=f"{plain(told)} {symbol}{after}",
        adoption=Adoption(entries=(*scaled, external) if rest else scaled),
    )


def _scaled(desk: DeskSide, symbol: str, ratio: Decimal) -> tuple[BookEntry, ...]:
    return tuple(
        BookEntry(owner=owner, symbol=symbol, quantity=quantity * (ratio - 1))
        for owner, quantity in _owners(desk, symbol).items()
    )


def _owners(desk: DeskSide, symbol: str) -> dict[str, Decimal]:
    return {owner: held for (owner, of), held in sorted(desk.books.items()) if of == symbol}


def _in_words(held: Mapping[str, Decimal]) -> str:
    books = ", ".join(f"{plain(quantity)} of {owner}" for owner, quantity in held.items())
    return f"{plain(sum(held.values(), ZERO))}: {books}" if books else "holds none"
