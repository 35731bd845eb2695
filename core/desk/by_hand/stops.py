"""Move the stops of a holding to what its shares have cost."""

from __future__ import annotations

from decimal import Decimal

from core.desk.by_hand.effects import HandEffect
from core.desk.by_hand.hand import Hand, report, shares, silence
from core.domain.flow import EffectState
from core.domain.holdings import Holding
from core.domain.order_keys import breakeven_key, entry_of
from core.domain.orders import Order
from core.domain.views.positions import HandReport, Word
from core.errors import DomainError, InvalidTransitionError
from core.steps.stops import MoveStop, is_as_tight, stop_prices

REJECTED = frozenset({EffectState.REJECTED})


def price_of(hand: Hand, now: Holding) -> Decimal:
    """Return the price to which the stops may move.

    Raises: InvalidTransitionError if they are there, DomainError that says why they may not.
    """
    if now.is_at_break_even:
        raise InvalidTransitionError(f"the stop of {now.symbol} stands at {_prices(now)}")
    price, refusal = now.break_even, _refusal(hand, now)
    if price is None or refusal:
        raise DomainError(refusal or f"what {now.symbol} has cost is not known here")
    return price


def _refusal(hand: Hand, now: Holding) -> str:
    price, last = now.break_even, now.last
    if not hand.broker.capabilities().replace:
        return f"{hand.broker.name} cannot move a stop in place: move it there"
    if not now.stops:
        return f"no stop of {now.symbol} stands at the broker that could be moved"
    if last is None:
        return f"no price of {now.symbol} is known"
    if price is not None and now.sign * (Decimal(str(last)) - price) <= 0:
        return (
            f"{now.symbol} at {last:,.2f} has not got past its entry of {price:,.2f}: the stop "
            "would close it at once"
        )
    return ""


def move(hand: Hand, now: Holding, price: Decimal, word: Word) -> HandReport:
    """Move each stop that stands farther away."""
    failed = None
    for order in hand.broker.open_orders():
        is_own = entry_of(order.client_order_id) == now.entry_id
        if is_own and stop_prices(order) and not is_as_tight(order, price):
            failed = _move_one(hand, order, price, word) or failed
    heard = hand.look(word)
    after = hand.holdings.find(now)
    if heard.no_answer:
        return report(failed, silence(heard))
    if after is None:
        return report(failed, f"{now.symbol} of {now.owner} is flat.")
    where = f"stands at {_prices(after)}" if after.stops else "is not at the broker"
    told = f"The stop of {shares(after)} {where}."
    return report(failed, told, is_done=after.is_at_break_even)


def _move_one(hand: Hand, order: Order, price: Decimal, word: Word) -> HandReport | None:
    """Move the stop of one order, once to each price.

    The price is in the key: the rule's own move, to the plan's worst entry, is another one.
    """
    name = order.client_order_id
    key = hand.effects.next_key(f"{breakeven_key(name)}:{price}", REJECTED)
    before = hand.services.ledger.get(key)
    if before is not None and before.state is EffectState.DONE:
        raise InvalidTransitionError(
            f"the stop of {order.symbol} was moved to {price:,.2f} before, and somebody has moved "
            "it back: move it at the broker"
        )
    hand.teller(word).keep([order])  # where the stop stood before
    one = HandEffect(
        key=key,
        effect=MoveStop(hand.broker),
        request=hand.effects.request_of(key, {"client_order_id": name, "stop_price": str(price)}),
        order_id=name,
        symbol=order.symbol,
        what=f"move the stop to {price:,.2f}",
        quantity=order.quantity,
    )
    done = hand.effects.do(one, word)
    if isinstance(done, HandReport):
        return done
    hand.teller(word).keep([Order.model_validate((done.response or {})["order"])])
    return None


def _prices(holding: Holding) -> str:
    return " and ".join(f"{stop:,.2f}" for stop in dict.fromkeys(holding.stops))
