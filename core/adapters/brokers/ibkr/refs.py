"""How one of our orders and its parts are found at IBKR: by what stands in their orderRef.

Order ids are no names: a gateway that restarts may count from an earlier number again. An orderRef
is only a tag, two orders may carry the same one; that it stays one order is this adapter's work.
"""

from __future__ import annotations

from enum import StrEnum

MARK = "#"  # stands in no client order id of ours, so that no id looks like a part of another
FOREIGN = "ibkr-"


class Part(StrEnum):
    """What an order at IBKR is for the order that the desk knows."""

    MAIN = ""
    STOP = "stop"
    TARGET = "target"
    CLOSE = "close"


def to_ref(client_order_id: str, part: Part) -> str:
    return f"{client_order_id}{MARK}{part}" if part else client_order_id


def parse_ref(ref: str) -> tuple[str, Part]:
    """Return the client order id and the part; an orderRef of another maker is a main part."""
    head, mark, tail = ref.rpartition(MARK)
    if mark and head and tail in {Part.STOP, Part.TARGET, Part.CLOSE}:
        return head, Part(tail)
    return ref, Part.MAIN


def client_order_id(ref: str, permanent_id: int) -> str:
    """Return the desk's name of an order; one without an orderRef, as if by hand, has its own."""
    return parse_ref(ref)[0] if ref else f"{FOREIGN}{permanent_id}"
