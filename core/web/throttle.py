"""How often one address may guess a password, in bounded memory."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict, deque
from collections.abc import Callable


class Throttle:
    """Allows `limit` tries per address in `window_s` seconds and remembers `addresses` at most."""

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        limit: int = 5,
        window_s: float = 60,
        addresses: int = 1024,
    ) -> None:
        self._clock, self._limit, self._window_s, self._addresses = (
            clock,
            limit,
            window_s,
            addresses,
        )
        self._tries: OrderedDict[str, deque[float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._tries)

    def take(self, address: str) -> bool:
        """Count one try before it is made, so that parallel guesses count too; False means wait."""
        now, key = self._clock(), _network(address)
        tries = self._tries.setdefault(key, deque())
        self._tries.move_to_end(key)
        while tries and now - tries[0] >= self._window_s:
            tries.popleft()
        if len(self._tries) > self._addresses:
            self._tries.popitem(last=False)  # the one that has been quiet for longest
        if len(tries) >= self._limit:
            return False
        tries.append(now)
        return True

    def forgive(self, address: str) -> None:
        """Forget the tries of an address that knew the password."""
        self._tries.pop(_network(address), None)


def _network(address: str) -> str:
    """Return one key per guesser: a household owns a whole IPv6 /64."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address
