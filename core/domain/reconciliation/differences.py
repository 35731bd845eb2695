"""What can differ between the desk and the broker, and what adopting it would do."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from core.domain.base import Frozen, Symbol, content_sha256
from core.domain.orders import Order
from core.domain.reconciliation.books import Amount, BookEntry
from core.domain.trading import Fill


class DifferenceKind(StrEnum):
    """In the order in which they are looked for.

    order_missing: ours is open, and the broker is sure that it has none. order_unknown: an open
    one that is not ours. order_unclear: sent, and nobody knows whether it arrived. order_terms:
    of another size. fill_missing: the broker tells of more than has arrived here. fill_unknown:
    fills of orders that are not ours.
    """

    ORDER_MISSING = "order_missing"
    ORDER_UNKNOWN = "order_unknown"
    ORDER_UNCLEAR = "order_unclear"
    ORDER_STATUS = "order_status"
    ORDER_FILLED = "order_filled"
    ORDER_TERMS = "order_terms"
    FILL_MISSING = "fill_missing"
    FILL_UNKNOWN = "fill_unknown"
    POSITION = "position"
    SYMBOL_RENAMED = "symbol_renamed"
    SPLIT = "split"
    CASH = "cash"


class Scope(StrEnum):
    """What may not be traded until a difference is settled."""

    NOTHING = "nothing"
    SYMBOL = "symbol"
    ALL = "all"


class Adoption(Frozen):
    """What the desk takes over from the broker when a difference is adopted.

    order: how it stands from now on. order_ids: orders that are EXTERNAL, with all their fills.
    fills: what must have been traded. entries: changes of the books. cash: of the money, in USD.
    """

    order: Order | None = None
    order_ids: tuple[str, ...] = ()
    fills: tuple[Fill, ...] = ()
    entries: tuple[BookEntry, ...] = ()
    cash: Amount = Decimal(0)


class Difference(Frozen):
    """One thing of which desk and broker tell different stories, each in words.

    subject: the order, the symbol or the account. symbols: which may not be traded, by `blocks`.
    """

    kind: DifferenceKind
    subject: str
    symbols: tuple[Symbol, ...] = ()
    desk: str
    broker: str
    blocks: Scope = Scope.SYMBOL
    adoption: Adoption = Adoption()

    @property
    def difference_id(self) -> str:
        """The same for the same difference, however the numbers around it go on."""
        return content_sha256(
            {
                "kind": self.kind,
                "subject": self.subject,
                "adoption": self.adoption.model_dump(mode="json"),
            }
        )

    def stands_in_the_way_of(self, symbol: str) -> bool:
        """Tell whether it keeps a symbol from being traded."""
        if self.blocks is Scope.SYMBOL:
            return symbol in self.symbols
        return self.blocks is Scope.ALL
