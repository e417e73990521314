"""What is kept of Alertmanager's notifications, and in which order it comes back."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from backend.alert_models import LONGEST_VALUE, Webhook
from backend.errors import Invalid
from backend.notifications import Notifications

Open = Callable[..., Notifications]


def alert(number: int = 1, status: str = "firing", name: str = "TargetDown", **more: Any) -> dict:
    return {
        "status": status,
        "labels": {"alertname": name, "severity": "page", "job": "nautilus"},
        "annotations": {"summary": f"number {number}"},
        "startsAt": "2026-01-05T12:00:00.123456789Z",
        "endsAt": "0001-01-01T00:00:00Z" if status == "firing" else "2026-01-05T12:05:00Z",
        "generatorURL": "http://127.0.0.1:9090/graph",
        "fingerprint": f"{number:016x}",
        **more,
    }


def webhook(*alerts: dict) -> Webhook:
    return Webhook.model_validate(
        {"version": "4", "groupKey": "{}", "receiver": "page", "status": "firing",
         "externalURL": "http://127.0.0.1:9093", "alerts": list(alerts)}
    )  # fmt: skip


@pytest.fixture
def reopen(tmp_path: Path) -> Iterator[Open]:
    """Opens the same file, as a second process or after a restart would."""
    opened: list[Notifications] = []

    def start(**options: Any) -> Notifications:
        opened.append(Notifications(tmp_path / "kept.sqlite3", **options))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


@pytest.fixture
def kept(reopen: Open) -> Notifications:
    return reopen(clock=iter(range(1_000, 2_000)).__next__)


def numbers(kept: Notifications) -> list[int]:
    return [int(one.fingerprint, 16) for one in kept.page(limit=1_000).items]


def test_a_notification_comes_back_as_it_was_sent(kept: Notifications) -> None:
    """With labels, texts, times and the way it took."""
    kept.add(webhook(alert(7)))
    (one,) = kept.page().items
    assert (one.name, one.severity, one.status) == ("TargetDown", "page", "firing")
    assert one.labels["job"] == "nautilus"
    assert one.annotations == {"summary": "number 7"}
    assert one.starts_at.isoformat() == "2026-01-05T12:00:00.123456+00:00"
    assert (one.ends_at, one.times) == (None, 1)
    assert (one.receiver, one.alertmanager_url) == ("page", "http://127.0.0.1:9093")
    assert one.received_at.timestamp() == 1_000


def test_the_newest_comes_first(kept: Notifications) -> None:
    """In the order of arrival, whatever started first."""
    for number in (3, 1, 2):
        kept.add(webhook(alert(number)))
    assert numbers(kept) == [2, 1, 3]


def test_a_repeated_notification_is_updated_in_its_place(kept: Notifications) -> None:
    """Alertmanager repeats what still fires; that is no news, but its latest text counts."""
    kept.add(webhook(alert(1)))
    kept.add(webhook(alert(2)))
    kept.add(webhook(alert(1, annotations={"summary": "worse"})))
    assert numbers(kept) == [2, 1]
    first = kept.page().items[1]
    assert (first.annotations["summary"], first.times) == ("worse", 2)
    assert first.received_at.timestamp() == 1_000
    assert first.last_received_at.timestamp() == 1_002


@pytest.mark.parametrize(
    "other", [{"status": "resolved"}, {"startsAt": "2026-01-05T13:00:00Z"}], ids=["status", "start"]
)
def test_the_end_and_the_next_time_are_news(kept: Notifications, other: dict) -> None:
    """An alert that ends, or fires again later, is a notification of its own."""
    kept.add(webhook(alert(1)))
    kept.add(webhook(alert(1, **other)))
    assert numbers(kept) == [1, 1]


def test_the_end_of_an_alert_has_its_time(kept: Notifications) -> None:
    """`ends_at` is null only while it fires."""
    kept.add(webhook(alert(1, "resolved")))
    ended = kept.page().items[0].ends_at
    assert ended is not None
    assert ended.isoformat() == "2026-01-05T12:05:00+00:00"


def test_the_watchdog_is_not_kept(kept: Notifications) -> None:
    """It comes every minute and would push out what matters."""
    kept.add(webhook(alert(1, name="Watchdog"), alert(2)))
    assert numbers(kept) == [2]


def test_only_the_newest_are_kept(reopen: Open) -> None:
    """The oldest go, also when one group brings more than there is room for."""
    kept = reopen(kept=3)
    kept.add(webhook(alert(1), alert(2)))
    kept.add(webhook(*(alert(number) for number in range(3, 8))))
    assert numbers(kept) == [7, 6, 5]


def test_they_survive_a_restart(reopen: Open) -> None:
    """What was taken is on disk."""
    first = reopen()
    first.add(webhook(alert(1)))
    first.close()
    assert numbers(reopen()) == [1]


def test_several_may_write_at_once(reopen: Open) -> None:
    """Threads of one process, and another process, lose nothing and repeat nothing."""
    stores = [reopen(), reopen()]
    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(stores[n % 2].add, webhook(alert(n % 20))) for n in range(80)]
        assert [job.result() for job in jobs] == [None] * 80
    assert sorted(numbers(stores[0])) == list(range(20))
    assert sum(one.times for one in stores[1].page().items) == 80


def test_pages_follow_each_other_while_more_arrives(kept: Notifications) -> None:
    """A cursor stands for a place: nothing is repeated or left out."""
    kept.add(webhook(*(alert(number) for number in range(1, 6))))
    first = kept.page(limit=2)
    kept.add(webhook(alert(6)))
    second = kept.page(limit=2, cursor=first.next_cursor)
    third = kept.page(limit=2, cursor=second.next_cursor)
    seen = [int(one.fingerprint, 16) for page in (first, second, third) for one in page.items]
    assert seen == [5, 4, 3, 2, 1]
    assert third.next_cursor is None


@pytest.mark.parametrize(
    "cursor", ["", "nonsense", "LTE", "MA", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk", "é"]
)
def test_a_cursor_that_no_page_gave_is_refused(kept: Notifications, cursor: str) -> None:
    """The error names the parameter."""
    with pytest.raises(Invalid) as raised:
        kept.page(cursor=cursor)
    assert raised.value.field == "cursor"


def test_a_very_long_text_is_cut(kept: Notifications) -> None:
    """Refusing it would lose the notification, keeping it would let the file grow."""
    kept.add(webhook(alert(1, annotations={"description": "x" * 10 * LONGEST_VALUE})))
    assert len(kept.page().items[0].annotations["description"]) == LONGEST_VALUE


def test_a_damaged_file_is_put_aside(reopen: Open, tmp_path: Path) -> None:
    """New notifications find a place; the old bytes stay for who wants to look."""
    (tmp_path / "kept.sqlite3").write_bytes(b"not a database" * 1000)
    kept = reopen()
    kept.add(webhook(alert(1)))
    assert numbers(kept) == [1]
    (aside,) = tmp_path.glob("kept.sqlite3.damaged-*")
    assert aside.read_bytes().startswith(b"not a database")


def test_a_group_is_kept_whole_or_not_at_all(reopen: Open, tmp_path: Path) -> None:
    """Alertmanager sends a group again that failed; half of it must not be there already."""
    kept = reopen()
    with sqlite3.connect(tmp_path / "kept.sqlite3") as other:
        other.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON notifications"
            " WHEN NEW.fingerprint LIKE '%2' BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    other.close()
    with pytest.raises(sqlite3.DatabaseError):
        kept.add(webhook(alert(1), alert(2)))
    assert numbers(kept) == []
