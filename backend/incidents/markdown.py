"""An incident as Markdown: for a report, a ticket, or a chat."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from backend.incidents import board
from backend.incidents.models import (
    Incident,
    IncidentAlert,
    IncidentRun,
    IncidentRuns,
    RunningRun,
    SeriesPanel,
    TraceSearch,
)

_LONGEST_CELL = 300
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~])")


def markdown(incident: Incident, console: str) -> str:
    """The document; `console` is the address that its links begin with, without a slash."""
    parts = [
        _head(incident, console),
        _alerts(incident, console),
        _runs(incident, console),
        *(_search(one, incident, console) for one in incident.traces),
        _series(incident.series),
        _foot(incident),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(incident: Incident, console: str) -> str:
    length = _length((incident.end - incident.start).total_seconds())
    lines = [
        f"# Incident {_time(incident.start)} to {_time(incident.end)}",
        "",
        f"{length}; written {_time(incident.generated_at)}. Times are UTC.",
        "",
        f"- [The console's view]({console}/incident?{_range(incident.start, incident.end)})",
        f"- [The board]({console}/dashboards/{board.UID}?{_range(incident.start, incident.end)})",
    ]
    if incident.missing:
        lines += ["", "**Not all of it is here:**", ""]
        lines += [f"- {_cell(one.what)}: {_cell(one.reason)}" for one in incident.missing]
    return "\n".join(lines)


def _alerts(incident: Incident, console: str) -> str:
    found = incident.alerts
    rows = [_alert(one, console) for one in found.items]
    heads = ("alert", "severity", "from", "to", "state", "labels", "summary")
    more = _left_out(found.total - len(found.items), "alerts")
    return _section("Alerts", found.total, _table(heads, rows), more)


def _alert(one: IncidentAlert, console: str) -> Sequence[str]:
    told = {"alertname", "severity"}
    labels = ", ".join(f"{name}={value}" for name, value in one.labels.items() if name not in told)
    name = f"[{_cell(one.name)}]({console}/alerts?{urlencode({'alert': one.name})})"
    ends = _time(one.ends_at) if one.ends_at else "–"
    summary = one.annotations.get("summary", "")
    return (
        name, _cell(one.severity), _time(one.starts_at), ends, one.state, _cell(labels),
        _cell(summary),
    )  # fmt: skip


def _runs(incident: Incident, console: str) -> str:
    runs = incident.runs
    said = ", ".join(f"{number} {status}" for status, number in runs.by_status.items())
    failed = sum(number for status, number in runs.by_status.items()
                 if status not in ("ok", "cancelled"))  # fmt: skip
    heads = ("run", "status", "strategy", "instrument", "started", "took", "stage", "error")
    failures = [
        (_run(one, console), one.status, _cell(one.strategy), _cell(one.instrument_id),
         _time(one.started_at), _length(one.duration_seconds), _cell(one.last_stage or ""),
         _cell(one.error or ""))
        for one in runs.failed
    ]  # fmt: skip
    slow_heads = ("run", "strategy", "instrument", "window", "started", "took", "objective")
    slow = [
        (_run(one, console), _cell(one.strategy), _cell(one.instrument_id), one.window,
         _time(one.started_at), _length(one.duration_seconds),
         _objective(one.objective_seconds, one.duration_seconds, ", met"))
        for one in runs.slowest
    ]  # fmt: skip
    more = _left_out(failed - len(runs.failed), "failed runs")
    return "\n\n".join(
        part for part in (
            f"## Runs: {runs.total}", said,
            _section("Failed runs", failed, _table(heads, failures), more, level=3),
            _running(runs, console),
            _section("Slowest runs", None, _table(slow_heads, slow), "", level=3),
        ) if part
    )  # fmt: skip


def _running(runs: IncidentRuns, console: str) -> str:
    heads = ("run", "strategy", "instrument", "window", "started", "so far", "objective", "stage")
    rows = [
        (_run(one, console), _cell(one.strategy), _cell(one.instrument_id), one.window,
         _time(one.started_at), _length(one.seconds_so_far),
         _objective(one.objective_seconds, one.seconds_so_far, ""), _stage(one))
        for one in runs.running
    ]  # fmt: skip
    more = _left_out(runs.running_total - len(runs.running), "running ones")
    return _section("Still running", runs.running_total, _table(heads, rows), more, level=3)


def _run(one: IncidentRun | RunningRun, console: str) -> str:
    return f"[{one.run_id}]({console}/runs/{one.run_id})"


def _objective(objective: float | None, seconds: float, within: str) -> str:
    """`within`: the verdict as long as it is not missed."""
    if objective is None:
        return "–"
    return f"{_length(objective)}{', missed' if seconds > objective else within}"


def _stage(one: RunningRun) -> str:
    done = "" if one.progress is None else f" {one.progress:.0%}"
    return f"{_cell(one.stage or '')}{done}"


def _search(found: TraceSearch, incident: Incident, console: str) -> str:
    heads = ("trace", "root", "service", "started", "took", "more")
    rows = [
        (f"[{one.trace_id}]({console}/traces/{one.trace_id})", _cell(one.name),
         _cell(one.service), _time(one.started_at), _length(one.duration_ms / 1_000),
         _cell(", ".join(f"{name}={value}" for name, value in one.attributes.items())))
        for one in found.traces
    ]  # fmt: skip
    search = urlencode({"q": found.query}, quote_via=quote)
    link = f"{console}/traces?{search}&{_range(incident.start, incident.end)}"
    return _section(
        f"Traces: {_cell(found.title)}", len(found.traces), _table(heads, rows),
        f"Search: [`{found.query.replace('`', '')}`]({link})",
    )  # fmt: skip


def _series(panels: Sequence[SeriesPanel]) -> str:
    if not panels:
        return ""
    heads = ("panel", "line", "unit", "least", "most", "last")
    rows = [
        (_cell(panel.title), _cell(line.name), panel.unit, _number(line.least),
         _number(line.most), _number(line.last))
        for panel in panels for line in panel.lines
    ]  # fmt: skip
    quiet = [panel.title for panel in panels if not panel.lines]
    return "\n\n".join(
        part for part in (
            "## Series", _table(heads, rows),
            f"Without values: {_cell(', '.join(quiet))}." if quiet else "",
        ) if part
    )  # fmt: skip


def _foot(incident: Incident) -> str:
    said = ", ".join(f"{name} {version}" for name, version in incident.versions.items())
    return f"---\n\n{_cell(said)}"


def _section(title: str, total: int | None, table: str, more: str, level: int = 2) -> str:
    count = "" if total is None else f": {total}"
    parts = [f"{'#' * level} {title}{count}", table or "None.", more]
    return "\n\n".join(part for part in parts if part)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = list(_lines(heads, rows))
    return "\n".join(lines) if len(lines) > 2 else ""


def _lines(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'|'.join('---' for _ in heads)}|"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _left_out(number: int, what: str) -> str:
    return f"{number} more {what} are left out." if number > 0 else ""


def _cell(text: str) -> str:
    """Text that is nothing but text, in one line."""
    line = " ".join(text.split())
    shown = line if len(line) <= _LONGEST_CELL else f"{line[: _LONGEST_CELL - 1]}…"
    return _SPECIAL.sub(r"\\\1", shown)


def _range(start: datetime, end: datetime) -> str:
    first, last = (round(moment.timestamp() * 1_000) for moment in (start, end))
    return f"from={first}&to={last}"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _length(seconds: float) -> str:
    """`840 ms`, `12.3 s`, `1:02:03`."""
    if seconds < 1:
        return f"{seconds * 1_000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 60 else str(timedelta(seconds=round(seconds)))


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
