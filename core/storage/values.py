"""The edge between Python's values and the database's: aware UTC outside, naive UTC inside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import pandas as pd

from core.errors import StoreError

MICRO = Decimal("0.000001")


def plain(value: object) -> object:
    """Return what the database stores for `value`.

    Raises: StoreError for a time without a zone.
    """
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise StoreError(f"the time {value.isoformat()} has no zone")
        return value.astimezone(UTC).replace(tzinfo=None)
    if isinstance(value, Decimal):
        return value.quantize(MICRO)
    return value.value if isinstance(value, Enum) else value


def aware_rows(rows: list[tuple[Any, ...]], description: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Return `rows` with their times in UTC."""
    times = {place for place, column in enumerate(description) if str(column[1]) == "TIMESTAMP"}
    if not times:
        return rows
    return [
        tuple(
            value.replace(tzinfo=UTC) if place in times and value is not None else value
            for place, value in enumerate(row)
        )
        for row in rows
    ]


def aware_frame(frame: pd.DataFrame, description: Sequence[Any]) -> pd.DataFrame:
    """Return `frame` with its times in UTC and its dates as `datetime.date`."""
    for name, kind, *_ in description:
        if str(kind) == "TIMESTAMP":
            frame[name] = frame[name].dt.tz_localize("UTC")
        elif str(kind) == "DATE":
            frame[name] = frame[name].dt.date
    return frame
