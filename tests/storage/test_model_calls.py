"""What models were asked is kept, and an answer is found again."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from core.domain.model_calls import CallStatus, Usage
from core.storage.model_calls import ModelCalls
from core.storage.storage import Storage
from tests.storage import samples

LATER = samples.MORNING + timedelta(minutes=5)
FAILED = samples.model_call(status=CallStatus.INVALID, answer="", detail="prose", usage=Usage())
FIRST = samples.model_call(attempt=2)
AGAIN = samples.model_call(requested_at=LATER, status=CallStatus.CACHED, usage=Usage())
OTHER = samples.model_call(request_sha256="f" * 64, subject_id="n2", requested_at=LATER)


@pytest.fixture
def calls(storage: Storage) -> ModelCalls:
    kept = ModelCalls(storage.store)
    kept.append([FAILED, FIRST, AGAIN, OTHER])
    return kept


def test_the_first_answer_to_a_request_is_found(calls: ModelCalls) -> None:
    assert calls.answered(FIRST.request_sha256) == FIRST
    assert calls.answered(OTHER.request_sha256) == OTHER


def test_a_request_without_an_answer_has_none(storage: Storage) -> None:
    calls = ModelCalls(storage.store)
    calls.append([FAILED])

    assert calls.answered(FAILED.request_sha256) is None


def test_the_calls_about_one_thing_come_in_their_order(calls: ModelCalls) -> None:
    assert calls.of_subject("n1") == [FAILED, FIRST, AGAIN]
    assert calls.of_subject("nobody") == []


def test_the_calls_of_a_time_are_found(calls: ModelCalls) -> None:
    assert calls.between(samples.MORNING, LATER) == [FAILED, FIRST]
    assert calls.between(LATER, LATER + timedelta(seconds=1)) == [AGAIN, OTHER]


def test_costs_can_be_summed_in_the_store(calls: ModelCalls, storage: Storage) -> None:
    query = "select sum(cost_usd) from model_calls where status = 'answered'"

    assert storage.store.all(query) == [(Decimal("0.000900"),)]
