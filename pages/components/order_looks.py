"""How the states of orders, and of desk and broker beside each other, look."""

from __future__ import annotations

from typing import Literal, NamedTuple

Color = Literal["red", "orange", "yellow", "blue", "green", "violet", "gray"]


class Look(NamedTuple):
    word: str
    color: Color
    icon: str


ORDER_LOOKS: dict[str, Look] = {
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
}
