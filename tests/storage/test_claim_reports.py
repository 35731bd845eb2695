"""Verdicts on texts: kept for good, the newest of each part is shown."""

from __future__ import annotations

from hashlib import sha256

import pytest

from core.domain.claims import Claim, ClaimReport
from core.storage.claims import Claims
from core.storage.storage import Storage
from tests.storage.samples import moment

NUMBER = Claim(kind="number", text="$1", start=0, end=2, fact_ids=("snapshot.last",))
STRANGER = Claim(kind="ticker", text="NVDA", start=6, end=10, reason="it is not known")


def report(part: str, text: str = "$1 at NVDA", hours: float = 13) -> ClaimReport:
    return ClaimReport(
        subject_id="TBOW-TSLA", part=part, text=text, text_sha256=sha256(text.encode()).hexdigest(),
        claims=(NUMBER, STRANGER), action="rewritten", checked_at=moment(hours=hours),
    )  # fmt: skip


@pytest.fixture
def claims(storage: Storage) -> Claims:
    return Claims(storage.store)


def test_a_verdict_comes_back_as_it_was(claims: Claims) -> None:
    claims.append([report("summary")])
    assert claims.of_subject("TBOW-TSLA") == [report("summary")]
    assert claims.of_subject("TBOW-TSLA")[0].failed == (STRANGER,)
    assert claims.of_subject("TBOW-AAPL") == []


def test_the_newest_verdict_of_each_part_counts(claims: Claims) -> None:
    older, newer, other = report("summary"), report("summary", "new", 14), report("objective")
    claims.append([newer, other])
    claims.append([older])
    assert claims.of_subject("TBOW-TSLA") == [newer, other]


def test_of_two_verdicts_at_one_moment_the_later_stored_counts(claims: Claims) -> None:
    claims.append([report("summary", "first")])
    claims.append([report("summary", "second")])
    assert [r.text for r in claims.of_subject("TBOW-TSLA")] == ["second"]


def test_a_verdict_is_stored_once(claims: Claims, storage: Storage) -> None:
    claims.append([report("summary")])
    claims.append([report("summary")])
    assert storage.store.all("select count(*) from claim_reports") == [(1,)]
