"""How the broker does: what it can, when it last answered, the market's hours, the account."""

from __future__ import annotations

from datetime import datetime, timedelta
from time import monotonic

from core.domain.trading import MarketClock
from core.domain.views.positions import BrokerAnswer, BrokerState
from core.errors import AppError
from core.flow import calendars
from core.steps.moment import CALENDAR
from core.steps.services import Services
from core.storage.views.positions import PositionViews

AHEAD = timedelta(days=14)  # there is a session within, whatever the holidays


class BrokerHealth:
    """Reads what is known; only `ask` goes to the broker."""

    def __init__(self, services: Services) -> None:
        self._services, self._storage = services, services.storage
        self._views = PositionViews(self._storage.store, self._storage.bars)
        self._answer: BrokerAnswer | None = None

    def state(self) -> BrokerState:
        broker, kept = self._services.adapters.broker, self._storage.reconciliations
        newest, answered, told = kept.newest(), kept.newest_answered(), self._answer
        return BrokerState(
            name=broker.name,
            capabilities=broker.capabilities(),
            heard_at=answered.reconciled_at if answered else None,
            silence=newest.no_answer if newest else "",
            clock=told.clock if told and told.clock else by_calendar(self._services.clock.now()),
            account=self._views.newest_account(),
            asked=told,
        )

    def ask(self) -> BrokerAnswer:
        """Ask the broker for its clock and its account, and keep what it says, errors included."""
        broker, now, started = self._services.adapters.broker, self._now(), monotonic()
        try:
            broker.connect()
            clock, account = broker.clock(), broker.account()
        except AppError as error:
            self._answer = BrokerAnswer(now, monotonic() - started, error=str(error))
            return self._answer
        self._answer = BrokerAnswer(now, monotonic() - started, clock)
        self._storage.trading.append_account(account.model_copy(update={"as_of": now}))
        return self._answer

    def _now(self) -> datetime:
        return self._services.clock.now()


def by_calendar(at: datetime) -> MarketClock:
    """Return what the exchange's calendar says of the market at a moment."""
    until = at + AHEAD
    return MarketClock(
        at=at,
        is_open=calendars.is_open(CALENDAR, at),
        next_open=next(calendars.session_times(CALENDAR, "open", at, until)),
        next_close=next(calendars.session_times(CALENDAR, "close", at, until)),
    )
