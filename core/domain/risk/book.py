"""The account that a plan is sized for: its money, and what it holds or may come to hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from core.domain.base import Frozen, Symbol
from core.domain.risk.formulas import squared_heat, sum_in_order
from core.domain.scenarios import Side
from core.errors import InsufficientDataError

Usd = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Correlation = Annotated[float, Field(ge=-1, le=1)]


class OpenPosition(Frozen):
    """What is held of a symbol, or what an order may come to hold of it. USD.

    risk: lost if its stop is hit, None where no stop is known.
    """

    symbol: Symbol
    side: Side
    notional: Usd
    risk: Usd | None


class Book(Frozen):
    """Money in USD and open positions; None is what nobody could tell.

    peak_equity: the highest marked equity so far.
    correlations: of daily returns, by two symbols in the order of the alphabet.
    """

    equity: float | None
    peak_equity: float | None
    buying_power: float | None
    positions: tuple[OpenPosition, ...] | None
    correlations: dict[tuple[Symbol, Symbol], Correlation] = Field(default={})

    def plus(self, position: OpenPosition) -> Book:
        """Return the book once an order has filled: the next plan has that much less room."""
        power = self.buying_power
        left = None if power is None else power - position.notional
        held = None if self.positions is None else (*self.positions, position)
        return self.model_copy(update={"buying_power": left, "positions": held})

    def held(self) -> tuple[OpenPosition, ...]:
        """Return the positions.

        Raises: InsufficientDataError if nobody could tell.
        """
        if self.positions is None:
            raise InsufficientDataError("missing input: positions")
        return self.positions

    def gross(self) -> float:
        return sum_in_order([one.notional for one in self.held()])

    def net(self) -> float:
        """Return what is held long, less what is held short."""
        return sum_in_order([one.side.sign * one.notional for one in self.held()])

    def notional_in(self, symbols: Iterable[str]) -> float:
        wanted = set(symbols)
        return sum_in_order([one.notional for one in self.held() if one.symbol in wanted])

    def at_risk(self) -> tuple[OpenPosition, ...]:
        """Return the positions that can still lose.

        Raises: InsufficientDataError for one whose stop is not known.
        """
        unknown = sorted({one.symbol for one in self.held() if one.risk is None})
        if unknown:
            raise InsufficientDataError(f"missing input: the stop of {', '.join(unknown)}")
        return tuple(one for one in self.held() if one.risk)

    def risks(self) -> list[float]:
        """Return what each of `at_risk` can lose, in USD."""
        return [one.risk or 0.0 for one in self.at_risk()]

    def squared_heat(self) -> float:
        """Return the square of what the open risks amount to together."""
        rows = [self.correlations_with(one.symbol, one.side) for one in self.at_risk()]
        return squared_heat(self.risks(), rows)

    def correlations_with(self, symbol: str, side: Side) -> list[float]:
        """Return how a plan's result moves with that of each position of `at_risk`.

        Raises: InsufficientDataError that names two symbols whose correlation is not known.
        """
        return [
            side.sign * one.side.sign * self.correlation(symbol, one.symbol)
            for one in self.at_risk()
        ]

    def correlation(self, one: str, other: str) -> float:
        if one == other:
            return 1.0
        first, second = sorted((one, other))
        found = self.correlations.get((first, second))
        if found is None:
            raise InsufficientDataError(f"missing input: correlation of {first} and {second}")
        return found
