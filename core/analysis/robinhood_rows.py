"""One row of a broker's file to the fields of its activities, or the reason why not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from core.analysis.bar_files.symbols import one_canonical
from core.domain.imports import OPTION_MULTIPLIER, ActivityCode, OptionContract
from core.domain.text import plain_text

Fields = dict[str, Any]
Row = Mapping[str, str]

OPTION = re.compile(
    r"(?:Option \w+ for )?([A-Z][A-Z0-9.]{0,9}) (\d{1,2}/\d{1,2}/\d{4}) (Call|Put) "
    r"\$([\d,]{1,9}(?:\.\d{1,4})?)",
    re.IGNORECASE,
)
MONEY = re.compile(r"(\()?(-)?\$?(\d{1,3}(?:,\d{3}){1,3}|\d{1,12})?(\.\d{1,6})?(\))?")
QUANTITY = re.compile(r"(\d{1,3}(?:,\d{3}){1,3}|\d{1,12})?(\.\d{1,8})?(S)?")
AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
INSTRUMENT = re.compile(r"[A-Z0-9][A-Z0-9.\-/ ]{0,19}")
FILLED = {"filled", "executed", "completed", "complete", ""}
MOST_FEES_PER_CONTRACT = Decimal(5)

Code = ActivityCode
PAYS = {Code.BUY, Code.BUY_TO_OPEN, Code.BUY_TO_CLOSE}
EARNS = {Code.SELL, Code.SELL_TO_OPEN, Code.SELL_TO_CLOSE}
OF_OPTIONS = {
    Code.BUY_TO_OPEN, Code.BUY_TO_CLOSE, Code.SELL_TO_OPEN, Code.SELL_TO_CLOSE, Code.EXPIRATION,
    Code.ASSIGNMENT, Code.EXERCISE,
}  # fmt: skip
OF_QUANTITY = PAYS | EARNS | OF_OPTIONS | {Code.SPLIT, Code.REVERSE_SPLIT}
ACTIONS = {code.lower(): code for code in PAYS | EARNS} | {
    "buy to open": Code.BUY_TO_OPEN,
    "buy to close": Code.BUY_TO_CLOSE,
    "sell to open": Code.SELL_TO_OPEN,
    "sell to close": Code.SELL_TO_CLOSE,
}


class RowRefusedError(ValueError):
    """This row cannot be used; the text is the reason in the quarantine."""


def report_row(row: Row) -> list[Fields]:
    """Read a row of the account-activity report."""
    code = _code(row["trans code"])
    quantity, removes = _quantity(row["quantity"])
    description = plain_text(row["description"], 300)
    fields = {
        "activity_date": _date(row["activity date"]),
        "instrument": _instrument(row["instrument"]),
        "contract": _contract(description) if code in OF_OPTIONS else None,
        "description": description,
        "code": code,
        "quantity": quantity,
        "removes": removes,
        "price": _price(row["price"]),
        "amount": _money(row["amount"]),
    }
    _check(fields)
    return [fields]


def order_row(row: Row) -> list[Fields]:
    """Read a row of a list of orders; its amounts are without fees."""
    if row["status"].strip().lower() not in FILLED:
        raise RowRefusedError(f"the order is {_quoted(row['status'])}")
    action = row["action"].strip().lower()
    if action not in ACTIONS:
        raise RowRefusedError(f"unknown code {_quoted(row['action'])}")
    symbol = plain_text(row["symbol"], 100)
    contract = OPTION.fullmatch(symbol) and _contract(symbol)
    quantity, _ = _quantity(row["quantity"])
    price = _price(row["price"])
    if quantity is None or price is None:
        raise RowRefusedError("the quantity or the price is missing")
    code, worth = ACTIONS[action], quantity * price * (OPTION_MULTIPLIER if contract else 1)
    fields = {
        "activity_date": _date(row["date"]),
        "instrument": contract.symbol if contract else _instrument(symbol),
        "contract": contract,
        "description": symbol,
        "code": code,
        "quantity": quantity,
        "price": price,
        "amount": -worth if code in PAYS else worth,
    }
    _check(fields)
    return [fields]


def journal_row(row: Row) -> list[Fields]:
    """Read a trade of a journal as its buy and, where it has an exit, its sale on the same day."""
    contract = _journal_contract(row)
    quantity, _ = _quantity(row["contracts"])
    entry, exit_price = _price(row["entry_price"]), _price(row["exit_price"])
    if quantity is None or entry is None:
        raise RowRefusedError("the contracts or the entry price are missing")
    multiplier = OPTION_MULTIPLIER if contract else 1
    common = {
        "activity_date": _date(row["date"]),
        "instrument": _instrument(row["ticker"]),
        "contract": contract,
        "description": plain_text(f"{row['setup']} {row['notes']}", 300),
        "quantity": quantity,
    }
    paid = quantity * entry * multiplier
    codes = (Code.BUY_TO_OPEN, Code.SELL_TO_CLOSE) if contract else (Code.BUY, Code.SELL)
    bought = common | {"code": codes[0], "price": entry, "amount": -paid}
    _check(bought)
    if exit_price is None:
        return [bought]
    gross = quantity * exit_price * multiplier - paid
    profit = _journal_profit(row["p_l"], gross, quantity)
    return [bought, common | {"code": codes[1], "price": exit_price, "amount": paid + profit}]


def _journal_contract(row: Row) -> OptionContract | None:
    direction, strike = row["direction"].strip().lower(), _price(row["strike"])
    if strike is None and direction == "long":
        return None
    if strike is None or direction not in {"call", "put"}:
        raise RowRefusedError(
            f"the direction {_quoted(row['direction'])} is neither a call or put with a strike "
            "nor long without one"
        )
    symbol = _instrument(row["ticker"])
    if not re.fullmatch(r"[A-Z][A-Z0-9.]{0,9}", symbol) or not strike:
        raise RowRefusedError("the ticker or the strike of the option is not valid")
    return OptionContract(
        symbol=symbol, expiry=_date(row["expiry"]), right="call" if direction == "call" else "put",
        strike=strike,
    )  # fmt: skip


def _journal_profit(text: str, gross: Decimal, quantity: Decimal) -> Decimal:
    """Return the profit as noted, which may be less than the prices give by the fees alone."""
    noted = _money(text.strip().removeprefix("+"))
    if noted is None:
        return gross
    if not Decimal(-1) <= gross - noted <= 1 + MOST_FEES_PER_CONTRACT * quantity:
        raise RowRefusedError("the p_l does not follow from the prices")
    return noted


def _check(fields: Fields) -> None:
    """Refuse what cannot be booked: a trade without its numbers, or money of the wrong sign."""
    code, amount = fields["code"], fields["amount"]
    if code in OF_QUANTITY and (not fields["instrument"] or fields["quantity"] is None):
        raise RowRefusedError(f"{code} without an instrument or a quantity")
    if code in PAYS | EARNS and amount is None:
        raise RowRefusedError(f"{code} without an amount")
    if (code in PAYS and amount > 0) or (code in EARNS and amount < 0):
        raise RowRefusedError(f"the amount of {code} has the wrong sign")


def _code(text: str) -> ActivityCode:
    try:
        return ActivityCode(text.strip())
    except ValueError:
        raise RowRefusedError(f"unknown code {_quoted(text)}") from None


def _contract(text: str) -> OptionContract:
    found = OPTION.fullmatch(text.strip())
    if not found or not Decimal(found[4].replace(",", "") or 0):
        raise RowRefusedError("the option cannot be read from its description")
    return OptionContract(
        symbol=found[1].upper(),
        expiry=_date(found[2]),
        right="call" if found[3].lower() == "call" else "put",
        strike=Decimal(found[4].replace(",", "")),
    )


def _instrument(text: str) -> str:
    name = text.strip().upper()
    if name and not INSTRUMENT.fullmatch(name):
        raise RowRefusedError(f"the instrument {_quoted(text)} is not valid")
    return one_canonical(name) or name


def _date(text: str) -> date:
    day = text.strip().split(" ")[0].split("T")[0]
    american = AMERICAN.fullmatch(day)
    try:
        if american:
            return date(int(american[3]), int(american[1]), int(american[2]))
        return date.fromisoformat(day)
    except ValueError:
        raise RowRefusedError(f"the date {_quoted(text)} cannot be read") from None


def _money(text: str) -> Decimal | None:
    """Return `$1,234.56`, or a negative amount for `($1,234.56)`; None for nothing."""
    if not text.strip():
        return None
    found = MONEY.fullmatch(text.strip())
    if not found or bool(found[1]) != bool(found[5]) or not (found[3] or found[4]):
        raise RowRefusedError(f"the amount {_quoted(text)} cannot be read")
    amount = Decimal((found[3] or "0").replace(",", "") + (found[4] or ""))
    return -amount if found[1] or found[2] else amount


def _price(text: str) -> Decimal | None:
    price = _money(text)
    if price is not None and price < 0:
        raise RowRefusedError("a price is negative")
    return price


def _quantity(text: str) -> tuple[Decimal | None, bool]:
    """Return the quantity, and whether the suffix S says that it leaves the account."""
    if not text.strip():
        return None, False
    found = QUANTITY.fullmatch(text.strip())
    number = Decimal((found[1] or "0").replace(",", "") + (found[2] or "")) if found else Decimal(0)
    if not found or not number:
        raise RowRefusedError(f"the quantity {_quoted(text)} cannot be read")
    return number, bool(found[3])


def _quoted(text: str) -> str:
    return repr(plain_text(text, 30))
