"""The desk's commands as data in and data out, for the command line and for the running desk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from core.analysis.bar_files import Options
from core.desk import Desk
from core.domain.base import Frozen
from core.domain.guards import HaltDepth
from core.errors import ConfigurationError, NotFoundError

Arguments = dict[str, Any]
ACTOR = "command line"
WAIT_S = 300.0
EFFECT_FIELDS = {"key", "target", "state", "external_id", "attempt", "note"}
APPROVAL_FIELDS = {"approval_id", "kind", "subject_id", "content_sha256", "expires_at", "title"}
RUN_FIELDS = {"run_id", "workflow", "status", "started_at", "ended_at"}


@dataclass(frozen=True)
class Command:
    """What to call, and whether workflows must be able to run while it is called."""

    body: Callable[[Desk, Arguments], Any]
    needs_engine: bool = False


def execute(desk: Desk, name: str, arguments: Arguments) -> Any:
    """Run one command and return what prints as JSON.

    Raises: AppError with one clear line.
    """
    if name not in COMMANDS:
        raise NotFoundError(f"there is no command {name!r}")
    return _plain(COMMANDS[name].body(desk, arguments))


def _plain(result: Any) -> Any:
    if isinstance(result, Frozen):
        return result.model_dump(mode="json")
    if isinstance(result, list | tuple):
        return [_plain(item) for item in result]
    return result


def run(desk: Desk, arguments: Arguments) -> Any:
    day = date.fromisoformat(arguments["date"]) if arguments.get("date") else None
    run_id = desk.runs.start(arguments["workflow"], day)
    return desk.runs.wait(run_id, WAIT_S) if arguments.get("wait") else desk.runs.report(run_id)


def runs(desk: Desk, arguments: Arguments) -> Any:
    recent = desk.runs.recent(int(arguments.get("limit") or 50))
    return [row.model_dump(mode="json", include=RUN_FIELDS) for row in recent]


def validate_workflows(desk: Desk, _arguments: Arguments) -> Any:
    errors = desk.runs.file_errors()
    if errors:
        raise ConfigurationError("\n".join(str(error) for error in errors))
    known = desk.runs.workflows().values()
    return [{"workflow": w.id, "version": w.version, "nodes": len(w.nodes)} for w in known]


def pending(desk: Desk, _arguments: Arguments) -> Any:
    waiting = desk.decisions.pending()
    return [a.model_dump(mode="json", include=APPROVAL_FIELDS) for a in waiting]


def approve(desk: Desk, arguments: Arguments) -> Any:
    report = desk.decisions.approve(arguments["approval_id"], _actor(arguments))
    desk.runs.wait(report.run_id, WAIT_S)
    return report


def reject(desk: Desk, arguments: Arguments) -> Any:
    report = desk.decisions.reject(
        arguments["approval_id"], _actor(arguments), arguments.get("reason") or ""
    )
    desk.runs.wait(report.run_id, WAIT_S)
    return report


def halt(desk: Desk, arguments: Arguments) -> Any:
    """Halt at once; the engine is started behind it, so that nothing goes out in between."""
    depth = HaltDepth(arguments.get("depth") or HaltDepth.STOP_ENTRIES)
    pressed = desk.controls.halt(arguments.get("reason") or "", _actor(arguments), depth)
    if pressed.run_id:
        desk.start_engine()
        desk.runs.wait(pressed.run_id, WAIT_S)
    return _switch(desk)


def resume(desk: Desk, arguments: Arguments) -> Any:
    desk.controls.resume(arguments.get("reason") or "", _actor(arguments))
    return _switch(desk)


def _switch(desk: Desk) -> Any:
    """Return the state of the switch; `left` is what the kill switch could not clear."""
    found = desk.controls.switch()
    told: dict[str, Any] = {"trading": found.switch.state, "reason": found.switch.reason}
    if found.halt is not None:
        told |= {"depth": found.halt.depth, "run": found.run or "none"}
    if found.outcome is not None:
        told |= found.outcome.model_dump(
            mode="json", include={"cancelled", "closed", "left", "is_suspended"}
        )
    return told


def doctor(desk: Desk, _arguments: Arguments) -> Any:
    return desk.connections.doctor()


def effects(desk: Desk, arguments: Arguments) -> Any:
    chosen = (
        desk.decisions.parked_effects() if arguments.get("parked") else desk.decisions.effects()
    )
    return [record.model_dump(mode="json", include=EFFECT_FIELDS) for record in chosen]


def resolve_effect(desk: Desk, arguments: Arguments) -> Any:
    key, external_id = arguments["key"], arguments.get("external_id")
    if external_id:
        record = desk.decisions.settle_as_done(key, external_id, _actor(arguments))
    else:
        record = desk.decisions.settle_as_absent(key, _actor(arguments))
    return record.model_dump(mode="json", include=EFFECT_FIELDS)


def verify(desk: Desk, _arguments: Arguments) -> Any:
    """Recompute the audit chain, and the public ledger that is made of its rows."""
    chain = desk.controls.verify()
    ledger = desk.track_record.ledger_head() if chain.ok else None
    return {**chain.model_dump(mode="json"), "ledger": _plain(ledger)}


def backup(desk: Desk, arguments: Arguments) -> Any:
    return {"files": [path.name for path in desk.controls.backup(Path(arguments["folder"]))]}


def export(desk: Desk, arguments: Arguments) -> Any:
    """Write the public ledger; `folder` is absolute, whoever runs this."""
    head = desk.track_record.export(Path(arguments["folder"]))
    return {"folder": arguments["folder"], **head.model_dump(mode="json")}


def snapshot(desk: Desk, arguments: Arguments) -> Any:
    """Make the snapshot of a symbol as of a moment anew; the same moment gives the same id."""
    moment = datetime.fromisoformat(arguments["as_of"])
    taken = desk.market.snapshot_as_of(arguments["symbol"].upper(), moment)
    return {"snapshot_id": taken.snapshot_id, **taken.model_dump(mode="json")}


def import_file(desk: Desk, arguments: Arguments) -> Any:
    """Import bars or a broker's history; `path` is absolute, whoever runs this."""
    path, dry_run, actor = (
        Path(arguments["path"]),
        bool(arguments.get("dry_run")),
        _actor(arguments),
    )
    if arguments["what"] == "robinhood":
        account = arguments.get("account") or "robinhood"
        return desk.imports.robinhood(path, account, dry_run=dry_run, actor=actor)
    options = Options(
        symbol=arguments.get("symbol") or "",
        time_zone=arguments.get("timezone") or "",
        decimal=arguments.get("decimal") or "",
    )
    return desk.imports.bars(path, options, dry_run=dry_run, actor=actor)


def next_session(desk: Desk, _arguments: Arguments) -> Any:
    """Press the demo's button; without a running desk the session is replayed right here."""
    if not desk.is_demo:
        raise ConfigurationError("there is no next session to press outside the demo")
    return {"advanced": desk.replay.next_session()}


def _actor(arguments: Arguments) -> str:
    return str(arguments.get("actor") or ACTOR)


COMMANDS: dict[str, Command] = {
    "run": Command(run, needs_engine=True),
    "runs": Command(runs),
    "workflows": Command(validate_workflows),
    "pending": Command(pending),
    "approve": Command(approve, needs_engine=True),
    "reject": Command(reject, needs_engine=True),
    "halt": Command(halt),
    "resume": Command(resume),
    "doctor": Command(doctor),
    "effects": Command(effects),
    "resolve-effect": Command(resolve_effect),
    "verify": Command(verify),
    "backup": Command(backup),
    "import": Command(import_file),
    "export": Command(export),
    "snapshot": Command(snapshot),
    "next": Command(next_session, needs_engine=True),
}
