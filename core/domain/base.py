"""What every domain type shares."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

Known = TypeVar("Known")


def _is_unknown(value: object) -> bool:
    return value is None


# A fact that earlier versions of a model did not hold: left out while unknown, so that what was
# stored keeps its hash.
Later = Annotated[Known | None, Field(exclude_if=_is_unknown)]


def _to_utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


UtcDatetime = Annotated[AwareDatetime, AfterValidator(_to_utc)]
SYMBOL_PATTERN = r"^[A-Z][A-Z0-9.\-]{0,20}$"
Symbol = Annotated[str, StringConstraints(pattern=SYMBOL_PATTERN)]
Price = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Frozen(BaseModel):
    """An immutable value; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def canonical_json(content: Frozen | Mapping[str, Any]) -> str:
    """Return the one JSON text of `content`: sorted keys, no blanks."""
    plain = content.model_dump(mode="json") if isinstance(content, Frozen) else dict(content)
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def content_sha256(content: Frozen | Mapping[str, Any]) -> str:
    """Return the sha256 of the canonical JSON of `content`."""
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()
