"""What the account may lose: of a session, of a week, and from its peak."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from core.domain.guards.facts import AccountFacts, EquityMarks
from core.domain.guards.verdicts import GuardAction, GuardName, GuardVerdict
from core.domain.risk import GuardLimits
from core.errors import InsufficientDataError


class LossGuard(NamedTuple):
    """A limit on what is lost since some mark; field: of `EquityMarks`."""

    name: GuardName
    field: str
    since: str
    limit: str
    action: GuardAction


LOSS_GUARDS = (
    LossGuard(
        GuardName.DAY_LOSS, "day_start", "at the start of the session", "day_loss_fraction",
        GuardAction.REDUCE_ONLY,
    ),
    LossGuard(
        GuardName.WEEK_LOSS, "week_start", "at the start of the week", "week_loss_fraction",
        GuardAction.REDUCE_ONLY,
    ),
    LossGuard(GuardName.DRAWDOWN, "peak", "at its peak", "drawdown_fraction", GuardAction.HALT),
)  # fmt: skip


def loss_guards(limits: GuardLimits, facts: AccountFacts) -> Iterator[GuardVerdict]:
    """Yield the verdict of each; equity that nobody could tell lets no entry out."""
    for guard in LOSS_GUARDS:
        limit: float = getattr(limits, guard.limit)
        try:
            yield _told(guard, limit, _known(facts, guard))
        except InsufficientDataError as error:
            yield _untold(guard, limit, str(error))


def _known(facts: AccountFacts, guard: LossGuard) -> EquityMarks:
    """Return the equity. Raises: InsufficientDataError where it, or its base, is not known."""
    equity = facts.equity
    if equity is None:
        raise InsufficientDataError(f"missing input: equity; {facts.silence or 'never read'}")
    if not math.isfinite(equity.latest):
        raise InsufficientDataError("missing input: the equity is not a number")
    if not math.isfinite(getattr(equity, guard.field)):
        raise InsufficientDataError(f"missing input: the equity {guard.since} is not a number")
    return equity


def _untold(guard: LossGuard, limit: float, missing: str) -> GuardVerdict:
    return GuardVerdict(
        name=guard.name,
        unit="fraction",
        value=None,
        limit=limit,
        breached=True,
        action=GuardAction.REFUSE,
        detail=f"{missing}; the limit is {limit:.2%}",
    )


def _told(guard: LossGuard, limit: float, equity: EquityMarks) -> GuardVerdict:
    base: float = getattr(equity, guard.field)
    lost = lost_fraction(base, equity.latest)
    is_breached = lost is None or lost >= limit
    what = "all" if lost is None else f"{lost:.2%}"
    return GuardVerdict(
        name=guard.name,
        unit="fraction",
        value=lost,
        limit=limit,
        breached=is_breached,
        action=guard.action if is_breached else GuardAction.NONE,
        detail=(
            f"{what} is lost: the equity is {equity.latest:,.2f} USD, {guard.since} it was "
            f"{base:,.2f} USD; the limit is {limit:.2%}"
        ),
    )


def lost_fraction(base: float, latest: float) -> float | None:
    """Return what is lost of a base, 0 where nothing is, None where there was nothing to lose."""
    if base <= 0:
        return None
    return max(0.0, (base - latest) / base)
