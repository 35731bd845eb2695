"""A desk with guards over a broker in memory, or over the paper venue."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from core.domain.feeds import Label, Quote
from core.domain.guards import HaltDepth
from core.domain.orders import OrderRequest
from core.domain.risk import RiskPolicy
from core.domain.tactics import Tactic
from core.domain.trading import Account, FillLeg
from core.flow.catalog import Body, StepContext
from core.flow.database import open_database
from core.flow.desk_state import DeskState
from core.steps.guards import check, refusal
from core.storage.storage import Storage
from tests.contract.stubs.brokers_paper import OPEN, PaperVenue
from tests.flow.fake_broker import NOON, FakeBroker
from tests.flow.reconciling import DAY, Rig, asked, plan, rig_over
from tests.storage import samples

POLICY = RiskPolicy(version="test")
RUN = "halt_desk@flatten-20261124T170000Z"


class RichBroker(FakeBroker):
    """A broker whose account is worth what a test says."""

    worth = Decimal(100_000)

    def account(self) -> Account:
        return super().account().model_copy(update={"equity": self.worth})


@dataclasses.dataclass
class Guarded:
    """A rig whose steps have a state to tighten and a policy to keep."""

    rig: Rig
    broker: Any

    @property
    def services(self) -> Any:
        return self.rig.services

    @property
    def storage(self) -> Storage:
        found: Storage = self.rig.storage
        return found

    def check(self) -> dict[str, Any]:
        """Let five minutes pass, and look."""
        self.rig.later()
        return self.rig.step(check)

    def worth(self, equity: int) -> dict[str, Any]:
        self.broker.worth = Decimal(equity)
        return self.check()

    def refusal(self, tactic: Tactic, request: OrderRequest, **inputs: Any) -> str:
        return refusal(self.context("recheck", **inputs), request, tactic)

    def halting(self, body: Body, depth: HaltDepth, **results: Any) -> dict[str, Any]:
        """Do one step of the kill switch."""
        return body(self.context("halt", results=results, depth=depth.value))

    def context(self, node: str, results: Any = None, **inputs: Any) -> StepContext:
        return StepContext(
            run_id=RUN, workflow_id="halt_desk", node_id=node, as_of=self.rig.clock.at,
            session_date=DAY, inputs=inputs, results=results or {}, options={},
            services=self.services,
        )  # fmt: skip

    def quote(self, **changes: Any) -> None:
        values = {
            "symbol": "AAPL", "bid": 103.0, "ask": 103.1, "last": 103.05, "provider": "test",
            "quoted_at": self.rig.clock.at, "label": Label.REAL,
        }  # fmt: skip
        self.storage.quotes.append([Quote(**{**values, **changes})], self.rig.clock.at)


@contextmanager
def guarded(data_dir: Path) -> Iterator[Guarded]:
    with rig_over(data_dir) as rig:
        database = open_database(f"sqlite:///{data_dir / 'engine.sqlite'}")
        broker = RichBroker()
        rig.broker = rig.services.adapters.broker = broker
        rig.services.state = DeskState(database)
        rig.storage.policies.remember(POLICY, DAY)
        yield Guarded(rig, broker)
        database.dispose()


@contextmanager
def paper(data_dir: Path) -> Iterator[tuple[Guarded, PaperVenue]]:
    """The same desk over the paper venue, whose market a test moves."""
    with guarded(data_dir) as made:
        venue = PaperVenue(data_dir)
        made.broker = made.rig.broker = made.services.adapters.broker = venue.broker
        made.rig.clock.at = OPEN
        yield made, venue


def wanted(desk: Guarded, symbol: str = "AAPL") -> tuple[Tactic, OrderRequest]:
    """Return a plan and its approved order, which was not sent."""
    tactic = plan(symbol)
    return tactic, asked(desk.rig, tactic)


def lost(desk: Guarded, symbol: str, minutes_ago: float, price: str = "101") -> None:
    """Let a trade of ten shares, bought at 103, have ended before now."""
    tactic = samples.tactic(symbol, DAY)
    request = samples.order_request(tactic)
    desk.storage.trading.append_request(request, tactic.tactic_id, 1)
    closed_at = desk.rig.clock.at - timedelta(minutes=minutes_ago)
    opened_at = closed_at - timedelta(hours=1)
    way_in = samples.fill(tactic, price=Decimal(103), filled_at=opened_at)
    out = {"fill_id": f"{symbol}-out", "price": Decimal(price), "filled_at": closed_at}
    desk.storage.trading.append_fills([way_in, samples.fill(tactic, FillLeg.STOP, **out)])


__all__ = ["NOON", "Guarded", "guarded", "lost", "paper", "wanted"]
