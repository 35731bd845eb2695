"""Close a holding at the market: a tactic's with its protection, EXTERNAL by an order."""

from __future__ import annotations

from core.desk.by_hand.effects import HandEffect
from core.desk.by_hand.hand import Hand, report, shares, silence
from core.domain.flow import EffectState
from core.domain.holdings import Holding
from core.domain.orders import Order, OrderKind, OrderRequest, OrderStatus, Purpose
from core.domain.reconciliation import ReconciliationRun, plain
from core.domain.views.positions import HandReport, Word
from core.errors import InvalidTransitionError
from core.steps.order_effects import ClosePosition, SubmitOrder

WHAT = "flatten"
REASON = "the plan has ended"  # an effect has one content: the workflow asks in these words, too
MAY_BE_OUT = frozenset({EffectState.SENDING, EffectState.UNKNOWN})


def close(hand: Hand, now: Holding, word: Word) -> HandReport:
    """End the entry of a tactic with all that belongs to it."""
    asked = {"client_order_id": now.entry_id, "reason": REASON}
    one = HandEffect(
        key=now.close_id,
        effect=ClosePosition(hand.broker),
        request=hand.effects.request_of(now.close_id, asked),
        order_id=now.entry_id,
        symbol=now.symbol,
        what=WHAT,
        quantity=now.closable,
    )
    done = hand.effects.do(one, word)
    failed = done if isinstance(done, HandReport) else None
    heard = hand.look(word)
    after = hand.holdings.find(now)
    if heard.no_answer:
        return report(failed, silence(heard))
    if after is None:
        return report(failed, f"{now.symbol} of {now.owner} is flat.", is_done=True)
    return report(failed, f"The broker still holds {shares(after)} of {now.owner}.")


def sell(hand: Hand, now: Holding, word: Word) -> HandReport:
    """Send a market order for what is EXTERNAL; it may be another number after a refusal."""
    request = _request(hand, now)
    effect = SubmitOrder(hand.broker, hand.services.ledger, hand.services.clock.now())
    one = HandEffect(
        key=request.client_order_id,
        effect=effect,
        request=request.model_dump(mode="json"),
        order_id=request.client_order_id,
        symbol=now.symbol,
        what=WHAT,
        quantity=request.quantity,
    )
    done = hand.effects.do(one, word)
    failed = done if isinstance(done, HandReport) else None
    if not isinstance(done, HandReport):  # kept first: the comparison then knows whose it is
        hand.teller(word).keep([Order.model_validate((done.response or {})["order"])])
    heard = hand.look(word)
    return _told(failed, hand.views.last_told(request.client_order_id), heard)


def _request(hand: Hand, now: Holding) -> OrderRequest:
    """Return the order, the very same one where it was asked for before and surely is not out."""
    record = hand.services.ledger.get(now.close_id)
    if record is not None and record.state in MAY_BE_OUT:
        raise InvalidTransitionError(
            f"{now.close_id} may be at the broker: nobody could tell. Compare again, or settle it "
            "under Workflows"
        )
    if record is not None:
        return OrderRequest.model_validate(record.request)
    return OrderRequest(
        client_order_id=now.close_id,
        symbol=now.symbol,
        side=now.way_out,
        quantity=plain(now.closable),
        purpose=Purpose.EXIT,
        kind=OrderKind.MARKET,
    )


def _told(failed: HandReport | None, order: Order | None, heard: ReconciliationRun) -> HandReport:
    if order is None:
        return report(failed, silence(heard) if heard.no_answer else "")
    done, whole = plain(order.filled_quantity), plain(order.quantity)
    if order.status is OrderStatus.FILLED:
        price = f" at {order.average_fill_price:,.2f}" if order.average_fill_price else ""
        verb = "sold" if order.side.sign < 0 else "bought back"
        return report(failed, f"{whole} {order.symbol} {verb}{price}.", is_done=True)
    state = order.status.replace("_", " ")
    why = f", {order.reason}" if order.reason else ""
    told = f"The broker tells of the order: {state}, {done} of {whole} {order.symbol} filled{why}."
    return report(failed, told)
