"""A running platform: its addresses, how it is asked, and how long it may take to answer well."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import httpx
import yaml

from tests.compat.asked import ROOT
from tests.compat.grafana import Window, seconds

Result = TypeVar("Result")
Json = dict[str, Any]

POLL_SECONDS = 0.5


class Refused(Exception):
    """A service did not answer with data; the message is its own."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the services are; no slash at the end."""

    prometheus: str
    alertmanager: str
    tempo: str


@dataclass
class Platform:
    """Prometheus, Alertmanager and a Tempo, with a common deadline for all that needs time."""

    addresses: Addresses
    patience: float
    """Seconds, from now, after which what has not come is missing."""
    fresh: bool
    """Whether it was started for the tests, so that nothing has failed in it by accident."""
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30, trust_env=False))
    deadline: float = field(init=False)

    def __post_init__(self) -> None:
        self.deadline = time.monotonic() + self.patience

    def window(self, span: int) -> Window:
        """The last `span` seconds, as a board shows them."""
        now = time.time()
        return Window(now - span, now, self.scrape_seconds)

    @cached_property
    def scrape_seconds(self) -> int:
        """The interval between scrapes, which the datasource must be told in Grafana."""
        configured = yaml.safe_load((ROOT / "prometheus.yml").read_text())
        return seconds(configured["global"]["scrape_interval"])

    def prometheus(self, call: str, **parameters: Any) -> Any:
        """`data` of an answer of Prometheus' API. Raises Refused."""
        answer = self._get(f"{self.addresses.prometheus}/api/v1/{call}", parameters).json()
        if answer.get("warnings"):
            raise Refused(f"warnings: {answer['warnings']}")
        return answer["data"]

    def alertmanager(self, call: str, **parameters: Any) -> Any:
        """An answer of Alertmanager's API. Raises Refused."""
        return self._get(f"{self.addresses.alertmanager}/api/v2/{call}", parameters).json()

    def search(self, query: str, window: Window, limit: int, spans: int) -> list[Json]:
        """The traces that TraceQL finds. Raises Refused."""
        answer = self._get(
            f"{self.addresses.tempo}/api/search",
            {"q": query, "limit": limit, "spss": spans, "start": int(window.start),
             "end": int(window.end) + 1},
        )  # fmt: skip
        found: list[Json] = answer.json().get("traces") or []
        return found

    def opens(self, trace_id: str) -> bool:
        """Whether the trace store has the trace."""
        url = f"{self.addresses.tempo}/api/v2/traces/{trace_id}"
        return self.client.get(url, headers={"Accept": "application/json"}).status_code == 200

    def eventually(
        self, ask: Callable[[], Result], holds: Callable[[Result], bool], grace: float = 0
    ) -> Result:
        """Ask until the answer is as wanted or the platform's time is over; the last answer.

        `grace`: seconds from now that are given in any case.
        """
        deadline = max(self.deadline, time.monotonic() + grace)
        while not holds(answer := ask()) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        return answer

    def _get(self, url: str, parameters: Json) -> httpx.Response:
        try:
            answer = self.client.get(url, params=parameters)
        except httpx.HTTPError as error:
            raise Refused(f"{url}: {error}") from error
        if answer.is_success:
            return answer
        raise Refused(f"{answer.status_code} {answer.text[:500]}")
