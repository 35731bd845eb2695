"""Executions as the desk books them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from ib_async import Fill as Traded

from core.adapters.brokers.ibkr.known import LEGS, main_leg
from core.adapters.brokers.ibkr.record import Entry
from core.adapters.brokers.ibkr.refs import Part, client_order_id, parse_ref
from core.adapters.brokers.ibkr.sightings import from_ibkr, is_us_stock
from core.domain.feeds import Label
from core.domain.trading import Fill, FillLeg, OrderSide

SIDES = {"BOT": OrderSide.BUY, "SLD": OrderSide.SELL}
COMMISSION_WAIT = timedelta(seconds=30)

log = logging.getLogger(__name__)


def of_account(traded: Iterable[Traded], account: str) -> list[Traded]:
    """Return an account's trades of US stocks, oldest first."""
    own = [t for t in traded if is_us_stock(t.contract) and t.execution.acctNumber == account]
    return sorted(own, key=lambda t: (t.execution.time, t.execution.execId))


def key(traded: Traded) -> str:
    """Return what names the execution; a correction of it differs in the digits after the last dot.

    The first telling counts: a corrected price shows as a difference of cash.
    """
    return traded.execution.execId.rpartition(".")[0] or traded.execution.execId


def is_complete(traded: Traded, at: datetime) -> bool:
    """Tell whether its commission is known; one that never comes is not waited for for ever."""
    is_late = at - traded.execution.time > COMMISSION_WAIT
    return is_late or bool(traded.commissionReport.execId)


def name_of(traded: Traded) -> str:
    return client_order_id(traded.execution.orderRef, traded.execution.permId)


def to_fill(traded: Traded, entries: Mapping[str, Entry], client_id: int) -> Fill:
    """Return the fill. It is external unless this desk sent its order.

    fees: a rebate is no fee; it shows in the cash alone.
    """
    execution = traded.execution
    if not traded.commissionReport.execId:
        log.warning("IBKR told no commission of execution %s: booked without", execution.execId)
    name, part = name_of(traded), parse_ref(execution.orderRef)[1]
    is_ours = name in entries or (execution.orderRef and execution.clientId == client_id)
    leg = _leg(entries.get(name), part) if is_ours else FillLeg.EXTERNAL
    return Fill(
        fill_id=execution.execId,
        client_order_id=name,
        symbol=from_ibkr(traded.contract.symbol),
        side=SIDES[execution.side],
        leg=leg,
        quantity=Decimal(str(execution.shares)),
        price=Decimal(str(execution.price)),
        fees=max(Decimal(0), Decimal(str(traded.commissionReport.commission))),
        filled_at=execution.time.astimezone(UTC),
        label=Label.REAL,
    )


def _leg(entry: Entry | None, part: Part) -> FillLeg:
    if part is not Part.MAIN:
        return LEGS[part]
    return main_leg(entry.request) if entry else FillLeg.ENTRY
