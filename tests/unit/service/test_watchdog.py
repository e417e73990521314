"""When the dead-man switch speaks, to whom, and how often."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from backend.settings import Settings
from backend.watchdog import FIRST_RETRY_SECONDS, Clocks, Watchdog
from nautilus_instrumentation import Session, instrument, metrics
from nautilus_instrumentation import Settings as TelemetrySettings
from tests.http_server import HttpServer, Request

INTERVAL = 60.0
WALL = 1_700_000_000.0


class Receiver(HttpServer):
    """Keeps the messages it is sent; answers `status`."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.attempts = 0
        self.status = 200
        super().__init__()
        self.url += "/hook/secret-token"

    def answer(self, request: Request) -> tuple[int, bytes]:
        self.attempts += 1
        if self.status == 200:
            self.messages.append(request.json)
        return self.status, b""

    @property
    def statuses(self) -> list[str]:
        return [message["status"] for message in self.messages]


class Bench:
    """A watchdog on a clock that the test moves."""

    def __init__(self, session: Session, webhook: str | None) -> None:
        self.now = 0.0
        clocks = Clocks(lambda: self.now, lambda: WALL + self.now)
        self.watchdog = Watchdog(session, INTERVAL, webhook, clocks)

    def after(self, seconds: float) -> None:
        """Time passes, then the watchdog looks."""
        self.now += seconds
        asyncio.run(self._look())

    async def _look(self) -> None:
        async with httpx.AsyncClient(trust_env=False) as http:
            await self.watchdog.look(http)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def session() -> Iterator[Session]:
    session = instrument(TelemetrySettings(spans_to="none"), nautilus=False)
    yield session
    session.close()


@pytest.fixture
def make(session: Session) -> Callable[[str | None], Bench]:
    return lambda webhook: Bench(session, webhook)


@pytest.fixture
def bench(make: Callable[[str | None], Bench], receiver: Receiver) -> Bench:
    return make(receiver.url)


def test_an_arrival_moves_the_gauge(bench: Bench, session: Session) -> None:
    """To the Unix time of the arrival."""
    bench.now = 5
    bench.watchdog.arrived()
    assert session.recorder.gauge(metrics.TELEMETRY_WATCHDOG).values()[0] == WALL + 5


def test_nothing_is_missing_up_to_three_intervals(bench: Bench, receiver: Receiver) -> None:
    """The third may come as late as the fourth is due."""
    bench.watchdog.arrived()
    bench.after(3 * INTERVAL)
    assert (bench.watchdog.missing, receiver.messages) == (False, [])


def test_after_three_intervals_without_one_the_webhook_is_told(
    bench: Bench, receiver: Receiver
) -> None:
    """With a text for people and the figures for programs."""
    bench.watchdog.arrived()
    bench.after(3 * INTERVAL + 1)
    assert bench.watchdog.missing
    (message,) = receiver.messages
    assert message["status"] == "firing"
    assert "the last came 181 s ago" in message["text"]
    assert message["last_received_at"] == "2023-11-14T22:13:20+00:00"
    assert (message["interval_seconds"], message["missed_intervals"]) == (INTERVAL, 3)


def test_one_that_never_came_is_missing_from_the_start(bench: Bench, receiver: Receiver) -> None:
    """A stack that was set up wrongly is told like one that broke."""
    bench.after(3 * INTERVAL + 1)
    (message,) = receiver.messages
    assert "none came in the 181 s since the service started" in message["text"]
    assert message["last_received_at"] is None


def test_an_outage_is_told_once(bench: Bench, receiver: Receiver) -> None:
    """However long it lasts."""
    for _ in range(20):
        bench.after(INTERVAL)
    assert receiver.statuses == ["firing"]


def test_its_end_is_told_once(bench: Bench, receiver: Receiver) -> None:
    """And the next outage again."""
    bench.after(4 * INTERVAL)
    bench.watchdog.arrived()
    bench.after(1)
    bench.after(1)
    assert (receiver.statuses, bench.watchdog.missing) == (["firing", "resolved"], False)
    bench.after(4 * INTERVAL)
    assert receiver.statuses == ["firing", "resolved", "firing"]


