"""How the orders around one entry are named: every name tells to which entry it belongs."""

from __future__ import annotations

import re

from core.domain.tactics import Tactic

PROTECTION = re.compile(r"protect:(?P<entry>.+):(?P<number>[1-9]\d*)")


def entry_key(tactic: Tactic) -> str:
    """Return the business key of a tactic's entry order; it is also the client order id.

    Each version has its own, and at most one version is ever approved: a newer one is drafted
    only once the approval of the one before is closed.
    """
    version = "" if tactic.version == 1 else f"-v{tactic.version}"
    return f"order:{tactic.tactic_id}{version}:entry"


def protection_key(entry_id: str, number: int) -> str:
    """Return the business key of the n-th order that protects what an entry has brought."""
    return f"protect:{entry_id}:{number}"


def breakeven_key(client_order_id: str) -> str:
    """Return the business key of moving an order's stop to the entry."""
    return f"stop:{client_order_id}:breakeven"


def close_key(entry_id: str) -> str:
    """Return the business key of ending an entry and flattening what it has brought."""
    return f"{entry_id.removesuffix(':entry')}:close"


def cancel_key(client_order_id: str) -> str:
    """Return the business key of cancelling what of an order has not filled."""
    return f"cancel:{client_order_id}"


def entry_of(client_order_id: str) -> str:
    """Return the entry to which an order belongs; every other one belongs to itself."""
    found = PROTECTION.fullmatch(client_order_id)
    return found["entry"] if found else client_order_id


def is_protection(client_order_id: str) -> bool:
    """Tell whether the desk sent an order because a position was without a stop."""
    return PROTECTION.fullmatch(client_order_id) is not None
