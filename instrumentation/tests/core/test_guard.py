"""The guard between the instrumentation and its host."""

from __future__ import annotations

import logging

import pytest

from nautilus_instrumentation.guard import Guard


def test_an_error_is_swallowed_and_counted_by_site() -> None:
    """The block ends, the program goes on, and both counts tell."""
    sites: list[str] = []
    guard = Guard(on_error=sites.append)
    for _ in range(2):
        with guard("here"):
            raise ValueError("broken")
    assert sites == ["here", "here"]
    assert guard.errors == {"here": 2}


def test_each_site_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """A site that fails on every call does not fill the log."""
    guard = Guard()
    with caplog.at_level(logging.WARNING):
        for site in ("a", "a", "b"):
            guard.call(site, lambda: 1 / 0)
    assert [record.getMessage().split(":")[0] for record in caplog.records] == [
        "Telemetry error at a",
        "Telemetry error at b",
    ]


def test_call_returns_the_result_or_the_default() -> None:
    """A failed call yields what the caller said it can go on with."""
    guard = Guard()
    assert guard.call("x", int, "7") == 7
    assert guard.call("x", int, "seven", default=0) == 0


def test_strict_raises_the_same_error() -> None:
    """Tests see the very object that was raised."""
    error = ValueError("broken")

    def fail() -> None:
        raise error

    with pytest.raises(ValueError, match="broken") as caught:
        Guard(strict=True).call("x", fail)
    assert caught.value is error
    with pytest.raises(ValueError, match="broken") as caught, Guard(strict=True)("x"):
        raise error
    assert caught.value is error


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_only_exceptions_are_swallowed(kind: type[BaseException]) -> None:
    """An interrupt of the program is not an error of the telemetry."""
    with pytest.raises(kind), Guard()("x"):
        raise kind


def test_an_error_counter_that_fails_is_not_asked_again() -> None:
    """Counting an error must not count its own errors for ever."""
    asked: list[str] = []

    def count(site: str) -> None:
        asked.append(site)
        guard.call("counter", lambda: 1 / 0)
        raise RuntimeError("no room")

    guard = Guard(on_error=count)
    guard.call("x", lambda: 1 / 0)
    assert asked == ["x"]
    assert guard.errors == {"x": 1, "counter": 1}
