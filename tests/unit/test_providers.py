"""Fail-over: the order, the rate limit, the circuit breaker."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from core.domain.feed_policy import BreakerPolicy, ProviderPolicy
from core.errors import (
    AppError,
    AuthenticationError,
    ConfigurationError,
    InsufficientDataError,
    RejectedError,
    UnavailableError,
    UnexpectedResponseError,
)
from core.steps.limits import Timing, TokenBucket
from core.steps.providers import Provider, first_answer, states
from tests.examples import examples

START = datetime(2026, 11, 25, 15, tzinfo=UTC)
DOWN = UnavailableError("yahoo", "bars", "timed out")
NO_KEY = AuthenticationError("yahoo", "bars", "401")
GARBLED = UnexpectedResponseError("yahoo", "bars", "HTML")
UNKNOWN = InsufficientDataError("yahoo has no ZZZZ")
REFUSED = RejectedError("yahoo", "bars", "400")


class Time:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.waited: list[float] = []

    def __call__(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds - 1000)

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.seconds += seconds

    @property
    def timing(self) -> Timing:
        return Timing(self, self.now, self.wait)


class Desk:
    """An adapter that answers what was laid down for it, then its name."""

    def __init__(self, name: str = "yahoo", *outcomes: BaseException) -> None:
        self.name, self.outcomes, self.calls = name, deque(outcomes), 0

    def ask(self) -> str:
        self.calls += 1
        if self.outcomes:
            raise self.outcomes.popleft()
        return self.name


def provider(
    adapter: Desk, time: Time, per_minute: int | None = None, failures: int = 3
) -> Provider[Desk]:
    policy = ProviderPolicy(
        requests_per_minute=per_minute,
        breaker=BreakerPolicy(failures=failures, cool_down_seconds=30),
    )
    return Provider(adapter.name, adapter, policy, timing=time.timing)


def outcome(one: Provider[Desk]) -> str:
    try:
        return one.call(Desk.ask)
    except AppError as error:
        return str(error)


def fail(one: Provider[Desk], times: int) -> None:
    for _ in range(times):
        with pytest.raises(AppError):
            one.call(Desk.ask)


def test_an_answer_is_passed_on_and_dated() -> None:
    one = provider(Desk(), Time())

    assert one.call(Desk.ask) == "yahoo"
    assert one.state().model_dump() == {
        "name": "yahoo", "breaker": "closed", "open_until": None, "tokens": None,
        "last_error": "", "last_success_at": START, "last_failure_at": None,
    }  # fmt: skip


def test_the_limit_is_kept_without_asking_or_waiting() -> None:
    time, adapter = Time(), Desk()
    one = provider(adapter, time, per_minute=2)
    one.call(Desk.ask)
    time.seconds += 20
    one.call(Desk.ask)

    with pytest.raises(UnavailableError, match=r"rate limit of 2 .* ask again in 40 s"):
        one.call(Desk.ask)
    assert (adapter.calls, one.state().tokens, one.state().breaker) == (2, 0, "closed")


def test_a_token_comes_back_a_minute_after_it_was_taken() -> None:
    time = Time()
    one = provider(Desk(), time, per_minute=2)
    one.call(Desk.ask)
    time.seconds += 20
    one.call(Desk.ask)
    time.seconds += 40

    assert one.state().tokens == 1
    assert [outcome(one)[:5] for _ in range(2)] == ["yahoo", "yahoo"]
    assert one.state().tokens == 0


def test_failures_in_a_row_open_the_circuit_until_the_cool_down_is_over() -> None:
    time, adapter = Time(), Desk("yahoo", *[DOWN] * 3)
    one = provider(adapter, time)
    fail(one, 3)
    time.seconds += 29

    with pytest.raises(UnavailableError, match="circuit is open until 2026-11-25 15:00:30 UTC"):
        one.call(Desk.ask)
    assert adapter.calls == 3
    assert (one.state().breaker, one.state().open_until) == ("open", START + timedelta(seconds=30))
    assert one.state().last_error == "yahoo.bars: timed out"


def test_a_success_in_between_starts_the_count_anew() -> None:
    time, adapter = Time(), Desk("yahoo", DOWN, DOWN)
    one = provider(adapter, time)
    fail(one, 2)
    one.call(Desk.ask)
    adapter.outcomes.extend([DOWN, GARBLED])
    fail(one, 2)

    assert one.state().breaker == "closed"


def test_one_trial_follows_the_cool_down_and_its_success_closes_the_circuit() -> None:
    time, adapter = Time(), Desk("yahoo", *[DOWN] * 3)
    one = provider(adapter, time)
    fail(one, 3)
    time.seconds += 30

    assert one.state().breaker == "half-open"
    assert outcome(one) == "yahoo"
    assert one.state().breaker == "closed"


def test_a_trial_that_fails_opens_the_circuit_for_another_cool_down() -> None:
    time, adapter = Time(), Desk("yahoo", *[DOWN] * 4)
    one = provider(adapter, time)
    fail(one, 3)
    time.seconds += 30
    fail(one, 1)
    time.seconds += 29

    assert "circuit is open until 2026-11-25 15:01:00 UTC" in outcome(one)
    assert adapter.calls == 4


def test_while_the_trial_is_on_its_way_nobody_else_is_let_through() -> None:
    time, adapter, inside, go_on = Time(), Desk("yahoo", *[DOWN] * 3), Event(), Event()
    one = provider(adapter, time)
    fail(one, 3)
    time.seconds += 30

    def slow(desk: Desk) -> str:
        inside.set()
        go_on.wait(10)
        return desk.ask()

    with ThreadPoolExecutor(1) as pool:
        trial = pool.submit(one.call, slow)
        inside.wait(10)
        refused = outcome(one)
        go_on.set()

    assert "circuit is open until the trial call" in refused
    assert (trial.result(), adapter.calls, one.state().breaker) == ("yahoo", 4, "closed")


def test_refused_keys_open_the_circuit_at_once_and_for_ten_cool_downs() -> None:
    time, adapter = Time(), Desk("yahoo", NO_KEY)
    one = provider(adapter, time)
    fail(one, 1)
    time.seconds += 299
    refused = outcome(one)
    time.seconds += 1

    assert "circuit is open" in refused
    assert outcome(one) == "yahoo"


@pytest.mark.parametrize("answer", [UNKNOWN, REFUSED])
def test_to_say_no_is_an_answer(answer: AppError) -> None:
    one = provider(Desk("yahoo", DOWN, DOWN, *[answer] * 5), Time())
    fail(one, 7)

    assert (one.state().breaker, one.state().last_success_at) == ("closed", START)
    assert one.state().last_error == "yahoo.bars: timed out"


def test_a_fault_in_an_adapter_counts_and_its_text_is_not_shown() -> None:
    one = provider(Desk("yahoo", *[KeyError("key=SECRET")] * 3), Time())
    for _ in range(3):
        with pytest.raises(KeyError):
            one.call(Desk.ask)

    assert (one.state().breaker, one.state().last_error) == ("open", "KeyError")


def test_a_call_that_began_before_the_opening_does_not_close_the_circuit() -> None:
    time, adapter = Time(), Desk("yahoo", *[DOWN] * 3)
    one = provider(adapter, time)

    def answer_after_three_failures(desk: Desk) -> str:
        fail(one, 3)
        return desk.ask()

    assert one.call(answer_after_three_failures) == "yahoo"
    assert one.state().breaker == "open"


def test_with_patience_a_call_waits_for_its_token() -> None:
    time, adapter = Time(), Desk()
    one = provider(adapter, time, per_minute=2)
    found = [one.call(Desk.ask, patience_s=240) for _ in range(7)]

    assert found == ["yahoo"] * 7
    assert time.seconds == pytest.approx(1180)
    assert time.waited == pytest.approx([60, 60, 60])


def test_patience_ends_without_waiting_for_what_comes_too_late() -> None:
    time, adapter = Time(), Desk()
    one = provider(adapter, time, per_minute=1)
    one.call(Desk.ask)

    with pytest.raises(UnavailableError, match="ask again in 60 s"):
        one.call(Desk.ask, patience_s=59)
    assert (adapter.calls, time.waited) == (1, [])


def test_a_circuit_that_opens_meanwhile_ends_the_wait() -> None:
    time, adapter = Time(), Desk("yahoo", DOWN, NO_KEY)
    one = provider(adapter, time, per_minute=2)
    fail(one, 2)

    with pytest.raises(UnavailableError, match="circuit is open"):
        one.call(Desk.ask, patience_s=240)
    assert time.waited == []


class Counting(Desk):
    """An adapter that needs several requests for an answer."""

    def __init__(self, requests: int, name: str = "yahoo") -> None:
        super().__init__(name)
        self.requests, self.requests_sent = requests, 0

    def ask(self) -> str:
        self.requests_sent += self.requests
        return super().ask()


def asked(desk: Desk) -> str:
    return desk.ask()


def test_each_request_of_a_call_takes_a_token() -> None:
    one = provider(Counting(5), Time(), per_minute=60)
    one.call(asked)
    one.call(asked)

    assert one.state().tokens == 50


def test_more_requests_than_allowed_are_made_good_by_waiting() -> None:
    time = Time()
    one = provider(Counting(150), time, per_minute=60)
    one.call(asked)

    assert one.state().tokens == 0
    one.call(asked, patience_s=240)
    assert time.waited == pytest.approx([120])


def test_what_needs_no_request_still_takes_the_token_of_its_call() -> None:
    one = provider(Counting(0), Time(), per_minute=60)
    one.call(asked)

    assert one.state().tokens == 59


def test_the_adapters_of_one_vendor_share_its_limit() -> None:
    time, policy = Time(), ProviderPolicy(requests_per_minute=3)
    bucket = TokenBucket(3, time)
    bars, news = (
        Provider("alpaca", Desk("alpaca"), policy, bucket=bucket, timing=time.timing)
        for _ in range(2)
    )
    bars.call(Desk.ask)
    bars.call(Desk.ask)
    news.call(Desk.ask)

    assert (bars.state().tokens, "rate limit" in outcome(news)) == (0, True)


def test_a_trial_needs_a_token_too() -> None:
    time, adapter = Time(), Desk("yahoo", *[DOWN] * 3)
    one = provider(adapter, time, per_minute=3)
    fail(one, 3)
    time.seconds += 30
    refused = outcome(one)
    time.seconds += 30

    assert "rate limit" in refused
    assert outcome(one) == "yahoo"


def test_threads_together_keep_the_limit() -> None:
    adapter = Desk()
    one = provider(adapter, Time(), per_minute=10)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: outcome(one), range(200)))

    assert found.count("yahoo") == adapter.calls == 10


def chain(*adapters: Desk) -> list[Provider[Desk]]:
    time = Time()
    return [provider(adapter, time) for adapter in adapters]


def test_the_first_that_answers_is_named_and_no_other_is_asked() -> None:
    yahoo, alpaca = Desk("yahoo"), Desk("alpaca")

    assert first_answer(chain(yahoo, alpaca), Desk.ask) == ("yahoo", "yahoo")
    assert alpaca.calls == 0


@pytest.mark.parametrize("error", [DOWN, NO_KEY, GARBLED, UNKNOWN, REFUSED])
def test_the_next_is_asked_when_one_does_not_answer(error: AppError) -> None:
    assert first_answer(chain(Desk("yahoo", error), Desk("alpaca")), Desk.ask)[0] == "alpaca"


def test_what_is_no_answer_is_asked_of_the_next() -> None:
    providers = chain(Desk("yahoo"), Desk("alpaca"))

    assert first_answer(providers, Desk.ask, is_answer=lambda a: a == "alpaca")[0] == "alpaca"


def test_if_nobody_has_more_the_first_ones_nothing_is_the_answer() -> None:
    providers = chain(Desk("yahoo"), Desk("alpaca", UNKNOWN))

    assert first_answer(providers, Desk.ask, is_answer=lambda _: False)[0] == "yahoo"


def test_nothing_is_no_answer_while_one_that_may_know_is_down() -> None:
    providers = chain(Desk("yahoo"), Desk("alpaca", DOWN))

    with pytest.raises(UnavailableError):
        first_answer(providers, Desk.ask, is_answer=lambda _: False)


def test_who_failed_and_why_is_told_though_another_answered() -> None:
    told: list[tuple[str, AppError]] = []
    providers = chain(Desk("yahoo", DOWN), Desk("alpaca"))
    first_answer(providers, Desk.ask, told=lambda name, error: told.append((name, error)))

    assert told == [("yahoo", DOWN)]


def test_when_none_answers_the_last_error_tells_the_reasons_of_all() -> None:
    last = UnavailableError("alpaca", "bars", "429")

    with pytest.raises(UnavailableError) as raised:
        first_answer(chain(Desk("yahoo", GARBLED), Desk("alpaca", last)), Desk.ask)
    assert str(raised.value) == "alpaca.bars: 429; before that yahoo.bars: HTML"
    assert raised.value.__cause__ is last


@pytest.mark.parametrize("errors", [(UNKNOWN, DOWN), (DOWN, UNKNOWN), (UNKNOWN, UNKNOWN)])
def test_what_no_other_answers_is_unknown_if_one_says_so(errors: tuple[AppError, ...]) -> None:
    desks = [Desk(f"p{place}", error) for place, error in enumerate(errors)]

    with pytest.raises(InsufficientDataError) as raised:
        first_answer(chain(*desks), Desk.ask)
    assert all(str(error) in str(raised.value) for error in errors)


def test_an_open_circuit_is_passed_over() -> None:
    yahoo = Desk("yahoo", NO_KEY)
    providers = chain(yahoo, Desk("alpaca"))
    names = [first_answer(providers, Desk.ask)[0] for _ in range(3)]

    assert (names, yahoo.calls) == (["alpaca"] * 3, 1)
    assert [state.breaker for state in states(providers)] == ["open", "closed"]


def test_without_a_provider_the_setting_is_at_fault() -> None:
    with pytest.raises(ConfigurationError, match="no provider is configured"):
        first_answer([], Desk.ask)


class ProviderMachine(RuleBasedStateMachine):
    """Any mix of calls, failures and time, against what the policy promises."""

    LIMIT, FAILURES, COOL_DOWN = 4, 3, 30

    def __init__(self) -> None:
        super().__init__()
        self.time, self.adapter = Time(), Desk()
        self.provider = provider(self.adapter, self.time, self.LIMIT, self.FAILURES)
        self.asked_at: list[float] = []
        self.failed_in_a_row, self.shut_until = 0, 0.0

    @rule(seconds=st.floats(0, 70))
    def wait(self, seconds: float) -> None:
        self.time.seconds += seconds

    @precondition(lambda self: self.time.seconds < self.shut_until)
    @rule()
    def wait_for_the_trial(self) -> None:
        self.time.seconds = self.shut_until

    @rule(error=st.sampled_from([None, DOWN, GARBLED, NO_KEY, UNKNOWN, REFUSED]))
    def call(self, error: AppError | None) -> None:
        self.adapter.outcomes = deque([error] if error else [])
        before = self.adapter.calls
        outcome(self.provider)
        if self.adapter.calls > before:
            self._note(error)

    def _note(self, error: AppError | None) -> None:
        now = self.time.seconds
        assert now >= self.shut_until, "no call before the cool-down is over"
        self.asked_at.append(now)
        if error not in {DOWN, GARBLED, NO_KEY}:
            self.failed_in_a_row = 0
            return
        self.failed_in_a_row += 1
        is_key = error is NO_KEY
        if is_key or self.failed_in_a_row >= self.FAILURES:
            self.shut_until = now + self.COOL_DOWN * (10 if is_key else 1)
            self.failed_in_a_row = self.FAILURES  # a trial that fails opens it again

    @precondition(lambda self: self.time.seconds >= self.shut_until)
    @rule()
    def is_let_through_when_nothing_speaks_against_it(self) -> None:
        if self.provider.state().tokens:
            before = self.adapter.calls
            self.call(None)
            assert self.adapter.calls == before + 1
            assert self.provider.state().breaker == "closed"

    @invariant()
    def no_minute_sees_more_calls_than_allowed(self) -> None:
        for first, last in zip(self.asked_at, self.asked_at[self.LIMIT :], strict=False):
            assert last - first >= 60

    @invariant()
    def the_state_tells_what_is_so(self) -> None:
        is_shut = self.time.seconds < self.shut_until
        assert (self.provider.state().breaker == "open") is is_shut


ProviderMachine.TestCase.settings = examples(100, stateful_step_count=40)
TestProviderKeepsItsPolicy = ProviderMachine.TestCase
