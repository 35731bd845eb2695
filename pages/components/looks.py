"""How each state looks: its word, its colour, its icon."""

from __future__ import annotations

from typing import Literal, NamedTuple

Color = Literal["red", "orange", "yellow", "blue", "green", "violet", "gray"]


class Look(NamedTuple):
    word: str
    color: Color
    icon: str


_WAITS: Color = "orange"
LOOKS: dict[str, Look] = {
    # decisions and posts
    "pending": Look("waiting", _WAITS, "hourglass_empty"),
    "waiting": Look("waiting", _WAITS, "hourglass_empty"),
    "drafted": Look("drafted", "gray", "edit_note"),
    "approved": Look("approved", "blue", "check"),
    "rejected": Look("rejected", "red", "close"),
    "expired": Look("expired", "gray", "timer_off"),
    "published": Look("published", "green", "campaign"),
    # tactics
    "scheduled": Look("scheduled", "blue", "event"),
    "update_posted": Look("published", "green", "campaign"),
    "superseded": Look("replaced", "gray", "published_with_changes"),
    "stop_moved": Look("stop moved", "blue", "swap_vert"),
    "corrected": Look("corrected", "gray", "edit"),
    "armed": Look("armed", "violet", "my_location"),
    "triggered": Look("triggered", "violet", "bolt"),
    "opened": Look("open", "blue", "play_arrow"),
    "target_hit": Look("target hit", "green", "flag"),
    "resolved": Look("resolved", "green", "task_alt"),
    "never_triggered": Look("never triggered", "gray", "hourglass_disabled"),
    "invalidated": Look("invalidated", "gray", "block"),
    "cancelled": Look("cancelled", "gray", "block"),
    "canceled": Look("cancelled", "gray", "block"),
    "pending_cancel": Look("being cancelled", _WAITS, "hourglass_empty"),
    "replaced": Look("replaced", "gray", "swap_horiz"),
    # outcomes
    "target": Look("target", "green", "flag"),
    "partial": Look("partial", "green", "flag"),
    "stopped": Look("stopped", "red", "front_hand"),
    "time_stop": Look("time stop", "gray", "timer"),
    "breakeven": Look("breakeven", "gray", "balance"),
    # orders
    "accepted": Look("working", "blue", "sync"),
    "partially_filled": Look("partly filled", "blue", "timelapse"),
    "filled": Look("filled", "green", "check_circle"),
    "acknowledged": Look("acknowledged", "blue", "task"),
    "checked": Look("checked", "blue", "rule"),
    "external": Look("not ours", "orange", "person"),
    # desk and broker
    "agreed": Look("agree", "green", "check_circle"),
    "differs": Look("differ", "red", "difference"),
    "not_answered": Look("not answered", "orange", "cloud_off"),
    "adopted": Look("adopted", "blue", "download_done"),
    "ignored": Look("ignored", "gray", "visibility_off"),
    # runs and steps
    "queued": Look("queued", "gray", "schedule"),
    "running": Look("running", "blue", "sync"),
    "succeeded": Look("done", "green", "check_circle"),
    "failed": Look("failed", "red", "error"),
    "skipped": Look("skipped", "gray", "skip_next"),
    # effects
    "intended": Look("intended", "gray", "schedule"),
    "sending": Look("sending", "blue", "send"),
    "done": Look("done", "green", "check_circle"),
    "unknown": Look("unclear", "red", "help"),
    # the desk
    "demo": Look("DEMO", "violet", "science"),
    "paper": Look("PAPER", "blue", "description"),
    "live": Look("LIVE", "red", "bolt"),
    "active": Look("trading active", "green", "play_arrow"),
    "reduce_only": Look("reduce only", _WAITS, "trending_down"),
    "halted": Look("trading halted", "red", "front_hand"),
    "ok": Look("ok", "green", "check_circle"),
    # guards
    "free": Look("free", "green", "check_circle"),
    "near": Look("near", _WAITS, "speed"),
    "locked": Look("locked", _WAITS, "lock"),
    "breached": Look("breached", "red", "block"),
    "missing": Look("not known", "red", "help"),
    "degraded": Look("degraded", "red", "error"),
    # grades, sides, provenance
    "A+": Look("A+", "green", "stars"),
    "B": Look("B", "blue", "star"),
    "C": Look("C", "gray", "star_half"),
    "DNP": Look("do not play", "gray", "do_not_disturb_on"),
    "long": Look("long", "green", "north_east"),
    "short": Look("short", "red", "south_east"),
    "buy": Look("buy", "green", "north_east"),
    "sell": Look("sell", "red", "south_east"),
    "bullish": Look("bullish", "green", "north_east"),
    "bearish": Look("bearish", "red", "south_east"),
    "neutral": Look("neutral", "gray", "east"),
    "real": Look("REAL", "gray", "verified"),
    "derived": Look("DERIVED", _WAITS, "functions"),
    "synthetic": Look("SYNTHETIC", "violet", "science"),
    "trade": Look("order", "blue", "candlestick_chart"),
    "content": Look("post", "violet", "article"),
    "pass": Look("yes", "green", "check"),
    "fail": Look("no", "red", "close"),
    "entry": Look("entry", "blue", "login"),
    "stop": Look("stop", "red", "front_hand"),
    "late": Look("late", "orange", "alarm"),
    "in time": Look("in time", "green", "check"),
    "debug": Look("step", "gray", "notes"),
    "info": Look("info", "blue", "info"),
    "warning": Look("warning", "orange", "warning"),
    "error": Look("error", "red", "error"),
    "critical": Look("error", "red", "error"),
    "answers": Look("answers", "green", "check_circle"),
    "not chosen": Look("not chosen", "gray", "remove"),
    "not asked": Look("not asked", "gray", "help"),
    "na": Look("by hand", "gray", "pan_tool"),
    # what analysts say, and what is behind it
    "abstains": Look("abstains", "gray", "do_not_disturb_on"),
    "fallback": Look("rules stand in", "orange", "swap_horiz"),
    "holds": Look("holds", "green", "check"),
    "no fact": Look("no fact", "red", "close"),
    "condition": Look("condition", "gray", "rule"),
    "very positive": Look("very positive", "green", "sentiment_very_satisfied"),
    "very negative": Look("very negative", "red", "sentiment_very_dissatisfied"),
    # calls of models
    "answered": Look("answered", "green", "check_circle"),
    "cached": Look("from the store", "blue", "inventory_2"),
    "refused": Look("refused", "red", "block"),
    "truncated": Look("cut off", _WAITS, "content_cut"),
    "invalid": Look("unusable", "red", "report"),
    "unavailable": Look("not reachable", "red", "cloud_off"),
    "over_budget": Look("over budget", _WAITS, "savings"),
    # feeds, and the circuit breakers of their providers
    "never": Look("never", "gray", "pending"),
    "closed": Look("closed", "green", "power"),
    "half-open": Look("half-open", "orange", "hourglass_top"),
    "open": Look("open", "red", "power_off"),
    "dispute": Look("dispute", "red", "compare_arrows"),
    "revision": Look("revision", "orange", "history"),
    "rescaled": Look("rescaled", "orange", "call_split"),
    "calendar": Look("calendar", "orange", "event_busy"),
    # what the bars and the headlines say
    "trend up": Look("up", "green", "trending_up"),
    "trend down": Look("down", "red", "trending_down"),
    "trend flat": Look("flat", "gray", "trending_flat"),
    "volatility low": Look("low vol", "blue", "waves"),
    "volatility normal": Look("normal vol", "gray", "waves"),
    "volatility high": Look("high vol", "orange", "waves"),
    "curl up": Look("curl up", "green", "turn_slight_right"),
    "curl down": Look("curl down", "red", "turn_slight_left"),
    "curl none": Look("no curl", "gray", "remove"),
    "cross up": Look("cross up", "green", "north_east"),
    "cross down": Look("cross down", "red", "south_east"),
    "positive": Look("positive", "green", "sentiment_satisfied"),
    "negative": Look("negative", "red", "sentiment_dissatisfied"),
}
