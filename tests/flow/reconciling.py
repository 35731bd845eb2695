"""A desk over a broker in memory: one plan of ten shares, sized, approved and asked for."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from core.adapters.alerts.log import LogAlerts
from core.desk.reconciliation import Reconciliations
from core.domain.flow import EffectRecord
from core.domain.lifecycle import TacticEventKind
from core.domain.orders import Bracket, OrderRequest, TakeProfit
from core.domain.reconciliation import OpenDifference
from core.domain.scenarios import Target
from core.domain.tactics import Tactic
from core.flow.catalog import Body, StepContext
from core.flow.database import open_database
from core.flow.effects import EffectLedger
from core.steps.order_effects import SubmitOrder
from core.storage.storage import Storage
from tests.flow.fake_broker import NOON, FakeBroker
from tests.storage import samples

DAY = date(2026, 11, 24)


class Wall:
    """The wall's clock, moved by hand."""

    is_replay = False

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at


@dataclasses.dataclass
class Rig:
    """A desk's services over a broker in memory; one tick is five minutes later."""

    services: Any
    broker: FakeBroker
    clock: Wall

    @property
    def storage(self) -> Any:
        return self.services.storage

    @property
    def page(self) -> Reconciliations:
        return Reconciliations(self.services)

    def step(self, body: Body, name: str = "tick") -> dict[str, Any]:
        context = StepContext(
            run_id=f"{name}@{self.clock.at:%H%M}", workflow_id="reconcile", node_id=name,
            as_of=self.clock.at, session_date=DAY, inputs={}, results={}, options={},
            services=self.services,
        )  # fmt: skip
        return body(context)

    def later(self, minutes: int = 5) -> None:
        self.clock.at += timedelta(minutes=minutes)

    def send(self, request: OrderRequest) -> EffectRecord:
        """Send an order as the order path does."""
        effect = SubmitOrder(self.broker, self.services.ledger, self.clock.at)
        body = request.model_dump(mode="json")
        return self.services.ledger.apply(request.client_order_id, effect, body)  # type: ignore[no-any-return]

    def open(self) -> list[OpenDifference]:
        found: list[OpenDifference] = self.storage.reconciliations.open_differences()
        return found

    def alerts(self, kind: str = "") -> list[str]:
        keys = [record.key for record in self.services.ledger.list()]
        return [key for key in keys if key.startswith(f"alert:{kind}")]

    def events(self, client_order_id: str) -> list[str]:
        return [one.kind.value for one in self.storage.order_events.of_order(client_order_id)]


@contextmanager
def rig_over(data_dir: Path) -> Iterator[Rig]:
    """The stores and the ledger of a desk, and of its other services what these steps touch."""
    storage = Storage(data_dir / "desk.duckdb")
    database = open_database(f"sqlite:///{data_dir / 'engine.sqlite'}")
    broker, clock = FakeBroker(), Wall()
    services = SimpleNamespace(
        storage=storage,
        ledger=EffectLedger(database, "test"),
        adapters=SimpleNamespace(broker=broker, alerts=LogAlerts(data_dir / "alerts.jsonl")),
        clock=clock,
    )
    try:
        yield Rig(services, broker, clock)
    finally:
        storage.close()
        database.dispose()


def plan(symbol: str = "AAPL") -> Tactic:
    """A long plan with two targets; after the first one its stop moves to the entry."""
    tactic = samples.tactic(symbol, DAY)
    [scenario] = tactic.scenarios
    targets = (Target(price=106.0, fraction=0.5), Target(price=108.0, fraction=0.5))
    changes = {"targets": targets, "breakeven_after_target": 1}
    return tactic.model_copy(update={"scenarios": (scenario.model_copy(update=changes),)})


def asked(rig: Rig, tactic: Tactic | None = None) -> OrderRequest:
    """Ask for the order of an approved plan, without sending it."""
    tactic = tactic or plan()
    request = samples.order_request(tactic).model_copy(
        update={
            "bracket": Bracket(
                stop_price=Decimal(101),
                take_profits=(
                    TakeProfit(price=Decimal(106), quantity=Decimal(5)),
                    TakeProfit(price=Decimal(108), quantity=Decimal(5)),
                ),
            )
        }
    )  # fmt: skip
    rig.storage.tactics.append(tactic)
    approved = samples.tactic_event(
        TacticEventKind.APPROVED, of=tactic, scenario_key=tactic.scenarios[0].key
    )
    rig.storage.tactics.append_events([*samples.life(of=tactic), approved])
    rig.storage.trading.append_request(request, tactic.tactic_id, tactic.version)
    return request
