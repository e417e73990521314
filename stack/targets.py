"""What there is to backtest on, and requests for it, good and bad."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from stack.client import Api, ApiError, Json

SPANS = {
    "5m": timedelta(minutes=5),
    "1h": timedelta(hours=1),
    "1d": timedelta(days=1),
}
"""Window → length, by the values of the label `window`."""

EMPTY_WINDOW = 422
"""Status of `GET catalog/ticks` where the catalog has no tick in the window."""

OFFSETS = 41
"""Five-minute steps between the windows of successive rounds: prime to the 288 of a day."""


@dataclass(frozen=True, slots=True)
class Target:
    """The ticks of one instrument in one raw file."""

    instrument_id: str
    kind: str
    day: str
    path: str
    """Of the raw file, relative to the day's folder."""
    rows: int

    @property
    def midnight(self) -> datetime:
        return datetime.fromisoformat(self.day).replace(tzinfo=UTC)


def targets_in(days: Iterable[Json]) -> list[Target]:
    """Targets in the answer of `GET datasets`, those with most rows first.

    A file of many instruments gives one target, for its first: its rows are not split by symbol.
    """
    found = [
        Target(file["instrument_ids"][0], file["kind"], day["day"], file["path"], file["rows"])
        for day in days
        for file in day["files"]
        if file["state"] != "unmatched" and file["instrument_ids"] and file["rows"]
    ]
    return sorted(found, key=lambda target: (-target.rows, target.day, target.path))


def backtest(target: Target, strategy: str, start: datetime, window: str, **more: object) -> Json:
    """Body of `POST backtest/run`."""
    return {
        "instrument_id": target.instrument_id,
        "kind": target.kind,
        "start": start.isoformat(),
        "end": (start + SPANS[window]).isoformat(),
        "strategy": strategy,
        **more,
    }


def window_start(api: Api, target: Target, window: str, number: int) -> datetime:
    """A start at which the target's converted ticks hold something.

    Whole days start at midnight; shorter windows at the first tick from an offset that moves with
    `number`, or at the day's first.
    """
    if window == "1d":
        return target.midnight
    offset = SPANS["5m"] * (number * OFFSETS % 288)
    for begin in (target.midnight + offset, target.midnight - SPANS["1d"]):
        if first := first_tick(api, target, begin):
            return first
    return target.midnight


def first_tick(api: Api, target: Target, begin: datetime) -> datetime | None:
    """Time of the first converted tick from `begin` to the end of the target's day."""
    end = target.midnight + SPANS["1d"]
    try:
        ticks = api.get(
            "/catalog/ticks",
            instrument_id=target.instrument_id, kind=target.kind,
            start=begin.isoformat(), end=end.isoformat(), limit=1,
        )  # fmt: skip
    except ApiError as error:
        if error.status == EMPTY_WINDOW:
            return None
        raise
    return first_time(ticks)


def first_time(ticks: Json) -> datetime | None:
    """Time of the first tick in an answer of `GET catalog/ticks`, to the microsecond below."""
    if not ticks["ticks"]:
        return None
    nanoseconds = int(ticks["ticks"][0]["ts_init"])
    return datetime.fromtimestamp(nanoseconds // 10**9, UTC) + timedelta(
        microseconds=nanoseconds % 10**9 // 1000
    )


@dataclass(frozen=True, slots=True)
class BadRequest:
    """A call that must be refused with a problem document."""

    name: str
    method: str
    path: str
    change: Json | None = None
    """What to change in a good backtest request."""
    content: bytes | None = None


BAD_REQUESTS = (
    BadRequest("unknown instrument", "POST", "/backtest/run", {"instrument_id": "EUR/USD.NOWHERE"}),
    BadRequest("end before start", "POST", "/backtest/run", {"end": "1999-01-01T00:00:00Z"}),
    BadRequest("id with ../", "GET", "/backtest/results/..%2F..%2Fetc%2Fpasswd"),
    BadRequest(
        "parameter of the wrong type", "POST", "/backtest/run",
        {"strategy": "ema_cross", "params": {"fast_ema_period": "many"}},
    ),
    BadRequest("unknown strategy", "POST", "/backtest/run", {"strategy": "os.system"}),
    BadRequest("not JSON", "POST", "/backtest/run", content=b"{"),
    BadRequest("10 MB", "POST", "/backtest/run", content=b" " * 10_000_000),
    BadRequest("unknown job", "GET", "/jobs/no-such-job"),
)  # fmt: skip
