"""The broker: what the desk may ask of Alpaca's trading service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from threading import Event
from typing import Any
from urllib.parse import urlsplit

from core.adapters.alpaca_rest import NAME, parsing, require_keys
from core.adapters.brokers.alpaca.account import (
    parse_account,
    parse_asset,
    parse_clock,
    parse_positions,
    unknown_asset,
)
from core.adapters.brokers.alpaca.calls import Calls
from core.adapters.brokers.alpaca.changes import Changes
from core.adapters.brokers.alpaca.client import Timeouts, trading_client
from core.adapters.brokers.alpaca.fills import Execution, parse_executions, read_executions
from core.adapters.brokers.alpaca.mapping import to_order
from core.adapters.brokers.alpaca.orders import Orders
from core.adapters.brokers.alpaca.reading import OrderReader
from core.adapters.brokers.alpaca.updates import Updates
from core.domain.feeds import Label
from core.domain.orders import Order, OrderChange, OrderRequest
from core.domain.trading import (
    Account,
    Asset,
    BrokerCapabilities,
    Fill,
    MarketClock,
    Position,
    TradeUpdate,
)
from core.errors import OutcomeUnknownError, RejectedError
from core.settings import Settings

PAPER_HOST = "paper-api.alpaca.markets"


def create(settings: Settings) -> AlpacaBroker:
    """Build it.

    Raises: ConfigurationError without keys.
    """
    return AlpacaBroker(require_keys(settings), settings.alpaca_trading_url)


class AlpacaBroker:
    """Trades through one account; safe to use from several threads.

    stream_url: of the trade updates, which Alpaca has at the same host.
    """

    name = NAME
    timeout_s = 60.0  # closing a position cancels, looks, and sells

    def __init__(
        self,
        keys: tuple[str, str],
        url: str,
        *,
        stream_url: str = "",
        timeouts: Timeouts = Timeouts(),  # noqa: B008 - it is frozen
    ) -> None:
        base = url.rstrip("/").removesuffix("/v2")  # Alpaca's dashboard shows the address with /v2
        self._is_paper = urlsplit(base).hostname == PAPER_HOST
        self._client = trading_client(keys, base, timeouts)
        self._calls = Calls()
        self._orders = Orders(OrderReader(self._client, self._calls))
        self._changes = Changes(self._client, self._calls, self._orders, timeouts)
        address = stream_url or f"ws{base.removeprefix('http')}/stream"
        self._updates = Updates(address, keys, self._orders.known)

    def capabilities(self) -> BrokerCapabilities:
        """Return them; Alpaca trades fractions, but not in the brackets that entries bring."""
        return BrokerCapabilities(
            bracket=True,
            several_take_profits=False,
            short=True,
            fractional=False,
            is_live=not self._is_paper,
            oco=True,
            trailing=True,
            options=True,
            replace=True,
            stream=True,
            suspend=True,
        )

    def connect(self) -> None:
        """Check address and keys."""
        self.account()

    def close(self) -> None:
        self._client._session.close()  # it has no method for it

    def clock(self) -> MarketClock:
        return self._calls.read("clock", self._client.get_clock, parse_clock)

    def account(self) -> Account:
        return self._calls.read("account", self._client.get_account, parse_account)

    def positions(self) -> list[Position]:
        return self._calls.read("positions", self._client.get_all_positions, parse_positions)

    def asset(self, symbol: str) -> Asset:
        name = symbol.upper()
        found = self._calls.find("asset", partial(self._client.get_asset, name), parse_asset)
        return found or unknown_asset(name)

    def open_orders(self) -> list[Order]:
        return [to_order(family) for family in self._orders.open_families()]

    def order_by_client_id(self, client_order_id: str) -> Order | None:
        family = self._orders.family(client_order_id)
        return to_order(family) if family else None

    def fills_since(self, cursor: str) -> tuple[list[Fill], str]:
        """Return the fills; a cursor holds good in another process.

        Raises: RejectedError for a cursor that was not given here.
        """
        found, after = read_executions(self._activities, cursor)
        if found:
            symbols = {each.symbol for each in found}
            since = min(each.filled_at for each in found)
            self._orders.prepare((each.order_id for each in found), symbols, since)
        label = Label.SYNTHETIC if self._is_paper else Label.REAL
        owned = [(each, self._orders.owner(each.order_id)) for each in found]
        with parsing("fills_since"):
            return [each.to_fill(owner, label) for each, owner in owned], after

    def submit(self, request: OrderRequest, submitted_at: datetime) -> Order:
        """Submit it; Alpaca keeps its own time."""
        return self._changes.submit(request)

    def replace(self, client_order_id: str, change: OrderChange) -> Order:
        """Change it at Alpaca, where another order takes its place, or that of its stop."""
        family = self._orders.family(client_order_id)
        if family is None:
            raise RejectedError(NAME, "replace", f"Alpaca has no order {client_order_id!r}")
        self._changes.replace(family, change)
        changed = self._orders.family(client_order_id)
        if changed is None:
            raise OutcomeUnknownError(NAME, "replace", f"{client_order_id} is not found any more")
        return to_order(changed)

    def cancel(self, client_order_id: str) -> None:
        """Cancel what has not filled.

        Alpaca takes the exits of a partly filled entry along: they are sent anew for its shares.
        """
        family = self._orders.family(client_order_id)
        if family is not None:
            self._changes.cancel(family)

    def close_position(self, client_order_id: str, reason: str) -> None:
        """Flatten it; Alpaca keeps no reason."""
        family = self._orders.family(client_order_id)
        if family is not None:
            self._changes.flatten(family)

    def suspend(self) -> None:
        self._configure({"suspend_trade": True})

    def resume(self) -> None:
        self._configure({"suspend_trade": False})

    def listen(self, on_update: Callable[[TradeUpdate], None], stop: Event) -> None:
        """Tell of each change.

        Raises: AuthenticationError for refused keys, ConfigurationError for a wrong address.
        """
        self._updates.listen(on_update, stop)

    def _activities(self, params: Mapping[str, str]) -> list[Execution]:
        call = partial(self._client.get, "/account/activities/FILL", dict(params))
        return self._calls.read("fills_since", call, parse_executions)

    def _configure(self, values: dict[str, bool]) -> None:
        """Set what is named, and see that Alpaca says so."""

        def check(answer: Any) -> None:
            if {name: answer[name] for name in values} != values:
                raise ValueError("the setting did not change")

        call = partial(self._client.patch, "/account/configurations", values)
        self._calls.write("suspend", call, check)
