"""Which gateway and which account is traded, and whether that is real money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.adapters.brokers.ibkr.hours import RestartWindow
from core.errors import AuthenticationError

NAME = "ibkr"
LIVE_PORTS, PAPER_PORTS = {4001, 7496}, {4002, 7497}


@dataclass(frozen=True)
class Address:
    """account: "" takes the only one that the gateway serves. window: of its nightly restart."""

    host: str
    port: int
    client_id: int
    account: str = ""
    window: RestartWindow | None = None

    @property
    def is_live(self) -> bool:
        """Tell whether real money may be there; where nobody knows, it may."""
        if self.account:
            return self.port in LIVE_PORTS or not _is_paper(self.account)
        return self.port not in PAPER_PORTS

    def choose(self, operation: str, served: Sequence[str]) -> str:
        """Return the account to trade, of those that the gateway serves.

        Raises: AuthenticationError if it is not among them, or is a live one nobody asked for.
        """
        accounts = ", ".join(served) or "no account"
        if self.account and self.account not in served:
            reason = f"IBKR_ACCOUNT is {self.account}, but the gateway serves {accounts}"
            raise AuthenticationError(NAME, operation, reason)
        if not self.account and len(served) != 1:
            reason = f"the gateway serves {accounts}: name the one to trade in IBKR_ACCOUNT"
            raise AuthenticationError(NAME, operation, reason)
        chosen = self.account or served[0]
        if not _is_paper(chosen) and not self.is_live:
            reason = f"port {self.port} is a paper gateway's, but {chosen} is a live account"
            raise AuthenticationError(NAME, operation, f"{reason}: name it in IBKR_ACCOUNT")
        return chosen

    def __str__(self) -> str:
        return f"{self.host}:{self.port} for client {self.client_id}"


def _is_paper(account: str) -> bool:
    return account.startswith("D")
