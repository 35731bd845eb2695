"""What an operator's own files bring in: bars, and a broker's account activity with its trades."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

import pandas as pd
from pydantic import Field, StringConstraints

from core.domain.base import Fraction, Frozen, Number, Sha256, UtcDatetime
from core.domain.trading import Money, OrderPrice, Quantity

Account = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
InstrumentKind = Literal["stock", "option"]
OPTION_MULTIPLIER = 100


class FileReading(Frozen):
    """How a file was understood. `columns` maps what was needed to the file's own headings."""

    format: str
    encoding: str = ""
    delimiter: str = ""
    decimal_mark: str = ""
    date_format: str = ""
    time_zone: str = ""
    timeframe: str = ""
    columns: dict[str, str] = Field(default_factory=dict)
    columns_ignored: tuple[str, ...] = ()
    symbols_count: int = 0
    symbols: tuple[str, ...] = ()
    first_date: date | None = None
    last_date: date | None = None


class ImportReport(Frozen):
    """What became of the rows of one file; a dry run stores none.

    rows_read = rows_accepted + rows_quarantined, and unless it was a dry run
    rows_accepted = rows_stored + rows_duplicate.
    scale_unknown_symbols: those with neither bars of another source nor a split to tell whether
        the prices are as they were traded; if they are not, the desk adjusts them twice.
    """

    kind: Literal["bars", "robinhood"]
    file_name: str
    file_sha256: Sha256
    imported_at: UtcDatetime
    dry_run: bool
    rows_read: int = Field(ge=0)
    rows_accepted: int = Field(ge=0)
    rows_stored: int = Field(ge=0)
    rows_duplicate: int = Field(ge=0)
    rows_quarantined: int = Field(ge=0)
    reasons: dict[str, int]
    scale_unknown_symbols: int = Field(default=0, ge=0)
    understood: FileReading


class ActivityCode(StrEnum):
    """Robinhood's transaction codes, as its account-activity report writes them."""

    BUY = "Buy"
    SELL = "Sell"
    BUY_TO_OPEN = "BTO"
    SELL_TO_OPEN = "STO"
    BUY_TO_CLOSE = "BTC"
    SELL_TO_CLOSE = "STC"
    EXPIRATION = "OEXP"
    ASSIGNMENT = "OASGN"
    EXERCISE = "OEXCS"
    OPTION_ACTION = "OCA"
    SPLIT = "SPL"
    REVERSE_SPLIT = "SPR"
    SHARE_EXCHANGE = "SXCH"
    MERGER = "MRGS"
    CONVERSION = "CONV"
    SPIN_OFF = "SOFF"
    DIVIDEND = "CDIV"
    NON_RESIDENT_TAX = "NRAT"
    INTEREST = "INT"
    TRANSFER = "ACH"
    REAL_TIME_TRANSFER = "RTP"
    SUBSCRIPTION = "GOLD"
    ADR_FEE = "AFEE"


class OptionContract(Frozen):
    """A listed option on 100 shares; the strike is in USD per share."""

    symbol: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9.]{0,9}$")]
    expiry: date
    right: Literal["call", "put"]
    strike: OrderPrice

    @property
    def name(self) -> str:
        return f"{self.symbol} {self.expiry.isoformat()} {self.right} {self.strike.normalize():f}"


class BrokerActivity(Frozen):
    """One row of a broker's history. USD; the amount is net of fees, positive when money came in.

    activity_id: account, hash of the row, and its number among rows that are the same.
    place: how many rows of its day the file lists as older; a day's order is not known for sure.
    removes: the row takes the quantity out of the account; known of non-cash rows alone.
    """

    activity_id: str
    account: Account
    activity_date: date
    place: int = Field(ge=0)
    instrument: Annotated[str, Field(max_length=20)]
    contract: OptionContract | None = None
    description: Annotated[str, Field(max_length=300)]
    code: ActivityCode
    quantity: Quantity | None = None
    removes: bool = False
    price: Annotated[Decimal, Field(ge=0, allow_inf_nan=False)] | None = None
    amount: Money | None = None

    @property
    def traded(self) -> str:
        """The name of the contract, or of the stock."""
        return self.contract.name if self.contract else self.instrument


class Traded(Frozen):
    """What a trade, a lot or a remark is about."""

    account: Account
    instrument: str
    kind: InstrumentKind


class RoundTrip(Traded):
    """From flat to flat in one stock or contract. USD; prices per share, fees inside the P/L.

    order_unknown: on one of its days the order of the rows decides where it begins or ends.
    """

    side: Literal["long", "short"]
    opened_date: date
    closed_date: date
    quantity: Quantity
    entry_price: Number
    exit_price: Number
    fees: Money
    realized_pnl: Money
    ended_by: ActivityCode
    order_unknown: bool


class OpenLot(Traded):
    """What is left of one opening row. USD; `cost` is negative for what was received."""

    side: Literal["long", "short"]
    opened_date: date
    quantity: Quantity
    cost: Money


class TradeFlag(Traded):
    """Something the operator should look at; `amount` is money that no round trip accounts for."""

    activity_date: date
    code: ActivityCode
    reason: str
    amount: Money = Decimal(0)


@dataclass(frozen=True)
class TradeHistory:
    """Everything the stored activities amount to.

    partial_pnl: what was realised, in USD, on positions that are not flat yet.
    """

    round_trips: tuple[RoundTrip, ...]
    open_lots: tuple[OpenLot, ...]
    flags: tuple[TradeFlag, ...]
    partial_pnl: Decimal


class TradeSummary(Frozen):
    """Results of round trips in USD: above zero after fees is a win, below a loss.

    The interval is Wilson's at 95 % over wins and losses; fewer than 20 are not `enough`.
    """

    count: int = Field(ge=0)
    wins: int = Field(ge=0)
    losses: int = Field(ge=0)
    realized_pnl: Money
    fees: Money
    win_rate: Fraction | None
    win_low: Fraction | None
    win_high: Fraction | None
    profit_factor: Number | None
    enough: bool


@dataclass(frozen=True)
class ImportedFiles:
    """What was imported so far.

    files: kind, file_name, imported_at, rows_read, rows_stored, rows_duplicate, rows_quarantined,
        first_date, last_date; newest first.
    refused: file_name, reason, rows; of the newest import of each file.
    codes: code, rows, amount (USD, None without one).
    """

    files: pd.DataFrame
    refused: pd.DataFrame
    codes: pd.DataFrame


@dataclass(frozen=True)
class MigrationReport:
    """What the operator's history amounts to."""

    imported: ImportedFiles
    history: TradeHistory
    total: TradeSummary
    by_kind: Mapping[InstrumentKind, TradeSummary]