def test_a_receiver_that_refuses_is_tried_again_at_growing_intervals(
    bench: Bench, receiver: Receiver
) -> None:
    """After 5, 10, 20 … seconds, until it takes the message."""
    receiver.status = 503
    bench.after(4 * INTERVAL)
    for pause, attempts in (
        (FIRST_RETRY_SECONDS - 1, 1),
        (1, 2),
        (2 * FIRST_RETRY_SECONDS - 1, 2),
        (1, 3),
    ):
        bench.after(pause)
        assert receiver.attempts == attempts
    receiver.status = 200
    bench.after(4 * FIRST_RETRY_SECONDS)
    assert (receiver.statuses, bench.watchdog.failures) == (["firing"], 3)


def test_a_failure_to_tell_is_counted_and_shown_without_the_address(
    bench: Bench, receiver: Receiver, session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    """The address may hold a secret; the log and readiness say what went wrong all the same."""
    receiver.status = 404
    bench.after(4 * INTERVAL)
    assert "DEADMAN_WEBHOOK could not be told (HTTP 404)" in bench.watchdog.detail()
    assert "HTTP 404" in caplog.text
    assert "secret-token" not in caplog.text + bench.watchdog.detail()
    counter = session.recorder.counter(metrics.TELEMETRY_ERRORS, "deadman.webhook")
    assert counter.values()[0] == 1


@pytest.mark.parametrize("webhook", ["http://127.0.0.1:9/", "no address", "ftp://x", "http://["])
def test_an_address_that_cannot_be_reached_does_no_harm(
    make: Callable[[str | None], Bench], webhook: str
) -> None:
    """The outage still shows in readiness."""
    bench = make(webhook)
    bench.after(4 * INTERVAL)
    assert (bench.watchdog.missing, bench.watchdog.failures) == (True, 1)


def test_an_outage_that_nobody_could_be_told_of_has_no_end_to_tell(
    bench: Bench, receiver: Receiver
) -> None:
    """A message that all is well again would only puzzle."""
    receiver.status = 500
    bench.after(4 * INTERVAL)
    bench.watchdog.arrived()
    receiver.status = 200
    bench.after(FIRST_RETRY_SECONDS)
    assert receiver.messages == []


def test_without_a_webhook_the_log_tells(
    make: Callable[[str | None], Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """One line for the outage, one for its end."""
    bench = make(None)
    for _ in range(5):
        bench.after(INTERVAL)
    bench.watchdog.arrived()
    bench.after(1)
    lines = [record.getMessage() for record in caplog.records if "dead-man" in record.message]
    assert len(lines) == 2
    assert "no Watchdog from Alertmanager" in lines[0]
    assert "no Watchdog" not in lines[1]


def test_an_empty_webhook_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """As compose files pass on what is not set."""
    monkeypatch.setenv("DEADMAN_WEBHOOK", "")
    monkeypatch.setenv("ALERTMANAGER_URL", "")
    settings = Settings()
    assert (settings.deadman_webhook, settings.alertmanager_url) == (None, None)


def test_a_webhook_that_is_no_address_stops_the_start() -> None:
    """Better than to find out when the alerting is dead."""
    with pytest.raises(ValidationError, match="deadman_webhook"):
        Settings(deadman_webhook="hooks.example.org/x")


def test_it_looks_until_it_is_cancelled(
    make: Callable[[str | None], Bench], receiver: Receiver
) -> None:
    """The task of the application: an outage is told without anybody asking."""
    bench = make(receiver.url)
    bench.now = 4 * INTERVAL

    async def look() -> None:
        task = asyncio.create_task(bench.watchdog.run())
        async with asyncio.timeout(30):
            while not receiver.messages:
                await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(look())
    assert receiver.statuses == ["firing"]
