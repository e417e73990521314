"""The drill's receiver takes what Alertmanager and the backend send, and nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from stack.drill.receiver import ALERTS, DEADMAN, Inbox, Notice, Receiver

FAR = 60.0


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as started:
        yield started


def message(*alerts: tuple[str, dict[str, str]]) -> dict[str, object]:
    """A webhook message of Alertmanager with (status, labels) of its alerts."""
    return {
        "version": "4",
        "status": "firing",
        "alerts": [{"status": status, "labels": labels} for status, labels in alerts],
    }


def post(receiver: Receiver, path: str, **options: object) -> int:
    return httpx.post(receiver.url(path), trust_env=False, **options).status_code  # type: ignore[arg-type]


def test_every_alert_of_a_message_is_a_notice(receiver: Receiver) -> None:
    """Each has its own status, whatever the message's is."""
    began = time.monotonic()
    sent = message(("firing", {"alertname": "A", "job": "x"}), ("resolved", {"alertname": "B"}))
    assert post(receiver, ALERTS, json=sent) == 200
    notices = receiver.inbox.since(began)
    assert [(n.status, n.name, n.source) for n in notices] == [
        ("firing", "A", "alertmanager"), ("resolved", "B", "alertmanager"),
    ]  # fmt: skip
    assert all(began <= notice.received <= time.monotonic() for notice in notices)


@pytest.mark.parametrize("status", ["firing", "resolved"])
def test_the_backend_s_own_message_is_a_notice(receiver: Receiver, status: str) -> None:
    """DEADMAN_WEBHOOK takes another form than Alertmanager's."""
    sent = {"status": status, "alert": "WatchdogMissing", "text": "nobody is told"}
    assert post(receiver, DEADMAN, json=sent) == 200
    (notice,) = receiver.inbox.since(0)
    assert (notice.name, notice.status, notice.source) == ("WatchdogMissing", status, "deadman")


@pytest.mark.parametrize(
    ("path", "options", "status"),
    [
        (ALERTS, {"content": b"{"}, 400),
        (ALERTS, {"json": {"version": "3", "alerts": []}}, 400),
        (ALERTS, {"json": {"version": "4", "alerts": [{"status": "firing"}]}}, 400),
        (ALERTS, {"json": {"version": "4", "alerts": [{"status": "odd", "labels": {}}]}}, 400),
        (ALERTS, {"content": iter([b"{}"])}, 411),
        (DEADMAN, {"json": []}, 400),
        ("/elsewhere", {"json": {}}, 404),
    ],
)
def test_what_is_no_notification_is_refused(
    receiver: Receiver, path: str, options: dict[str, object], status: int
) -> None:
    """A malformed message must not pass for a notification that came."""
    assert post(receiver, path, **options) == status
    assert receiver.inbox.since(0) == []


def test_the_first_wanted_notice_is_found_when_it_comes_later() -> None:
    """Waiting ends with the notice, not with the deadline."""
    inbox, began = Inbox(), time.monotonic()
    wanted = Notice(began + 1, "firing", {"alertname": "A"})
    thread = threading.Thread(target=inbox.put, args=([wanted],))
    thread.start()
    assert inbox.first(lambda n: n.name == "A", began, began + FAR) is wanted
    thread.join()


def test_notices_from_before_do_not_count() -> None:
    """What an earlier fault raised is not this one's."""
    inbox, now = Inbox(), time.monotonic()
    inbox.put([Notice(now - 1, "firing", {"alertname": "A"})])
    assert inbox.first(lambda n: n.name == "A", now, now) is None


def test_waiting_ends_when_the_drill_is_told_to() -> None:
    """Ctrl-C does not wait for the deadline."""
    began = time.monotonic()
    assert Inbox().first(lambda _: True, began, began + FAR, lambda: True) is None
    assert time.monotonic() < began + FAR


def test_labels_fit_when_all_that_are_wanted_agree() -> None:
    """A notice may have more labels than are asked for, and none that differs."""
    notice = Notice(0, "firing", {"alertname": "A", "job": "x", "slot": "1"})
    assert notice.fits({"alertname": "A", "job": "x"})
    assert not notice.fits({"alertname": "A", "job": "y"})
    assert not notice.fits({"alertname": "A", "window": "5m"})


def test_firing_and_resolved_of_one_alert_have_one_identity() -> None:
    """The order of labels does not matter."""
    fired = Notice(1, "firing", {"alertname": "A", "job": "x"})
    assert fired.identity == Notice(2, "resolved", {"job": "x", "alertname": "A"}).identity
