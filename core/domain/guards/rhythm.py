"""How much the account may trade: in a day, after losses, after a result, after a good session."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import accumulate, takewhile

from core.domain.guards.facts import AccountFacts, day_end
from core.domain.guards.verdicts import GuardAction, GuardName, GuardVerdict, Unit
from core.domain.risk import GuardLimits
from core.domain.scenarios import Grade

BEST = Grade.A_PLUS
ONE_MINUTE = timedelta(minutes=1)
LAST_ONE = f"one more plan of grade {BEST} may follow, as the last one"


def rhythm_guards(limits: GuardLimits, facts: AccountFacts) -> Iterator[GuardVerdict]:
    """Yield what locks entries for a while; none of them changes the state of the desk."""
    yield _trades(limits.trades_per_day, facts)
    yield _streak(limits.loss_streak, facts)
    yield _cooldown(limits.cooldown_minutes, facts)
    yield _stop_gain(limits.stop_gain_r, facts)


def _trades(limit: int, facts: AccountFacts) -> GuardVerdict:
    done = facts.trades_today
    until = day_end(facts.now) if done >= limit else None
    detail = f"trades of the session: {done} of {limit}"
    return _verdict(GuardName.TRADES_PER_DAY, "count", (done, limit), until, detail)


def _streak(limit: int, facts: AccountFacts) -> GuardVerdict:
    """The next session may try again: one more loss, and it is locked as well."""
    newest_first = facts.results[::-1]
    losses = list(takewhile(lambda result: result.is_loss, newest_first))
    ends = day_end(losses[0].closed_at) if losses else facts.now
    until = ends if len(losses) >= limit and facts.now < ends else None
    detail = f"losses in a row: {len(losses)} of {limit}"
    return _verdict(GuardName.LOSS_STREAK, "count", (len(losses), limit), until, detail)


def _cooldown(limit: int, facts: AccountFacts) -> GuardVerdict:
    """A win makes as careless as a loss: both are slept over."""
    name = GuardName.COOLDOWN
    if not facts.results:
        return _verdict(name, "minutes", (0, limit), None, f"no result yet; it takes {limit} min")
    last = facts.results[-1]
    ends = last.closed_at + limit * ONE_MINUTE
    left = max(0.0, (ends - facts.now) / ONE_MINUTE)
    old = (facts.now - last.closed_at) / ONE_MINUTE
    made = f"{last.profit:+,.2f} USD"
    detail = f"the last result, {made}, is {old:,.0f} min old; it takes {limit} min"
    return _verdict(name, "minutes", (left, limit), ends if left else None, detail)


def _stop_gain(limit: float, facts: AccountFacts) -> GuardVerdict:
    made = sum(result.r or 0.0 for result in facts.results_today)
    reached_at = _reached_at(limit, facts)
    detail = f"the session has made {made:+.2f}R; the limit is {limit:.2f}R"
    if reached_at is None:
        return _verdict(GuardName.STOP_GAIN, "r", (made, limit), None, detail)
    has_followed = any(sent_at >= reached_at for sent_at in facts.entries)
    is_allowed = not has_followed and facts.grade in {None, BEST}
    what = "one more has followed" if has_followed else LAST_ONE
    verdict = _verdict(
        GuardName.STOP_GAIN, "r", (made, limit), day_end(facts.now), f"{detail}: {what}"
    )
    # Once met it stays so, even where the next trade gives some of it back.
    free = {"action": GuardAction.NONE, "until": None} if is_allowed else {}
    return verdict.model_copy(update=free)


def _reached_at(limit: float, facts: AccountFacts) -> datetime | None:
    """Return when the session had made its gain, None where it has not."""
    today = facts.results_today
    sums = accumulate(result.r or 0.0 for result in today)
    reached = (one.closed_at for one, made in zip(today, sums, strict=True) if made >= limit)
    return next(reached, None)


def _verdict(
    name: GuardName, unit: Unit, numbers: tuple[float, float], until: datetime | None, detail: str
) -> GuardVerdict:
    """Return a verdict that is breached where it has an end."""
    value, limit = numbers
    return GuardVerdict(
        name=name,
        unit=unit,
        value=value,
        limit=limit,
        breached=until is not None,
        action=GuardAction.REFUSE if until is not None else GuardAction.NONE,
        until=until,
        detail=detail,
    )
