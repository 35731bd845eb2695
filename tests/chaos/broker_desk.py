"""A desk that trades and dies: `python -m tests.chaos.broker_desk WORLD SESSION MOST SEED`.

It is the real desk, as its environment says, with an operator who approves one plan after another
as symbols become free, MOST of them in this life. With the last of all plans decided the world is
told to be calm, and the desk reconciles until nothing changes any more.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import urllib.request
from datetime import date
from pathlib import Path
from typing import Any

import requests

from core import bootstrap
from core.adapters.brokers import alpaca
from core.adapters.brokers.alpaca import client
from core.adapters.brokers.alpaca.client import Timeouts
from core.desk import Desk
from core.domain.flow import Approval, ApprovalState, RunState
from core.domain.lifecycle import TacticEventKind
from core.domain.order_keys import entry_key
from core.domain.orders import OrderRequest
from core.domain.resolutions import Outcome
from core.replay import run_inputs
from core.settings import Settings
from core.steps.order_effects import MAY_BE_OUT, SubmitOrder
from tests import ready_plans
from tests.chaos.broker_world import SYMBOLS
from tests.storage import samples

ORDERS = 200
KILL_SHARE = 0.006  # at each of two moments of each write to the broker
IMPATIENT = Timeouts(connect=1, read=0.7, answer=3, settle=2, pause=0.02)
LOOK_EVERY_S, PAUSE_S = 4.0, 0.1
LOOKS = 40
CHEAP, DEAR = ready_plans.STOP, ready_plans.ENTRY + 5  # beyond, a plan is out of reach


class World:
    """What the operator sees of the market."""

    def __init__(self, addresses: dict[str, str]) -> None:
        self._url = addresses["url"]

    def ask(self, what: str) -> Any:
        with urllib.request.urlopen(f"{self._url}/chaos/{what}", timeout=30) as answer:
            return json.loads(answer.read())


class Operator:
    """Approves the plans in their order, one of a symbol at a time."""

    def __init__(self, desk: Desk, world: World, session_date: date) -> None:
        self._desk, self._services, self._world = desk, desk._services, world
        self._day = session_date
        self._look_at = time.monotonic() + LOOK_EVERY_S
        decided = {approval.subject_id for approval in approved(desk)}
        self._waiting = [n for n in range(ORDERS) if self._id(n) not in decided]

    def work(self, most: int) -> bool:
        """Approve as many; tell whether all plans are decided and their runs have ended."""
        last = max(0, len(self._waiting) - most)
        while len(self._waiting) > last:
            self._look_now_and_then()
            for number in self._first_of_each_symbol()[: len(self._waiting) - last]:
                self._try(number)
            time.sleep(PAUSE_S)
        return not self._waiting and self._desk.runs._control.wait_idle(90)

    def _look_now_and_then(self) -> None:
        """Reconcile as the clock would, which has no session to keep at every hour of a test."""
        looks = self._desk.runs.recent(1, "reconcile")
        if time.monotonic() > self._look_at and not any(look.status.is_open for look in looks):
            self._desk.runs._control.start("reconcile", run_inputs(self._desk.clock.now()))
            self._look_at = time.monotonic() + LOOK_EVERY_S

    def _first_of_each_symbol(self) -> list[int]:
        first: dict[str, int] = {}
        for number in self._waiting:
            first.setdefault(symbol_of(number), number)
        return [number for symbol, number in first.items() if not self._doubt(symbol)]

    def _doubt(self, symbol: str) -> str:
        """Say why nobody who looks at the page Positions would approve now."""
        return self._services.storage.reconciliations.standing().refusal(symbol, None)

    def _try(self, number: int) -> None:
        """Approve a plan if the one before it has ended, and its price is in reach."""
        before = number - len(SYMBOLS)
        if before >= 0 and not self._is_settled(before):
            return
        price = self._world.ask("free").get(symbol_of(number))
        if price is not None and CHEAP < price < DEAR:
            if before >= 0:
                self._close(before)
            self._approve(number, price)

    def _is_settled(self, number: int) -> bool:
        """Tell whether a plan's run has ended, and all is known of its order."""
        plan = self._services.storage.tactics.get(self._id(number))
        approval = ready_plans.ask(self._services, plan)
        record = self._services.ledger.get(entry_key(plan))
        is_known = record is None or record.state not in MAY_BE_OUT
        return is_known and not self._run_of(approval).is_open

    def _run_of(self, approval: Approval) -> RunState:
        return self._desk.runs.status(str(approval.follow_up_run_id)).status

    def _close(self, number: int) -> None:
        """Let a plan take no more of the book."""
        storage = self._services.storage
        plan = storage.tactics.get(self._id(number))
        if storage.tactics.resolution(plan.tactic_id) is None:
            result = samples.resolution(of=plan, outcome=Outcome.NEVER_TRIGGERED)
            kind, key = TacticEventKind.NEVER_TRIGGERED, plan.scenarios[0].key
            ended = samples.tactic_event(kind, of=plan, scenario_key=key)
            storage.tactics.append_resolution(result, [ended])

    def _approve(self, number: int, price: float) -> None:
        """Ask for a plan and approve it; half of the plans have two targets, which are split."""
        symbol, targets = symbol_of(number), ready_plans.TARGETS[: 1 + number % 2]
        plan = ready_plans.stored_plan(
            self._services.storage, symbol, self._day, f"N{number:03}", targets
        )
        approval = ready_plans.ask(self._services, plan)
        ready_plans.quote(self._services, symbol, price)
        self._desk.decisions.approve(approval.approval_id, "chaos")
        self._waiting.remove(number)

    def _id(self, number: int) -> str:
        return ready_plans.tactic_id(symbol_of(number), self._day, f"N{number:03}")


