"""Guessing is slowed down per address, in bounded memory."""

from __future__ import annotations

from core.web.throttle import Throttle


def test_the_memory_of_guessers_is_bounded() -> None:
    throttle = Throttle(lambda: 0.0, addresses=10)
    for number in range(200):
        assert throttle.take(f"10.0.0.{number}")

    assert len(throttle) == 10


def test_addresses_of_one_ipv6_network_count_as_one_guesser() -> None:
    throttle = Throttle(lambda: 0.0, limit=2)

    assert [throttle.take(f"2001:db8::{n}") for n in range(3)] == [True, True, False]
    assert throttle.take("2001:db8:0:1::1")
    assert throttle.take("::ffff:192.0.2.1")


def test_tries_are_forgotten_after_the_window() -> None:
    now = [0.0]
    throttle = Throttle(lambda: now[0], limit=1, window_s=60)

    assert [throttle.take("a"), throttle.take("a")] == [True, False]
    now[0] = 60
    assert throttle.take("a")
