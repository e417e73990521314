"""Completes templates/links.tmpl for a place.

Alertmanager's templates know neither the console's address nor how to compute with `now-6h`.
"""

from __future__ import annotations

from pathlib import Path

from alerts.model import seconds
from alerts.place import Place
from alerts.rules import alerts

TEMPLATES = Path(__file__).with_name("templates")


def templates(place: Place) -> dict[str, str]:
    """File name → template, as Alertmanager at `place` reads it."""
    found = {path.name: path.read_text() for path in sorted(TEMPLATES.glob("*.tmpl"))}
    ranges = {alert.board.since for named in alerts(place.clock).values() for alert in named}
    found["links.tmpl"] = (
        found["links.tmpl"]
        .replace("@traces@", place.links.traces)
        .replace("@alerts@", place.links.alerts)
        .replace("@ranges@\n", "".join(map(_range, sorted(ranges, key=seconds))))
    )
    return found


def _range(since: str) -> str:
    """What a board's `since` means, in nanoseconds before the alert's start."""
    before = f".StartsAt.Add {-seconds(since) * 10**9}"
    return f'{{{{- if match "from=now-{since}&" $url }}}}{{{{ $from = {before} }}}}{{{{ end -}}}}\n'
