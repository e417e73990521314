"""Tables of what the demo does and did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from stack.alerting import Alerting
from stack.monitor import (
    CACHE_HITS,
    CACHE_MISSES,
    GROUPS_PRUNED,
    GROUPS_READ,
    IN_PROGRESS,
    MUST_MOVE,
    REPEAT_RATIO,
)
from stack.tally import Run, Tally

STATUSES = ("ok", "error", "cancelled", "timeout", "killed")


@dataclass(frozen=True, slots=True)
class Link:
    """A running service and where to look at it."""

    name: str
    url: str
    shows: str


@dataclass(frozen=True, slots=True)
class View:
    """What the tables show: a moment of the demo."""

    elapsed: float
    duration: float | None
    links: tuple[Link, ...]
    nautobs: str
    """How to call `nautobs` for this stack."""
    tally: Tally
    source: str
    """Where `before` and `now` were read: Prometheus or the exporter."""
    before: Mapping[str, float]
    now: Mapping[str, float]
    """Values of metrics by label, at readiness and now."""
    alerting: Alerting | None = None
    """At the end, where there is Prometheus and Alertmanager."""

    def moved(self) -> list[str]:
        """Labels of the families that must move and did."""
        return [
            item.label
            for item in MUST_MOVE
            if self.now.get(item.label, 0.0) > self.before.get(item.label, 0.0)
        ]

    def grown(self, label: str) -> float:
        return self.now.get(label, 0.0) - self.before.get(label, 0.0)


def live(view: View) -> RenderableType:
    """The table that is redrawn while the demo runs."""
    heading = Text(f"{clock(view)}   ", style="bold")
    heading.append("Ctrl-C ends it", style="dim")
    # What matters most comes first: a small terminal shows only the top.
    return _spaced(
        heading, _failures(view.tally), _jobs(view), commands(view), addresses(view.links),
        _metrics(view),
    )  # fmt: skip


def slowest_run(tally: Tally) -> Run | None:
    """The run to look at first."""
    return max(tally.runs, key=lambda run: run.seconds, default=None)


def line(view: View) -> str:
    """One line for terminals that cannot redraw, and for logs."""
    tally = view.tally
    ended = sum(tally.jobs.values())
    such_as = f", such as {tally.failures[-1]}" if tally.failures else ""
    return (
        f"{clock(view)}  jobs {ended}  bad requests refused {tally.refused}  "
        f"running {view.now.get(IN_PROGRESS.label, 0):.0f}  "
        f"data points {number(view.grown('data points'))}  "
        f"metrics moving {len(view.moved())} of {len(MUST_MOVE)}  "
        f"failures {tally.failure_count}{such_as}"
    )


def summary(view: View) -> RenderableType:
    """The tables that close the demo."""
    return _spaced(
        Text(f"What ran in {view.elapsed:.0f} s", style="bold"),
        _jobs(view),
        _figures(view),
        _metrics(view),
        _failures(view.tally),
        Text("Where to look while it runs", style="bold"),
        addresses(view.links),
    )


def as_json(view: View, problems: list[str]) -> dict[str, Any]:
    """The summary for programs."""
    tally = view.tally
    jobs: dict[str, dict[str, int]] = {}
    for (what, how), count in sorted(tally.jobs.items()):
        jobs.setdefault(what, {})[how] = count
    return {
        "elapsed_seconds": view.elapsed,
        "duration_seconds": view.duration,
        "services": {link.name: link.url for link in view.links},
        "jobs": jobs,
        "runs": [asdict(run) for run in tally.runs],
        "conversion_seconds": {name: list(took) for name, took in tally.conversions.items()},
        "rows_converted": tally.rows_converted,
        "rows_rejected": tally.rows_rejected,
        "bad_requests_refused": tally.refused,
        "reads": tally.reads,
        "reads_unchanged": tally.unchanged,
        "first_round_done": tally.first_round_done,
        "metrics_from": view.source,
        "metrics": {
            label: {"before": view.before.get(label, 0.0), "now": value}
            for label, value in view.now.items()
        },
        "alerting": view.alerting.as_json() if view.alerting else None,
        "failures": tally.failures,
        "problems": problems,
    }


def clock(view: View) -> str:
    total = "" if view.duration is None else f" of {view.duration:.0f} s"
    return f"{view.elapsed:5.0f} s{total}"


def addresses(links: Iterable[Link]) -> Table:
    """The services and where they are."""
    table = _table("service", "address", "shows")
    # An address is copied: what it serves may wrap instead.
    table.columns[1].no_wrap, table.columns[1].overflow = True, "fold"
    for link in links:
        table.add_row(link.name, link.url, link.shows)
    return table


def commands(view: View) -> RenderableType:
    """Commands to copy."""
    text = Text(f"{view.nautobs} runs", style="bold")
    text.append("   also: slow, errors, traces, doctor", style="not bold")
    if slowest := slowest_run(view.tally):
        text.append(f"\n{view.nautobs} trace {slowest.trace_id}")
        text.append(f"   the slowest so far: {slowest.what}", style="not bold")
    return text


def _jobs(view: View) -> Table:
    table = _table("job", *(f">{status}" for status in STATUSES), ">median", ">max", ">points/s")
    seconds: dict[str, list[float]] = {}
    speed: dict[str, list[float]] = {}
    for run in view.tally.runs:
        seconds.setdefault(run.what, []).append(run.seconds)
        if run.points_per_second:
            speed.setdefault(run.what, []).append(run.points_per_second)
    for what in sorted({name for name, _ in view.tally.jobs}):
        counts = (view.tally.jobs[what, status] for status in STATUSES)
        took = seconds.get(what, [])
        table.add_row(
            what,
            *(str(count or "") for count in counts),
            duration(median(took)) if took else "",
            duration(max(took)) if took else "",
            number(median(speed[what])) if what in speed else "",
        )
    return table


def _figures(view: View) -> Table:
    tally = view.tally
    table = _table("figure", "value")
    for name in ("first", "cached"):
        if times := tally.conversions.get(name):
            shown = (
                f"{duration(median(times))} median, {duration(max(times))} max, {len(times)} files"
            )
            table.add_row(f"conversion, {'first' if name == 'first' else 'repeated'}", shown)
    table.add_row(
        "rows converted", f"{number(tally.rows_converted)}, {number(tally.rows_rejected)} rejected"
    )
    table.add_row("data points", number(view.grown("data points")))
    if repeat := view.now.get(REPEAT_RATIO.label, 0.0):
        table.add_row("repeated conversion / first", f"{repeat:.2%}")
    for name, part, rest in (
        ("cache hits", CACHE_HITS, CACHE_MISSES),
        ("row groups pruned", GROUPS_PRUNED, GROUPS_READ),
    ):
        if shown := _share(view.grown(part.label), view.grown(rest.label)):
            table.add_row(name, shown)
    table.add_row("seconds saved by caches", number(view.grown("cache seconds saved")))
    table.add_row("engine resets in sweeps", number(view.grown("engine resets")))
    table.add_row("reads", f"{number(tally.reads)}, {number(tally.unchanged)} of them unchanged")
    table.add_row("bad requests refused", number(tally.refused))
    if view.alerting:
        table.add_row("alerts", view.alerting.summary)
    if tally.cut_off:
        table.add_row("jobs cut off at the end", number(tally.cut_off))
    if slowest := slowest_run(tally):
        table.add_row(
            "slowest run",
            f"{slowest.what}, {duration(slowest.seconds)}, {number(slowest.data_points)} points\n"
            f"run {slowest.run_id}\ntrace {slowest.trace_id}",
        )
    return table


def _share(part: float, rest: float) -> str:
    """`3 of 4 (75%)`; empty where there is nothing."""
    whole = part + rest
    return f"{number(part)} of {number(whole)} ({part / whole:.0%})" if whole else ""


def _metrics(view: View) -> Table:
    """Two families a row."""
    table = _table(f"metric ({view.source})", ">now", ">grown", "metric", ">now", ">grown")
    cells = [
        (item.label, number(view.now.get(item.label, 0.0)), number(view.grown(item.label)))
        for item in MUST_MOVE
    ]
    half = (len(cells) + 1) // 2
    for left, right in zip(cells[:half], [*cells[half:], ("", "", "")], strict=False):
        table.add_row(*left, *right)
    return table


def _failures(tally: Tally) -> RenderableType:
    if not tally.failure_count:
        return Text("Nothing failed that should not have (faulty must fail).", style="green")
    shown = [Text(f"{tally.failure_count} failed that should not have:", style="bold red")]
    shown += [Text(f"  {message}") for message in tally.failures[-5:]]
    return Group(*shown)


def _spaced(*parts: RenderableType) -> Group:
    """The parts with an empty line between them."""
    return Group(*(piece for part in parts for piece in (part, Text())))


def _table(*columns: str) -> Table:
    """Columns that start with `>` are right-aligned."""
    table = Table(header_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in columns:
        table.add_column(name.removeprefix(">"), justify="right" if name[0] == ">" else "left")
    return table


def number(value: float) -> str:
    """`1,234`, `12.3 k`, `4.56 M`: short, for tables."""
    if abs(value) >= 1e6:
        return f"{value / 1e6:.2f} M"
    if abs(value) >= 1e5:
        return f"{value / 1e3:.0f} k"
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.1f}"


def duration(seconds: float) -> str:
    """`3 ms`, `1.24 s`."""
    return f"{seconds * 1e3:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def problems(view: View, deaths: Iterable[object], *, complete: bool) -> list[str]:
    """Why the demo counts as failed; empty when all parts worked.

    `complete`: every kind of work was done at least once, so that every metric must have moved.
    """
    found = [str(death) for death in deaths]
    if view.tally.failure_count:
        found.append(f"{view.tally.failure_count} pieces of work ended as they should not")
    if complete:
        still = [item.label for item in MUST_MOVE if item.label not in view.moved()]
        if still:
            found.append(f"{view.source} shows no growth of: {', '.join(still)}")
    return found
