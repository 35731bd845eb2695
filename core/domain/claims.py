"""What a text claims, and the fact behind each claim."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from core.domain.base import Frozen, Sha256, UtcDatetime, content_sha256

ClaimKind = Literal["number", "date", "ticker", "comparison", "plan", "link", "phrase"]


class Claim(Frozen):
    """One checkable statement of a text. fact_ids: the facts that bear it, none if it is false.

    start, end: where it stands in the text. text: as a reader sees it. reason: why it is not
    borne. A claim of the kind `plan` compares in a plan or a condition, which is neither true nor
    false yet: only its numbers are held against facts.
    """

    kind: ClaimKind
    text: str
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    fact_ids: tuple[str, ...] = ()
    reason: str = ""

    @property
    def holds(self) -> bool:
        return not self.reason


class ClaimReport(Frozen):
    """The verdict on one text. action: what was done about claims that no fact bears."""

    subject_id: str
    part: str
    text_sha256: Sha256
    text: str
    claims: tuple[Claim, ...]
    action: Literal["kept", "rewritten", "replaced"] = "kept"
    checked_at: UtcDatetime

    @property
    def report_id(self) -> str:
        return content_sha256(self)

    @property
    def failed(self) -> tuple[Claim, ...]:
        return tuple(claim for claim in self.claims if not claim.holds)