def symbol_of(number: int) -> str:
    return SYMBOLS[number % len(SYMBOLS)]


def approved(desk: Desk) -> list[Approval]:
    return desk._services.approvals.list(ApprovalState.APPROVED, limit=ORDERS + 1)


def settle(desk: Desk, world: World) -> None:
    """Reconcile in calm weather until two looks in a row find nothing to do."""
    world.ask("calm")
    quiet = 0
    for _ in range(LOOKS):
        world.ask("tick")
        quiet = quiet + 1 if _is_quiet(desk) else 0
        if quiet == 2:
            return
        time.sleep(1.0)


def _is_quiet(desk: Desk) -> bool:
    run_id = desk.runs._control.start("reconcile", run_inputs(desk.clock.now()))
    report = desk.runs.wait(run_id)
    done = {step.id: step.output or {} for step in desk.runs.steps(run_id)}
    assert report.status == "succeeded", report.error
    is_agreed = not done["compare"].get("differences") and done["compare"].get("is_heard")
    protection = done["protect"]
    is_safe = protection.get("is_steady") and not protection["naked"] + protection["cancelled"]
    still = not done["look_up"].get("settled") and not done["stops"].get("moved")
    return bool(is_agreed and is_safe and still and not desk.decisions.parked_effects())


def die_at_writes(dice: random.Random) -> None:
    """Let the process kill itself right before and right after writes to the broker."""
    send = client.Bounded.send

    def maybe_die(request: requests.PreparedRequest) -> None:
        if request.method != "GET" and dice.random() < KILL_SHARE:
            os.kill(os.getpid(), signal.SIGKILL)

    def dangerous(self: Any, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        maybe_die(request)
        answer = send(self, request, *args, **kwargs)
        maybe_die(request)
        return answer

    client.Bounded.send = dangerous  # type: ignore[method-assign]


def forget_to_look() -> None:
    """Make a desk that looks nothing up, and sends each try under another name.

    It is what the suite must be able to find out; nothing of it is in the product.
    """

    def send(self: SubmitOrder, key: str, request: dict[str, Any]) -> dict[str, Any]:
        asked = OrderRequest.model_validate(request)
        another = asked.model_copy(update={"client_order_id": f"{key}~{time.monotonic_ns()}"})
        order = self.broker.submit(another, self.submitted_at)
        return {"external_id": order.venue_order_id, "order": order.model_dump(mode="json")}

    SubmitOrder.send = send  # type: ignore[method-assign]
    SubmitOrder.find = lambda *_: None  # type: ignore[method-assign]


def lead_to(addresses: dict[str, str]) -> None:
    """Build the broker for a stub whose stream has an address of its own, with little patience."""

    def create(settings: Settings) -> alpaca.AlpacaBroker:
        keys = settings.alpaca_key_id.get_secret_value(), settings.alpaca_secret_key
        pair = keys[0], keys[1].get_secret_value()
        stream = addresses["stream"]
        return alpaca.AlpacaBroker(pair, addresses["url"], stream_url=stream, timeouts=IMPATIENT)

    alpaca.create = create


def main(world_file: Path, session_date: date, most: int, seed: int) -> None:
    addresses = json.loads(world_file.read_text())
    lead_to(addresses)
    if os.environ.get("CHAOS_WITHOUT_LOOK_UP"):
        forget_to_look()
    is_last = most >= ORDERS
    if not is_last:
        die_at_writes(random.Random(seed))
    world, settings = World(addresses), Settings(_env_file=None)
    desk = bootstrap.build(settings)
    desk.start()
    if Operator(desk, world, session_date).work(most):
        settle(desk, world)
        desk.close()
        (settings.data_dir / "done").touch()
        return
    signal.pause()  # until it is killed


if __name__ == "__main__":
    main(Path(sys.argv[1]), date.fromisoformat(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
