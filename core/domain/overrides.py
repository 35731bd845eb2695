"""Where the operator departed from a plan, what that cost, and why it was done."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from core.domain.base import Frozen, Number, Sha256, UtcDatetime, content_sha256
from core.domain.scenarios import Side
from core.domain.trading import Money

NOTHING = Decimal(0)
MICRO = Decimal("0.000001")

# What was traded, as its broker names it; not every name in a history is a symbol of the desk's.
Instrument = Annotated[str, Field(max_length=20)]
Part = Literal["entry", "size", "exit", "fees"]
Amount = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]


class OverrideKind(StrEnum):
    """In the order in which the overrides of one trade claim the parts of its cost."""

    UNPLANNED_TRADE = "unplanned_trade"
    BIAS_FLIP = "bias_flip"
    REENTRY_AFTER_STOP = "reentry_after_stop"
    TRADED_DNP = "traded_dnp"
    SKIPPED_SIGNAL = "skipped_signal"
    EARLY_ENTRY = "early_entry"
    CHASED_ENTRY = "chased_entry"
    AVERAGED_DOWN = "averaged_down"
    OVERSIZE = "oversize"
    UNDERSIZE = "undersize"
    HELD_PAST_INVALIDATION = "held_past_invalidation"
    STOP_REMOVED = "stop_removed"
    STOP_WIDENED = "stop_widened"
    TARGET_MOVED = "target_moved"
    LATE_EXIT = "late_exit"
    EARLY_EXIT = "early_exit"
    OVER_DAILY_LIMIT = "over_daily_limit"
    AFTER_STOP_GAIN = "after_stop_gain"
    PLAN_EDITED = "plan_edited"
    RISK_LIMIT_RAISED = "risk_limit_raised"

    @property
    def parts(self) -> frozenset[Part]:
        """What of a trade's cost is this kind's, as far as no kind before it has claimed it."""
        return _PARTS.get(self, _WHOLE)

    @property
    def breaks_a_limit(self) -> bool:
        return self in _LIMITS


_Kind = OverrideKind
_WHOLE: frozenset[Part] = frozenset({"entry", "size", "exit", "fees"})
_ENTRY: frozenset[Part] = frozenset({"entry"})
_SIZE: frozenset[Part] = frozenset({"size", "fees"})
_EXIT: frozenset[Part] = frozenset({"exit"})
_PARTS: dict[OverrideKind, frozenset[Part]] = {
    _Kind.EARLY_ENTRY: _ENTRY,
    _Kind.CHASED_ENTRY: _ENTRY,
    _Kind.AVERAGED_DOWN: _ENTRY | _SIZE,  # what was added changed the mean entry, too
    _Kind.OVERSIZE: _SIZE,
    _Kind.UNDERSIZE: _SIZE,
    _Kind.HELD_PAST_INVALIDATION: _EXIT,
    _Kind.STOP_REMOVED: _EXIT,
    _Kind.STOP_WIDENED: _EXIT,
    _Kind.TARGET_MOVED: _EXIT,
    _Kind.LATE_EXIT: _EXIT,
    _Kind.EARLY_EXIT: _EXIT,
}
_LIMITS = frozenset(
    {
        _Kind.AVERAGED_DOWN, _Kind.OVERSIZE, _Kind.HELD_PAST_INVALIDATION, _Kind.STOP_REMOVED,
        _Kind.STOP_WIDENED, _Kind.TRADED_DNP, _Kind.OVER_DAILY_LIMIT, _Kind.AFTER_STOP_GAIN,
        _Kind.RISK_LIMIT_RAISED,
    }
)  # fmt: skip


class Emotion(StrEnum):
    HESITANT = "hesitant"
    CONFIDENT = "confident"
    RUSHED = "rushed"
    PATIENT = "patient"
    FOMO = "fomo"
    REVENGE = "revenge"
    BORED = "bored"


class BookTrade(Frozen):
    """One trade as one book holds it. USD; a value is quantity times price, summed over fills."""

    side: Side
    quantity: Amount = NOTHING
    entry_value: Money = NOTHING
    exit_value: Money = NOTHING
    fees: Amount = NOTHING

    @property
    def pnl(self) -> Decimal:
        gross = self.side.sign * (self.exit_value - self.entry_value)
        return NOTHING + gross - self.fees  # from nothing: a zero has no sign then


class CostSplit(Frozen):
    """What departing from the plan cost, by where it arose. USD, positive where money was lost."""

    entry: Money = NOTHING
    size: Money = NOTHING
    exit: Money = NOTHING
    fees: Money = NOTHING

    @property
    def total(self) -> Decimal:
        return self.entry + self.size + self.exit + self.fees

    def only(self, parts: frozenset[Part]) -> CostSplit:
        return CostSplit(**{name: getattr(self, name) for name in parts})


def split_cost(system: BookTrade, actual: BookTrade) -> CostSplit:
    """Return why the account did not make what the plan did.

    The parts sum to the system's profit less the account's, to the last digit: entry and size are
    rounded to a millionth, and what that leaves is in the exit. Of a trade that only one book has,
    all but the fees is size.
    Source: entry = s(ea - ep)qp, size = s(xs - ea)(qp - qa), exit = s(xs - xa)qa.
    """
    if system.side is not actual.side:
        raise ValueError("a long and a short trade are two trades")
    fees = actual.fees - system.fees
    rest = system.pnl - actual.pnl - fees
    if not system.quantity or not actual.quantity:
        return CostSplit(size=rest, fees=fees)
    sign = system.side.sign
    entered = actual.entry_value / actual.quantity
    left = system.exit_value / system.quantity
    entry = _micro(sign * (entered * system.quantity - system.entry_value))
    size = _micro(sign * (left - entered) * (system.quantity - actual.quantity))
    return CostSplit(entry=entry, size=size, exit=rest - entry - size, fees=fees)


def _micro(amount: Decimal) -> Decimal:
    return NOTHING + amount.quantize(MICRO)


def plan_case(tactic_id: str, version: int) -> str:
    """Return the name of the case that is about a plan."""
    return f"plan:{tactic_id}:{version}"


def identify(kind: OverrideKind, case_id: str, account: str) -> str:
    """Return the id that an override has, or will have once it is found."""
    return content_sha256({"kind": kind.value, "case_id": case_id, "account": account})


class Override(Frozen):
    """One departure from a plan or a limit.

    case_id: the plan, the trade or the change that it is about; a case has one of each kind.
    detected_by: `self` is what the operator reported. said: what was typed when it was done.
    planned, actual: what the plan asked for, and what was done, by name.
    follows: how the trade before it ended. has_time: a broker's history knows the day alone.
    split: the cost of the whole trade, share: what of it is this override's; both None until the
        trade has ended in both books, and where there is none.
    planned_r_usd: what one R of the plan is; of a trade without a plan, what one R was that day.
    """

    kind: OverrideKind
    case_id: str
    account: str
    occurred_at: UtcDatetime
    session_date: date
    symbol: Instrument = ""
    tactic_id: str = ""
    version: int = 0
    scenario_key: str = ""
    detected_by: Literal["auto", "self"] = "auto"
    said: Annotated[str, Field(max_length=500)] = ""
    planned: dict[str, str] = Field(default_factory=dict)
    actual: dict[str, str] = Field(default_factory=dict)
    follows: Literal["win", "loss", ""] = ""
    has_time: bool = True
    system_r: Number | None = None
    actual_r: Number | None = None
    planned_r_usd: Amount | None = None
    split: CostSplit | None = None
    share: CostSplit | None = None
    label: str = ""

    @property
    def override_id(self) -> str:
        """The same departure has the same id, however often it is looked for."""
        return identify(self.kind, self.case_id, self.account)

    @property
    def cost_usd(self) -> Decimal | None:
        return None if self.share is None else self.share.total

    @property
    def cost_r(self) -> float | None:
        """None where the cost or the size of one R is not known."""
        if self.cost_usd is None or not self.planned_r_usd:
            return None
        return float(self.cost_usd / self.planned_r_usd)


class OverrideNote(Frozen):
    """Why an override was done, as its operator says it later; the newest note counts."""

    override_id: Sha256
    noted_at: UtcDatetime
    actor: Annotated[str, Field(min_length=1)]
    reason: Annotated[str, Field(min_length=1, max_length=500)]
    emotion: Emotion | None = None
