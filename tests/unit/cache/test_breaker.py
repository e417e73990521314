"""The circuit breaker."""

from __future__ import annotations

from typing import Any

import pytest

from backend.cache.breaker import Breaker


@pytest.fixture
def breaker(clock: Any) -> Breaker:
    return Breaker(failures=3, rest_seconds=5, clock=clock)


def test_it_opens_after_failures_in_a_row(breaker: Breaker) -> None:
    """The last of them says so; an answer in between begins the count anew."""
    assert [breaker.failed(), breaker.failed()] == [False, False]
    breaker.succeeded()
    assert [breaker.failed(), breaker.failed(), breaker.failed()] == [False, False, True]
    assert not breaker.allows()


def test_one_caller_probes_after_a_rest(breaker: Breaker, clock: Any) -> None:
    """The others wait for what comes of it; a probe that never reports is followed by another."""
    for _ in range(3):
        breaker.failed()
    clock.now = 4.9
    assert not breaker.allows()
    clock.now = 5.0
    assert [breaker.allows(), breaker.allows()] == [True, False]
    clock.now = 10.0
    assert breaker.allows()


def test_a_probe_decides(breaker: Breaker, clock: Any) -> None:
    """One that fails begins another rest, without being news; one that succeeds closes."""
    for _ in range(3):
        breaker.failed()
    clock.now = 5.0
    assert breaker.allows()
    assert breaker.failed() is False
    clock.now = 9.9
    assert not breaker.allows()
    clock.now = 10.0
    assert breaker.allows()
    assert breaker.succeeded() is True
    assert [breaker.allows(), breaker.allows()] == [True, True]
    assert breaker.succeeded() is False
