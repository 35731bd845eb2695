"""What the desk needs from the outside world. Adapters implement these."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from threading import Event
from typing import Protocol, runtime_checkable

import pandas as pd

from core.domain.content import Post, PostRequest, PublisherCapabilities
from core.domain.engagement import Counts
from core.domain.feeds import (
    CorporateAction,
    Fundamentals,
    NewsItem,
    QuarantinedRow,
    Quote,
    SessionHours,
)
from core.domain.insights import (
    Extraction,
    HeadlineQuestion,
    Material,
    Opinion,
    Signed,
    TacticProse,
    WritingTask,
)
from core.domain.market import BarQuery
from core.domain.model_calls import Answer, AnswerT, ModelParameters, Prompt
from core.domain.trading import (
    Account,
    BrokerCapabilities,
    Fill,
    Order,
    OrderRequest,
    Position,
)


@runtime_checkable
class MarketData(Protocol):
    """Delivers bars. Contract: tests/contract/test_market_data.py."""

    name: str

    def symbols(self) -> tuple[str, ...]:
        """Return the symbols it is limited to, none if it serves any."""
        ...

    def bars(self, query: BarQuery) -> pd.DataFrame:
        """Return the bars as the provider gives them, unchecked, in prices as they were traded.

        Shape: the columns of `BAR_COLUMNS`, oldest first; `started_at` is aware UTC, for daily
            bars midnight UTC of the session date. Intraday bars are those of regular hours and,
            where the provider has them, of the pre-market from 04:00 New York time.
        Raises: InsufficientDataError for a symbol or a timeframe that the provider does not have;
            UnavailableError, AuthenticationError, UnexpectedResponseError.
        """
        ...

    def actions(self, symbol: str, start: date, end: date) -> list[CorporateAction]:
        """Return the splits and dividends with an ex-date from start to end, oldest first."""
        ...

    def quotes(self, symbols: Sequence[str]) -> list[Quote]:
        """Return the newest quote of each symbol that has one; none where the provider has none."""
        ...


@runtime_checkable
class MarketCalendar(Protocol):
    """A source that also publishes the market's hours."""

    name: str

    def session_hours(self, start: date, end: date) -> list[SessionHours]:
        """Return the sessions from start to end, both included, oldest first."""
        ...


@runtime_checkable
class CountsRequests(Protocol):
    """An adapter that may need several requests, or none, for one answer, and counts them."""

    @property
    def requests_sent(self) -> int:
        """Return how many requests it has sent so far."""
        ...


class StreamSink(Protocol):
    """Takes what a stream delivers; called from the stream's thread, one call at a time."""

    def connected(self, at: datetime) -> None:
        """Learn that the stream is up, again or for the first time: what was missed is missing."""
        ...

    def bars(self, frame: pd.DataFrame) -> None:
        """Take bars with the columns of `BAR_COLUMNS`, timeframe 1m."""
        ...

    def quotes(self, quotes: Sequence[Quote]) -> None: ...


@runtime_checkable
class MarketStream(Protocol):
    """Pushes bars and quotes. Contract: tests/contract/test_streams.py."""

    name: str

    def run(self, symbols: Sequence[str], sink: StreamSink, stop: Event) -> None:
        """Stream until `stop` is set; a lost connection is made anew, with growing pauses.

        Raises: AuthenticationError, ConfigurationError.
        """
        ...


@runtime_checkable
class News(Protocol):
    """Delivers headlines. Contract: tests/contract/test_news.py."""

    name: str

    def headlines(self, symbols: Sequence[str], since: datetime, until: datetime) -> list[NewsItem]:
        """Return what was published in [since, until], oldest first, in plain text.

        A source that knows symbols gives what is about these; any other gives all it has.
        Raises: UnavailableError, AuthenticationError, UnexpectedResponseError.
        """
        ...


@runtime_checkable
class RefusesRows(Protocol):
    """A source that refuses single rows and loses single addresses, and tells."""

    def refused(self) -> list[QuarantinedRow]:
        """Return what was refused since the last call."""
        ...

    def failures(self) -> dict[str, str]:
        """Return why an address gave nothing at the last call, by address."""
        ...


