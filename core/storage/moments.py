"""The wall's clock for what is stored: what comes later was received later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime.fromtimestamp(0, UTC)
EVER = datetime(9999, 1, 1, tzinfo=UTC)
STEP = timedelta(microseconds=1)


class Moments:
    """When rows are received and up to when readers know, even if the clock is set back.

    Ask inside `Store.write`: only there no other row is about to be stored.
    """

    def __init__(self) -> None:
        self._stamped = self._known = EPOCH

    def stamp(self) -> datetime:
        """Return when the rows of this write are received: later than all that was known."""
        self._stamped = max(datetime.now(UTC), self._stamped, self._known + STEP)
        return self._stamped

    def known(self) -> datetime:
        """Return up to when a reader knows: not before anything that is stored."""
        self._known = max(datetime.now(UTC), self._stamped, self._known)
        return self._known
