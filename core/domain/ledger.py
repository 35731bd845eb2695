"""The public ledger: what was published and how it ended, each line chained to the one before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Literal

from pydantic import Field

from core.domain.audit import GENESIS
from core.domain.base import Frozen, Number, Sha256, UtcDatetime
from core.domain.lifecycle import TacticEvent
from core.domain.resolutions import Resolution
from core.domain.scenarios import Scenario, Trigger
from core.domain.tactics import Tactic


class LedgerLine(Frozen):
    """What one entry says; what does not belong to its kind is None. Prices in USD per share.

    scenario_key: empty where the published plan is to wait. targets: the price of each and the
    fraction it closes. bars: whether real or synthetic ones gave the result. anchor: the hash of
    the entry in the desk's own audit chain that the line was made from.
    """

    kind: Literal["published", "superseded", "cancelled", "resolved", "corrected"]
    at: UtcDatetime
    tactic_id: str
    version: int
    scenario_key: str = ""
    symbol: str | None = None
    session_date: date | None = None
    timeframe: str | None = None
    setup: str | None = None
    side: str | None = None
    grade: str | None = None
    score: Number | None = None
    trigger: str | None = None
    entry_low: Number | None = None
    entry_high: Number | None = None
    stop: Number | None = None
    targets: str | None = None
    content_sha256: Sha256 | None = None
    platform: str | None = None
    url: str | None = None
    outcome: str | None = None
    system_r: Number | None = None
    mae_r: Number | None = None
    mfe_r: Number | None = None
    entry_price: Number | None = None
    exit_price: Number | None = None
    bars: str | None = None
    reason: str | None = None
    anchor: Sha256


class LedgerEntry(Frozen):
    """A line in its place. `sha256` is of `body`, which names the hash of the entry before."""

    sequence: int = Field(ge=1)
    line: LedgerLine
    body: str
    sha256: Sha256

    @property
    def text(self) -> str:
        """The line of the file: the body, and its hash as one more field."""
        return f'{self.body[:-1]},"sha256":"{self.sha256}"}}'


def chain_lines(lines: Iterable[LedgerLine]) -> Iterator[LedgerEntry]:
    """Give each line its place and its hash."""
    previous = GENESIS
    for sequence, line in enumerate(lines, 1):
        fields = {"sequence": sequence, **line.model_dump(mode="json")}
        body = json.dumps({**fields, "previous_sha256": previous}, separators=(",", ":"))
        previous = hashlib.sha256(body.encode()).hexdigest()
        yield LedgerEntry(sequence=sequence, line=line, body=body, sha256=previous)


def published_lines(event: TacticEvent, tactic: Tactic, anchor: str) -> list[LedgerLine]:
    """Return a line for each plan of a published version, one if it says to wait."""
    shared = {
        "kind": "published",
        "at": event.occurred_at,
        **tactic.model_dump(
            include={"tactic_id", "version", "symbol", "session_date", "timeframe"}
        ),
        "content_sha256": tactic.content_sha256,
        "platform": event.payload.get("subject"),
        "url": event.payload.get("url"),
        "anchor": anchor,
    }
    plans = [_plan(scenario) for scenario in tactic.scenarios] or [{"grade": tactic.grade}]
    return [LedgerLine.model_validate({**shared, **plan}) for plan in plans]


def event_line(event: TacticEvent, scenario_key: str, anchor: str) -> LedgerLine:
    """Return the line of a plan that was withdrawn, or whose result was corrected."""
    result = event.payload.get("system_r")
    return LedgerLine.model_validate(
        {
            "kind": event.kind,
            "at": event.occurred_at,
            "tactic_id": event.tactic_id,
            "version": event.version,
            "scenario_key": scenario_key,
            "outcome": event.payload.get("outcome"),
            "system_r": None if result is None else round(float(result), 4),
            "reason": event.payload.get("reason"),
            "anchor": anchor,
        }
    )


def result_line(resolution: Resolution, anchor: str) -> LedgerLine:
    """Return the line of a plan that has ended."""
    same = {"tactic_id", "version", "scenario_key", "outcome"}
    numbers = {"system_r": 4, "mae_r": 4, "mfe_r": 4, "entry_price": 6, "exit_price": 6}
    return LedgerLine.model_validate(
        {
            "kind": "resolved",
            "at": resolution.resolved_at,
            **resolution.model_dump(include=same),
            **{name: _rounded(getattr(resolution, name), n) for name, n in numbers.items()},
            "bars": resolution.label,
            "reason": resolution.exit_reason,
            "anchor": anchor,
        }
    )


def _plan(scenario: Scenario) -> dict[str, Any]:
    same = {"setup", "side", "grade", "score", "entry_low", "entry_high", "stop"}
    return {
        **scenario.model_dump(include=same),
        "scenario_key": scenario.key,
        "trigger": _trigger(scenario.trigger),
        "targets": "; ".join(f"{target.price} x {target.fraction}" for target in scenario.targets),
    }


def _trigger(trigger: Trigger) -> str:
    parts = [f"{trigger.kind} {trigger.price}"]
    parts += [f"{trigger.bars} closes"] if trigger.bars > 1 else []
    parts += [f"volume {trigger.min_relative_volume}"] if trigger.min_relative_volume else []
    parts += ["met"] if trigger.is_met else []
    return ", ".join(parts)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
