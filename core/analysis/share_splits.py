"""What a split leaves of a position, from rows that tell it in more than one way."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from core.domain.imports import ActivityCode, BrokerActivity

NOTHING = Decimal(0)


def split_position(held: Decimal, rows: Sequence[BrokerActivity]) -> Decimal | None:
    """Return the shares after a split, None if the rows do not fit what is held.

    A forward split adds shares. A reverse one may come as what leaves and what arrives, or as one
    row with either the shares taken or the shares left: the whole ratio tells which.
    """
    if held <= 0:
        return None
    given = [row.quantity or NOTHING for row in rows]
    net = sum((-q if row.removes else q for row, q in zip(rows, given, strict=True)), NOTHING)
    if rows[0].code is ActivityCode.SPLIT:
        added = given[0] if len(rows) == 1 else net
        return held + added if added > 0 else None
    if len(rows) > 1:
        return held + net if 0 < held + net < held else None
    left = [shares for shares in (given[0], held - given[0]) if 0 < shares < held]
    return next((shares for shares in left if held % shares == 0), None)
