"""What is held against the limits: by name, by sector, and altogether."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from core.domain.risk import RiskPolicy


@dataclass(frozen=True)
class Exposed:
    """What is held in one name or sector. USD; below zero is short.

    fraction: of equity, whichever side; limit: the most that the policy allows, None without one.
    """

    name: str
    long_usd: float
    short_usd: float
    fraction: float
    limit: float | None
    sector: str = ""

    @property
    def gross_usd(self) -> float:
        return self.long_usd - self.short_usd

    @property
    def is_over(self) -> bool:
        return self.limit is not None and self.fraction > self.limit


@dataclass(frozen=True)
class Exposure:
    """All names and all sectors, the largest first; gross and net are fractions of equity."""

    names: tuple[Exposed, ...]
    sectors: tuple[Exposed, ...]
    gross: float
    net: float
    gross_limit: float
    net_limit: float | None
    policy_version: str


def exposure(values: Mapping[str, float], equity: float, policy: RiskPolicy) -> Exposure | None:
    """Return how much of the equity is held where, None where there is no equity to share in.

    values: of each symbol at the market, in USD; below zero is short.
    """
    if equity <= 0:
        return None
    sectors: defaultdict[str, list[float]] = defaultdict(list)
    for symbol, value in values.items():
        sectors[policy.sector_of(symbol)].append(value)
    names = [
        _exposed(symbol, [value], equity, policy.notional_fraction, policy.sector_of(symbol))
        for symbol, value in values.items()
    ]
    return Exposure(
        names=_largest_first(names),
        sectors=_largest_first(
            [_exposed(name, held, equity, policy.sector_fraction) for name, held in sectors.items()]
        ),
        gross=sum(map(abs, values.values())) / equity,
        net=sum(values.values()) / equity,
        gross_limit=policy.gross_fraction,
        net_limit=policy.net_fraction,
        policy_version=policy.version,
    )


def _exposed(
    name: str, held: list[float], equity: float, limit: float | None, sector: str = ""
) -> Exposed:
    return Exposed(
        name=name,
        long_usd=sum(value for value in held if value > 0),
        short_usd=sum(value for value in held if value < 0),
        fraction=sum(map(abs, held)) / equity,
        limit=limit,
        sector=sector,
    )


def _largest_first(rows: list[Exposed]) -> tuple[Exposed, ...]:
    return tuple(sorted(rows, key=lambda row: (-row.fraction, row.name)))
