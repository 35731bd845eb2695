"""The command line: `python -m core COMMAND …`."""

from __future__ import annotations

import argparse
import getpass
import json
import logging
import os
import signal
import sys
import threading
from datetime import date, datetime
from pathlib import Path
from typing import Any

from core import bootstrap
from core.commands import COMMANDS, Arguments, execute
from core.errors import AppError, StoreLockedError
from core.restore import restore
from core.settings import ROOT, Settings, load
from core.web.passwords import hash_password
from core.web.remote import ask

NOT_SENT = {"command", "json", "action"}


def main(argv: list[str] | None = None) -> int:
    """Return 0 when done, 1 when refused or failed; wrong usage exits with 2."""
    options = _parser().parse_args(argv)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
    logging.getLogger().handlers[0].setLevel(logging.WARNING)  # a run's own log holds more
    try:
        result = _run(options)
    except AppError as error:
        _print_error(str(error), options)
        return 1
    _print(result, options)
    return 0


def _run(options: argparse.Namespace) -> Any:
    special = {"hash-password": _hash_password, "serve": _serve, "worker": _worker}
    if options.command in special:
        return special[options.command](options)
    settings = load()
    if options.command == "restore":
        return restore(settings, Path(options.folder))
    name = options.command
    if name == "effects" and options.action == "resolve":
        name = "resolve-effect"
    arguments = {k: v for k, v in vars(options).items() if k not in NOT_SENT and v is not None}
    return _here_or_there(settings, name, arguments)


def _here_or_there(settings: Settings, name: str, arguments: Arguments) -> Any:
    """Execute in this process, or in the desk that already runs on this data folder."""
    try:
        desk = bootstrap.build(settings)
    except StoreLockedError:
        return ask(settings, name, arguments)
    try:
        if COMMANDS[name].needs_engine:
            desk.start_engine()
        return execute(desk, name, arguments)
    finally:
        desk.close()


def _hash_password(_options: argparse.Namespace) -> Any:
    password = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline()
    return hash_password(password.rstrip("\n"))


def _serve(_options: argparse.Namespace) -> Any:
    settings = load()
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py")]
    os.chdir(ROOT)
    os.execv(sys.executable, [*command, "--server.port", str(settings.port)])  # noqa: S606


def _worker(_options: argparse.Namespace) -> Any:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    engine = bootstrap.build_worker(load())
    engine.start()
    print(f"worker {os.getpid()} is up", file=sys.stderr, flush=True)  # noqa: T201
    stop.wait()
    engine.close()
    return {"worker": "stopped"}


def _print(result: Any, options: argparse.Namespace) -> None:
    if getattr(options, "json", False):
        text = json.dumps(result)
    elif isinstance(result, str):
        text = result
    else:
        text = json.dumps(result, indent=2)
    print(text)  # noqa: T201


def _print_error(message: str, options: argparse.Namespace) -> None:
    if getattr(options, "json", False):
        print(json.dumps({"error": message}))  # noqa: T201
    print(message, file=sys.stderr)  # noqa: T201


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m core", description="The desk, from the shell.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--json", action="store_true", help="print one JSON document")
        return command

    add("serve", "Serve the desk.")
    add("hash-password", "Print a hash for CONVERGENCE_PASSWORD_HASH; reads the password.")
    add("worker", "Run a worker process (PostgreSQL only).")
    _add_run_commands(add)
    _add_decision_commands(add)
    _add_store_commands(add)
    _add_import_command(add)
    _add_export_command(add)
    _add_snapshot_command(add)
    return parser


def _add_run_commands(add: Any) -> None:
    run = add("run", "Start a workflow for a session.")
    run.add_argument("workflow")
    run.add_argument("--date", help="the session, YYYY-MM-DD (default: today's)", type=_date)
    run.add_argument("--wait", action="store_true", help="wait until it has ended")
    runs = add("runs", "List the newest runs.")
    runs.add_argument("--limit", type=int, default=50)
    workflows = add("workflows", "Check the workflow files.")
    workflows.add_argument("action", choices=["validate"])
    add("next", "Replay the demo's next session.")


def _add_decision_commands(add: Any) -> None:
    add("pending", "List the approvals that wait.")
    add("approve", "Approve once.").add_argument("approval_id")
    reject = add("reject", "Reject once.")
    reject.add_argument("approval_id")
    reject.add_argument("--reason", required=True)
    _add_switch_commands(add)
    effects = add("effects", "List effects, or settle a parked one: effects resolve KEY.")
    effects.add_argument("action", nargs="?", choices=["resolve"])
    effects.add_argument("key", nargs="?")
    effects.add_argument("--parked", action="store_true")
    effects.add_argument("--external-id", help="it happened, and this is its id; else it did not")


def _add_switch_commands(add: Any) -> None:
    halt = add(
        "halt", "Let no new order out, at once; by itself it leaves what works at the broker."
    )
    halt.add_argument("--reason", required=True)
    depth = halt.add_mutually_exclusive_group()
    for name, text in (("cancel", "cancel the open entries"), ("flatten", "close all positions")):
        depth.add_argument(f"--{name}", dest="depth", action="store_const", const=name, help=text)
    add("resume", "Let entries out again.").add_argument("--reason", required=True)


def _add_store_commands(add: Any) -> None:
    add("doctor", "Ask every adapter how it is.")
    add("verify", "Recompute the hash chain of the ledger.")
    add("backup", "Copy both stores into a folder.").add_argument("folder")
    add("restore", "Put a backup in place of the stores.").add_argument("folder")


def _add_import_command(add: Any) -> None:
    importing = add("import", "Import bars (CSV, Parquet, LEAN) or a broker's account history.")
    importing.add_argument("what", choices=["bars", "robinhood"])
    importing.add_argument("path", type=_absolute, metavar="FILE")
    importing.add_argument("--dry-run", action="store_true", help="only say what it understood")
    importing.add_argument("--symbol", help="bars: of which symbol, if the file does not say")
    importing.add_argument(
        "--timezone", help="bars: of times without one, such as America/New_York"
    )
    importing.add_argument("--decimal", choices=[".", ","], help="bars: where it is not clear")
    importing.add_argument("--account", help="robinhood: a name, if there are several accounts")


def _add_export_command(add: Any) -> None:
    exporting = add("export", "Write the public ledger, with a script that verifies it.")
    exporting.add_argument("what", choices=["ledger"])
    exporting.add_argument("folder", type=_absolute, metavar="DIR")


def _add_snapshot_command(add: Any) -> None:
    asking = add("snapshot", "Show what was known of a symbol at a moment.")
    asking.add_argument("symbol")
    asking.add_argument(
        "--as-of", required=True, type=_moment, help="such as 2023-06-15T08:15-04:00"
    )


def _moment(text: str) -> str:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("the moment needs a time zone")
    return moment.isoformat()


def _absolute(text: str) -> str:
    return str(Path(text).resolve())


def _date(text: str) -> str:
    return date.fromisoformat(text).isoformat()


if __name__ == "__main__":
    sys.exit(main())
