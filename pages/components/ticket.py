"""The order ticket: what goes out, what it risks, and what bound its size."""

from __future__ import annotations

from collections.abc import Iterator

import streamlit as st

from core.domain.flow import Approval
from core.domain.orders import OrderRequest
from core.domain.risk import SizeDecision
from core.domain.tactics import Tactic
from core.domain.views import Inbox, TacticDetail
from pages.components import badges, formatting
from pages.components.formatting import eastern, percent, prose, quantity, short, usd, words

Row = tuple[str, str]


def order_ticket(approval: Approval, about: Inbox) -> None:
    """Draw the whole order that an approval is bound to."""
    request = about.requests.get(approval.subject_id)
    if request is None:
        st.caption("The order is not in the store yet.")
        return
    size = about.sizes.get(approval.subject_id)
    rows = [*order_rows(request, about.tactics.get(approval.subject_id))]
    rows += size_rows(size, about.equity) if size else [("Size", "no sizing decision is stored")]
    rows.append(("Bound to", f"`{short(approval.content_sha256)}`"))
    table(rows, alt=f"Order ticket of {approval.subject_id}")


def table(rows: list[Row], *, alt: str) -> None:
    """Draw names and values; the values are Markdown."""
    names, values = zip(*rows, strict=True)
    st.table(
        {"Name": list(names), "Value": list(values)},
        border="horizontal", hide_header=True, hide_index=True, alt=alt,
    )  # fmt: skip


def order_rows(request: OrderRequest, tactic: Tactic | None) -> Iterator[Row]:
    what = f"{request.side.capitalize()} {quantity(request.quantity)} {request.symbol}"
    yield "Order", f"**{prose(what)}**, limit {usd(request.limit_price)}, {request.time_in_force}"
    yield from protection_rows(request)
    if tactic is not None and tactic.scenario is not None:
        plan = tactic.scenario
        yield "Entry zone", f"{usd(plan.entry_low)} to {usd(plan.entry_high)}"
        yield "Time limit", formatting.plural(plan.timebox_sessions, "session")


def protection_rows(request: OrderRequest) -> Iterator[Row]:
    if request.bracket is None or request.limit_price is None:
        return
    yield "Stop", usd(request.bracket.stop_price)
    unit = abs(request.limit_price - request.bracket.stop_price)
    for number, target in enumerate(request.bracket.take_profits, 1):
        reward = formatting.r(float(abs(target.price - request.limit_price) / unit))
        shares = quantity(target.quantity)
        yield f"Target {number}", f"{usd(target.price)} for {shares} shares, {reward}"


def size_rows(size: SizeDecision, equity: float | None = None) -> list[Row]:
    """Return the risk, what bound the size, and the ladder of limits."""
    share = f", {percent(size.risk_usd / equity, places=2)} of equity" if equity else ""
    rows = [
        ("Risk", f"**{usd(size.risk_usd)}**{share}"),
        ("Value", usd(size.notional_usd)),
        ("Size bound by", prose(size.reason_if_zero or words(size.binding))),
    ]
    for rung in size.ladder:
        mark = " **\u2190 binds**" if rung.name == size.binding else ""
        most = rung.state if rung.quantity is None else f"{rung.quantity:,.1f} {size.unit}s"
        rows.append((f"Limit: {words(rung.name)}", f"{most}: {prose(rung.detail)}{mark}"))
    return rows


def order_history(detail: TacticDetail) -> None:
    """Draw the order, its size, and the fills."""
    rows = [row for request in detail.requests for row in order_rows(request, detail.tactic)]
    rows += size_rows(detail.size) if detail.size else []
    rows += [
        ("State", f"{badges.inline(order.status)} {eastern(order.updated_at)}")
        for order in detail.orders
    ]
    rows += [
        (f"Fill, {words(fill.leg)}", f"{fill.side} {formatting.quantity(fill.quantity)} at "
         f"{formatting.usd(fill.price)}, {eastern(fill.filled_at)} {badges.inline(fill.label)}")
        for fill in detail.fills
    ]  # fmt: skip
    if rows:
        table(rows, alt="Order, size and fills")
    else:
        st.caption("No order and no sizing decision are stored for this tactic.")
