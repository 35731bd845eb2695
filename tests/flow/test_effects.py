"""At most one effect per key, whatever fails when."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from core.domain.flow import EffectRecord, EffectState
from core.errors import (
    AdapterError,
    AppError,
    AuthenticationError,
    EffectBusyError,
    EffectNotNowError,
    EffectParkedError,
    EffectRejectedError,
    EffectUnclearError,
    InvalidTransitionError,
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
    UnavailableError,
    UnexpectedResponseError,
)
from core.flow.database import open_database
from core.flow.effects import EffectLedger
from core.flow.tables import effects
from tests.examples import examples
from tests.flow.conftest import both
from tests.flow.servers import Server

KEY, REQUEST = "order:one:entry", {"symbol": "TSLA", "quantity": 3}


class Killed(BaseException):
    """The process ends here."""


def failure(kind: type[AdapterError]) -> AdapterError:
    return kind("server", "send", "on purpose")


@pytest.fixture
def ledger(database: sa.Engine) -> EffectLedger:
    return EffectLedger(database, "here")


def expire_leases(database: sa.Engine) -> None:
    EffectLedger(database, "operator").release_leases()


@both
def test_an_effect_is_recorded_and_a_second_call_sends_nothing(ledger: EffectLedger) -> None:
    server = Server("authoritative")
    first, second = (ledger.apply(KEY, server, REQUEST) for _ in range(2))
    assert first == second == ledger.get(KEY)
    assert (first.state, first.attempt, first.external_id) == ("done", 1, f"server-{KEY}")
    assert first.response == {"external_id": f"server-{KEY}", "echo": REQUEST}
    assert first.request == REQUEST
    assert server.sends == 1


def test_a_key_with_another_content_is_parked_and_not_sent(ledger: EffectLedger) -> None:
    server = Server("authoritative")
    ledger.apply(KEY, server, REQUEST)
    with pytest.raises(EffectParkedError, match="another content"):
        ledger.apply(KEY, server, {**REQUEST, "quantity": 4})
    assert server.sends == 1


def test_a_rejection_is_final(ledger: EffectLedger) -> None:
    server = Server("authoritative")
    server.before = [failure(RejectedError)]
    for _ in range(2):
        with pytest.raises(EffectRejectedError, match="on purpose"):
            ledger.apply(KEY, server, REQUEST)
    assert server.sends == 1
    assert ledger.list(EffectState.REJECTED)[0].key == KEY


def test_unavailable_surely_did_nothing_and_is_sent_again(ledger: EffectLedger) -> None:
    server = Server("none")
    server.before = [failure(UnavailableError)]
    with pytest.raises(EffectNotNowError) as caught:
        ledger.apply(KEY, server, REQUEST)
    assert caught.value.retryable
    assert ledger.apply(KEY, server, REQUEST).attempt == 2
    assert server.effects[KEY] == 1


def test_refused_credentials_are_raised_as_such_and_do_not_retry(ledger: EffectLedger) -> None:
    server = Server("none")
    server.before = [failure(AuthenticationError)]
    with pytest.raises(AuthenticationError) as caught:
        ledger.apply(KEY, server, REQUEST)
    assert not caught.value.retryable
    assert ledger.list()[0].state is EffectState.INTENDED


@pytest.mark.parametrize(
    "error",
    [failure(OutcomeUnknownError), failure(UnexpectedResponseError), KeyError("id"), OSError()],
    ids=lambda error: type(error).__name__,
)
def test_an_unclear_answer_is_looked_up_before_any_resend(
    ledger: EffectLedger, error: Exception
) -> None:
    server = Server("authoritative")
    server.after = [error]
    with pytest.raises(EffectUnclearError):
        ledger.apply(KEY, server, REQUEST)
    assert ledger.apply(KEY, server, REQUEST).note == "found by look-up"
    assert (server.sends, server.effects[KEY]) == (1, 1)


def test_proven_absence_allows_one_more_send(ledger: EffectLedger) -> None:
    server = Server("authoritative")
    server.before = [failure(OutcomeUnknownError)]
    with pytest.raises(EffectUnclearError):
        ledger.apply(KEY, server, REQUEST)
    assert ledger.apply(KEY, server, REQUEST).note == "sent"
    assert (server.sends, server.effects[KEY]) == (2, 1)


def test_a_failed_look_up_never_means_absent(ledger: EffectLedger) -> None:
    server = Server("authoritative")
    server.after = [failure(OutcomeUnknownError)]
    server.finds = [failure(UnavailableError), failure(AuthenticationError), None]
    with pytest.raises(EffectUnclearError):
        ledger.apply(KEY, server, REQUEST)
    with pytest.raises(EffectUnclearError, match="look-up failed"):
        ledger.apply(KEY, server, REQUEST)
    with pytest.raises(AuthenticationError):
        ledger.apply(KEY, server, REQUEST)
    assert ledger.apply(KEY, server, REQUEST).state is EffectState.DONE
    assert server.sends == 1


@pytest.mark.parametrize("lookup", ["none", "best_effort"])
def test_without_an_authoritative_look_up_it_is_parked(ledger: EffectLedger, lookup: str) -> None:
    server = Server(lookup)  # type: ignore[arg-type]
    server.before = [failure(OutcomeUnknownError)]
    with pytest.raises(EffectUnclearError):
        ledger.apply(KEY, server, REQUEST)
    for _ in range(2):
        with pytest.raises(EffectParkedError, match="cannot tell"):
            ledger.apply(KEY, server, REQUEST)
    assert server.sends == 1
    assert [record.key for record in ledger.parked()] == [KEY]


def test_an_absence_counts_only_after_the_settling_time(ledger: EffectLedger) -> None:
    server = Server("best_effort", settle_s=600)
    server.before = [failure(OutcomeUnknownError)]
    with pytest.raises(EffectUnclearError):
        ledger.apply(KEY, server, REQUEST)
    with pytest.raises(EffectUnclearError, match="may still appear"):
        ledger.apply(KEY, server, REQUEST)
    server.settle_s = 0
    with pytest.raises(EffectParkedError):
        ledger.apply(KEY, server, REQUEST)


def test_the_operator_settles_what_is_parked(ledger: EffectLedger) -> None:
    server = Server("none")
    for key in ("post:a:x", "post:b:x"):
        server.before = [failure(OutcomeUnknownError)]
        with pytest.raises(EffectUnclearError):
            ledger.apply(key, server, REQUEST)
    assert ledger.settle_done("post:a:x", "99", "ada").external_id == "99"
    assert ledger.settle_absent("post:b:x", "ada").state is EffectState.INTENDED
    assert ledger.apply("post:a:x", server, REQUEST).response == {"external_id": "99"}
    assert ledger.apply("post:b:x", server, REQUEST).note == "sent"
    assert ledger.parked() == []
    with pytest.raises(InvalidTransitionError, match="is done"):
        ledger.settle_absent("post:a:x", "ada")
    with pytest.raises(NotFoundError):
        ledger.settle_done("post:c:x", "1", "ada")


@both
def test_two_senders_of_one_key_send_once(database: sa.Engine) -> None:
    inside, leave = threading.Event(), threading.Event()
    server = Server("authoritative")
    original = server.send

    def slow_send(key: str, request: dict[str, object]) -> dict[str, object]:
        inside.set()
        assert leave.wait(10)
        return original(key, request)

    server.send = slow_send  # type: ignore[method-assign]
    ledger = EffectLedger(database, "here")
    with ThreadPoolExecutor() as pool:
        first = pool.submit(ledger.apply, KEY, server, REQUEST)
        assert inside.wait(10)
        with pytest.raises(EffectBusyError):
            ledger.apply(KEY, server, REQUEST)
        leave.set()
        assert first.result(10).attempt == 1
    assert server.effects[KEY] == 1


def test_killed_between_the_send_and_the_record_it_is_found_by_look_up(
    database: sa.Engine,
) -> None:
    def kill(record: EffectRecord) -> None:
        assert record.state is EffectState.SENDING
        raise Killed

    server = Server("authoritative")
    with pytest.raises(Killed):
        EffectLedger(database, "first", after_send=kill).apply(KEY, server, REQUEST)
    second = EffectLedger(database, "second")
    with pytest.raises(EffectBusyError):
        second.apply(KEY, server, REQUEST)
    expire_leases(database)
    assert second.parked()[0].state is EffectState.SENDING
    assert second.apply(KEY, server, REQUEST).note == "found by look-up"
    assert server.effects[KEY] == 1


def test_a_process_that_slept_through_its_lease_does_not_send(
    database: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, ledger = Server("none", timeout_s=0), EffectLedger(database, "here")
    with pytest.raises(EffectBusyError, match="ended before it was sent"):
        ledger.apply(KEY, server, REQUEST)
    assert server.sends == 0
    assert ledger.list()[0].state is EffectState.INTENDED


def test_a_late_answer_of_a_suspended_process_is_noted_beside_the_record(
    database: sa.Engine,
) -> None:
    server, other = Server("authoritative"), Server("authoritative")
    other.effects[KEY] = 1
    second = EffectLedger(database, "second")

    def overtake(_record: EffectRecord) -> None:
        expire_leases(database)
        other.find = lambda *_: {"external_id": "other"}  # type: ignore[method-assign]
        second.apply(KEY, other, REQUEST)

    record = EffectLedger(database, "first", after_send=overtake).apply(KEY, server, REQUEST)
    assert (record.state, record.external_id) == ("done", "other")
    assert record.note == f"a late process also sent it, as server-{KEY}"


FAULTS = st.sampled_from(
    [None, RejectedError, UnavailableError, OutcomeUnknownError, AuthenticationError,
     UnexpectedResponseError, Killed]
)  # fmt: skip


@pytest.fixture(scope="module")
def scratch() -> Iterator[sa.Engine]:
    with TemporaryDirectory() as folder:
        engine = open_database(f"sqlite:///{Path(folder) / 'scratch.sqlite'}")
        yield engine
        engine.dispose()


@examples(60, suppress_health_check=[HealthCheck.too_slow])
@given(
    faults=st.lists(st.tuples(FAULTS, FAULTS, FAULTS), min_size=1, max_size=6),
    lookup=st.sampled_from(["authoritative", "best_effort", "none"]),
    is_unique=st.booleans(),
)
def test_whatever_fails_when_at_most_one_effect_happens(
    scratch: sa.Engine, faults: list[tuple[object, ...]], lookup: str, is_unique: bool
) -> None:
    with scratch.begin() as connection:
        connection.execute(sa.delete(effects))
    server = Server(lookup, is_unique=is_unique)  # type: ignore[arg-type]
    for number, (before, after, find) in enumerate(faults):
        server.before, server.after, server.finds = [_e(before)], [_e(after)], [_e(find)]
        try:
            EffectLedger(scratch, f"process-{number}").apply(KEY, server, REQUEST)
        except (AppError, Killed):
            expire_leases(scratch)
    # A server that fails "surely not done" after doing it lies; only a unique key survives that.
    has_lied = any(after in {RejectedError, UnavailableError, AuthenticationError}
                   for _before, after, _find in faults)  # fmt: skip
    assert server.effects[KEY] <= 1 or (has_lied and not is_unique)
    record = EffectLedger(scratch, "end").get(KEY)
    assert record is not None
    if record.state is EffectState.DONE:
        assert server.effects[KEY] >= 1
    if lookup != "authoritative" and not has_lied:
        assert server.sends <= 1 + sum(before in {UnavailableError, AuthenticationError}
                                       for before, _after, _find in faults)  # fmt: skip


def _e(kind: object) -> Exception | None:
    if kind is None:
        return None
    if kind is Killed:
        return Killed()  # type: ignore[return-value]
    return failure(kind)  # type: ignore[arg-type]