@runtime_checkable
class FundamentalsSource(Protocol):
    """Delivers fundamentals. Contract: tests/contract/test_fundamentals.py."""

    name: str

    def fundamentals(self, symbol: str, as_of: date) -> Fundamentals | None:
        """Return what was known on `as_of`, None where the provider has nothing."""
        ...


@runtime_checkable
class Analyst(Protocol):
    """Reads headlines, judges snapshots, writes prose. Contract: tests/contract/test_analysts.py.

    engine: how it signs what it made, such as rules/v1. None of its answers holds a price, a
    size or a trigger that code did not give it.
    """

    name: str
    engine: str

    def extract(self, question: HeadlineQuestion) -> Signed[Extraction]: ...

    def judge(self, material: Material) -> Signed[Opinion]: ...

    def write(self, task: WritingTask) -> Signed[TacticProse]: ...


@runtime_checkable
class LanguageModel(Protocol):
    """Answers one prompt in a given shape. Contract: tests/contract/test_language_models.py.

    engine: how it signs its answers: who serves the model, and which model it is.
    """

    name: str
    model: str
    engine: str

    def complete(
        self, prompt: Prompt, shape: type[AnswerT], parameters: ModelParameters
    ) -> Answer[AnswerT]:
        """Ask once and return the checked answer; its cost is filled in by the caller.

        Raises: UnavailableError, AuthenticationError, RejectedError, and AnswerError for what is
            no answer: RefusedAnswerError, TruncatedAnswerError, InvalidAnswerError.
        """
        ...


@runtime_checkable
class Broker(Protocol):
    """Holds the account and the orders. Contract: tests/contract/test_brokers.py."""

    name: str
    timeout_s: float

    def capabilities(self) -> BrokerCapabilities: ...

    def account(self) -> Account: ...

    def positions(self) -> list[Position]: ...

    def open_orders(self) -> list[Order]: ...

    def order_by_client_id(self, client_order_id: str) -> Order | None:
        """Return None only where the broker is sure that there is no such order."""
        ...

    def submit(self, request: OrderRequest, submitted_at: datetime) -> Order:
        """Submit once: the same `client_order_id` again returns the same order.

        Raises: RejectedError, UnavailableError (surely not placed), OutcomeUnknownError.
        """
        ...

    def cancel(self, client_order_id: str) -> None:
        """Cancel an open order. Cancelling a closed or unknown one does nothing."""
        ...

    def close_position(self, client_order_id: str, reason: str) -> None:
        """Flatten what is left of one order at the next price. A flat one does nothing."""
        ...

    def fills_since(self, cursor: str) -> tuple[list[Fill], str]:
        """Return the fills after `cursor` ("" for all), oldest first, and the new cursor."""
        ...


@runtime_checkable
class SimulatedVenue(Protocol):
    """A broker that trades against bars it is shown, as the paper broker does."""

    def process(self, bars: pd.DataFrame) -> None:
        """Match the open orders against the bars, in time order; bars seen before do nothing."""
        ...


@runtime_checkable
class Publisher(Protocol):
    """Posts to one platform. Contract: tests/contract/test_publishers.py."""

    name: str
    timeout_s: float

    def capabilities(self) -> PublisherCapabilities: ...

    def publish(self, request: PostRequest, published_at: datetime) -> Post:
        """Post it.

        Raises: RejectedError, UnavailableError (surely not there), OutcomeUnknownError.
        """
        ...

    def find(self, key: str) -> Post | None:
        """Look a post up by its key; None where the platform shows none."""
        ...

    def metrics(self, external_id: str, measured_at: datetime) -> Counts | None:
        """Return the counts of a post, None where it was deleted."""
        ...


@runtime_checkable
class Alerts(Protocol):
    """Tells the operator. Contract: tests/contract/test_alerts.py."""

    name: str

    def send(self, key: str, title: str, body: str) -> None: ...
