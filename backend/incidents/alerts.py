"""Alerts that fired in a time: as people were told, as Alertmanager and as Prometheus have it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from backend.alert_models import ActiveAlert, Notification
from backend.incidents.models import AlertState, IncidentAlert, IncidentAlerts
from backend.incidents.series import Sample
from backend.notifications import WATCHDOG

MOST_ALERTS = 200
FIRED = f'ALERTS{{alertstate="firing", alertname!="{WATCHDOG}"}}'
"""PromQL; Prometheus' own record of what fired."""
_OWN = ("__name__", "alertstate")


def told(notifications: Iterable[Notification]) -> list[IncidentAlert]:
    """One for each time an alert fired, from the messages of its begin and its end."""
    found: dict[tuple[str, datetime], IncidentAlert] = {}
    for one in notifications:
        key = one.fingerprint, one.starts_at
        known = found.get(key)
        if known is None:
            found[key] = IncidentAlert(
                name=one.name, severity=one.severity, labels=one.labels,
                annotations=one.annotations, state=one.status, starts_at=one.starts_at,
                ends_at=one.ends_at, told_at=one.received_at, sources=["notifications"],
            )  # fmt: skip
            continue
        known.told_at = min(known.told_at or one.received_at, one.received_at)
        if one.ends_at is not None:
            known.state, known.ends_at = "resolved", one.ends_at
    return list(found.values())


def active(alerts: Iterable[ActiveAlert]) -> list[IncidentAlert]:
    """What Alertmanager has now; what waits for its first message fires too."""
    return [
        IncidentAlert(
            name=one.name, severity=one.severity, labels=one.labels, annotations=one.annotations,
            state="firing" if one.state == "pending" else one.state,
            starts_at=one.starts_at, ends_at=None, told_at=None, sources=["alertmanager"],
        )
        for one in alerts
        if one.name != WATCHDOG
    ]  # fmt: skip


def recorded(series: Iterable[Sample], step: float, end: float) -> list[IncidentAlert]:
    """Stretches of `FIRED`, whose samples are `step` seconds apart, up to `end` (Unix seconds)."""
    found = []
    for one in series:
        labels = {name: value for name, value in one.labels.items() if name not in _OWN}
        for first, last in _stretches([time for time, _ in one.values], step):
            ended = last + 1.5 * step < end
            found.append(
                IncidentAlert(
                    name=labels.get("alertname", ""), severity=labels.get("severity", ""),
                    labels=labels, annotations={}, state="resolved" if ended else "firing",
                    starts_at=_moment(first), ends_at=_moment(last) if ended else None,
                    told_at=None, sources=["prometheus"],
                )
            )  # fmt: skip
    return found


def merged(
    known: Sequence[IncidentAlert],
    others: Iterable[IncidentAlert],
    slack: timedelta,
) -> list[IncidentAlert]:
    """`known` and those of `others` that are not among them; `others` fill in what is missing.

    The same alert within `slack` of the same time is the same. `others` may lack labels that
    Prometheus adds when it sends an alert on.
    """
    all_of_it = list(known)
    for other in others:
        same = next((one for one in all_of_it if _same(one, other, slack)), None)
        if same is None:
            all_of_it.append(other)
            continue
        same.sources = sorted({*same.sources, *other.sources})
        same.state = _later(same, other)
        same.ends_at = same.ends_at or (other.ends_at if same.state == "resolved" else None)
    return all_of_it


def within(found: Iterable[IncidentAlert], start: datetime, end: datetime) -> IncidentAlerts:
    """Those that fired in that time, the first to fire first."""
    ours = [
        one
        for one in found
        if one.starts_at <= end and (one.ends_at is None or one.ends_at >= start)
    ]
    ours.sort(key=lambda one: (one.starts_at, one.name, sorted(one.labels.items())))
    return IncidentAlerts(items=ours[:MOST_ALERTS], total=len(ours))


def _same(one: IncidentAlert, other: IncidentAlert, slack: timedelta) -> bool:
    if not other.labels.items() <= one.labels.items():
        return False
    starts_before_end = one.ends_at is None or other.starts_at - slack <= one.ends_at
    ends_after_start = other.ends_at is None or other.ends_at + slack >= one.starts_at
    return starts_before_end and ends_after_start


def _later(one: IncidentAlert, other: IncidentAlert) -> AlertState:
    """A message of the end is the last word; else what is known of now, or of the record's end."""
    return one.state if one.state == "resolved" or other.state == "firing" else other.state


def _stretches(times: Sequence[float], step: float) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    for time in times:
        if found and time - found[-1][1] <= 1.5 * step:
            found[-1] = found[-1][0], time
        else:
            found.append((time, time))
    return found


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
