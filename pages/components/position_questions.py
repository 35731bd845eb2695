"""What the operator is asked before a position is closed, a stop moved, an order cancelled."""

from __future__ import annotations

from functools import partial

from core import bootstrap
from core.domain.discipline import Friction
from core.domain.holdings import Holding
from core.domain.orders import Order
from core.domain.views.positions import HandAction
from pages.components.formatting import prose, quantity, r, usd, words
from pages.components.position_dialogs import Question, friction_for


def flatten_question(holding: Holding) -> Question:
    """Ask before a holding is closed."""
    what = f"{quantity(holding.closable)} {prose(holding.symbol)}"
    how = (
        f"A market order to {holding.way_out} **{what}** goes out as `{holding.close_id}`. It is "
        "held beside the desk: no plan and no stop of the desk belongs to it."
        if holding.is_external
        else f"The entry of **{prose(holding.owner)}** ends: what of it still waits is cancelled, "
        f"stop and targets too, and **{what}** are closed at the market."
    )
    return Question(
        title=f"Flatten {holding.symbol}",
        icon=":material/logout:",
        text=f"{how}  \nOpen profit and loss now: {so_far(holding)}.",
        yes="Flatten now",
        act=partial(bootstrap.desk().positions.flatten, holding),
        friction=_friction(HandAction.FLATTEN, holding),
    )


def so_far(holding: Holding) -> str:
    in_r = f", {r(holding.open_r)}" if holding.open_r is not None else ""
    return f"{usd(holding.unrealized_pnl, signed=True)}{in_r}"


def break_even_question(holding: Holding) -> Question:
    """Ask before a stop is moved."""
    stops = " and ".join(usd(stop) for stop in dict.fromkeys(holding.stops))
    return Question(
        title=f"Stop of {holding.symbol} to break-even",
        icon=":material/balance:",
        text=f"The stop moves from {stops} to **{usd(holding.break_even)}**, what the shares "
        f"have cost on average. It only tightens. The market was at {usd(holding.last)}.",
        yes="Move the stop",
        act=partial(bootstrap.desk().positions.break_even, holding),
        friction=_friction(HandAction.BREAK_EVEN, holding),
    )


def _friction(action: HandAction, holding: Holding) -> Friction | None:
    return None if holding.is_external else friction_for(action, holding.owner)


def cancel_question(order: Order) -> Question:
    """Ask before an order is cancelled."""
    name, left = order.client_order_id, order.quantity - order.filled_quantity
    asked = bootstrap.desk().positions.order(name)
    kept = " What has filled stays protected." if order.filled_quantity else ""
    is_skipped = asked.tactic_id and not order.filled_quantity
    return Question(
        title=f"Cancel the order of {order.symbol}",
        icon=":material/close:",
        text=f"**{quantity(left)} {prose(order.symbol)}** of {in_words(order)} are cancelled."
        f"{kept}  \n:small[:gray[{prose(name)}]]",
        yes="Cancel the order",
        act=partial(bootstrap.desk().positions.cancel, name),
        friction=friction_for(HandAction.CANCEL, asked.tactic_id) if is_skipped else None,
    )


def in_words(order: Order) -> str:
    """Say what an order asks for and how far it has come."""
    price = order.limit_price or order.stop_price
    at = f" at {usd(price)}" if price is not None else ""
    done = f", {quantity(order.filled_quantity)} filled" if order.filled_quantity else ""
    return f"{quantity(order.quantity)} {words(order.kind)}{at}{done}"
