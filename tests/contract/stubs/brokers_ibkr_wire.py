"""TWS's text protocol, server version 178, from the gateway's side: frames and messages.

A frame is a length of four bytes and fields that each end with a NUL. What stands where was taken
from the decoder and the encoder of ib_async 2.1.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

SERVER_VERSION = 178
EXCHANGE, CURRENCY = "SMART", "USD"

CONTRACT = (
    "conId symbol secType lastTrade strike right multiplier exchange currency localSymbol class"
)
PRICES = "action totalQuantity orderType lmtPrice auxPrice tif ocaGroup account openClose origin"
COMBO = "legs orderLegs params scaleInit scaleSubs scaleIncrement hedgeType"
TAIL = "minTradeQty minCompete offsetBest offsetWhole offsetHalf"
OPEN_ORDER = f"""
 orderId {CONTRACT} {PRICES} orderRef clientId permId outsideRth hidden discretionary goodAfter
 shares faGroup faMethod faPercentage modelCode goodTill rule80A percentOffset settlingFirm
 shortSlot shortLocation exemptCode auction startingPrice stockRefPrice delta lower upper
 displaySize blockOrder sweepToFill allOrNone minQty ocaType eTradeOnly firmQuoteOnly nbboCap
 parentId triggerMethod volatility volatilityType neutralType neutralAux continuous referenceType
 trailStopPrice trailingPercent basisPoints basisPointsType comboDescription {COMBO} optOutSmart
 clearingAccount clearingIntent notHeld neutralPresent algoStrategy solicited whatIf status
 initBefore maintBefore equityBefore initChange maintChange equityChange initAfter maintAfter
 equityAfter commission minCommission maxCommission commissionCurrency warning randomSize
 randomPrice conditions adjustedType triggerPrice trailStopPrice lmtOffset adjustedStop
 adjustedLimit adjustedTrailing adjustableUnit tierName tierValue tierDisplay cashQty noAutoPrice
 isOms discretionaryUp usePriceMgmt duration postToAts autoCancelParent {TAIL}
"""
COMPLETED_ORDER = f"""
 {CONTRACT} {PRICES} orderRef permId outsideRth hidden discretionary goodAfter faGroup faMethod
 faPercentage modelCode goodTill rule80A percentOffset settlingFirm shortSlot shortLocation
 exemptCode startingPrice stockRefPrice delta lower upper displaySize sweepToFill allOrNone minQty
 ocaType triggerMethod volatility volatilityType neutralType neutralAux continuous referenceType
 trailStopPrice trailingPercent comboDescription {COMBO} clearingAccount clearingIntent notHeld
 neutralPresent algoStrategy solicited status randomSize randomPrice conditions trailStopPrice
 lmtOffset cashQty noAutoPrice isOms autoCancelDate filledQuantity refFutures autoCancelParent
 shareholder imbalanceOnly routeToBbo parentPermId completedTime completedStatus {TAIL}
"""
ZEROS = dict.fromkeys(("legs", "orderLegs", "params", "neutralPresent", "conditions"), 0)

Fields = Sequence[Any]


def frame(fields: Iterable[Any]) -> bytes:
    body = "".join(f"{_text(field)}\0" for field in fields).encode()
    return len(body).to_bytes(4, "big") + body


def split_frames(data: bytes) -> tuple[list[list[str]], bytes]:
    """Return the complete frames of `data`, each as its fields, and what is left."""
    frames: list[list[str]] = []
    while len(data) >= 4 and len(data) >= (end := 4 + int.from_bytes(data[:4], "big")):
        frames.append(data[4:end].decode().split("\0")[:-1])
        data = data[end:]
    return frames, data


def error(number: int, code: int, message: str) -> Fields:
    return [4, 2, number, code, message, ""]


def contract_fields(con_id: int, symbol: str) -> dict[str, Any]:
    return {
        "conId": con_id, "symbol": symbol, "secType": "STK", "exchange": EXCHANGE,
        "currency": CURRENCY, "localSymbol": symbol, "class": "NMS",
    }  # fmt: skip


def open_order(content: Mapping[str, Any]) -> Fields:
    return [5, *_listed(OPEN_ORDER, content)]


def completed_order(content: Mapping[str, Any]) -> Fields:
    return [101, *_listed(COMPLETED_ORDER, content)]


def contract_details(request_id: str, con_id: int, symbol: str) -> Fields:
    head = [10, request_id, symbol, "STK", "", 0, "", EXCHANGE, CURRENCY, symbol, "NMS", "NMS"]
    middle = [
        con_id,
        "0.01",
        "",
        "LMT,MKT,STP",
        EXCHANGE,
        1,
        0,
        f"{symbol} INC",
        "NASDAQ",
        "",
        "",
        "",
        "",
    ]
    hours = ["US/Eastern", "", "", "", "", 0]
    tail = [1, "", "", "26", "", "COMMON", 1, 1, 100]
    return [*head, *middle, *hours, *tail]


def positions(
    account: str, held: Iterable[tuple[dict[str, Any], Decimal, Decimal]]
) -> list[Fields]:
    """Encode what is held: contract, shares, average cost."""
    rows = [[61, 3, account, *_listed(CONTRACT, c), shares, cost] for c, shares, cost in held]
    return [*rows, [62, 1]]


def portfolio(
    account: str, contract: Mapping[str, Any], shares: Decimal, price: Decimal, cost: Decimal
) -> Fields:
    value, gain = shares * price, shares * (price - cost)
    return [7, 8, *_listed(CONTRACT, contract), shares, price, value, cost, gain, 0, account]


@dataclass(frozen=True)
class PlaceOrder:
    """What is read of a placeOrder. Numbers that are not set are None."""

    order_id: int
    symbol: str
    action: str
    quantity: Decimal
    kind: str
    limit_price: Decimal | None
    aux_price: Decimal | None
    tif: str
    oca_group: str
    account: str
    ref: str
    transmit: bool
    parent_id: int
    trailing_percent: Decimal | None

    @classmethod
    def parse(cls, fields: Sequence[str]) -> PlaceOrder:
        return cls(
            order_id=int(fields[1]),
            symbol=fields[3],
            action=fields[16],
            quantity=Decimal(fields[17]),
            kind=fields[18],
            limit_price=_number(fields[19]),
            aux_price=_number(fields[20]),
            tif=fields[21],
            oca_group=fields[22],
            account=fields[23],
            ref=fields[26],
            transmit=fields[27] == "1",
            parent_id=int(fields[28] or 0),
            trailing_percent=_number(fields[69]),
        )


def _listed(names: str, content: Mapping[str, Any]) -> list[Any]:
    return [content.get(name, ZEROS.get(name, "")) for name in names.split()]


def _text(field: Any) -> str:
    if field is None:
        return ""
    return str(int(field)) if isinstance(field, bool) else str(field)


def _number(text: str) -> Decimal | None:
    return Decimal(text) if text and Decimal(text) else None
