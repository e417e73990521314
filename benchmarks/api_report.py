"""The API's figures as a section of the report."""

from __future__ import annotations

from typing import Any

from benchmarks.api_load import Load
from benchmarks.figures import shown
from benchmarks.section import Measure, Plot, Recommendation, Section, Table, Target

TEXT = """
A service with two workers, its exporter and stored results, all processes of their own, asked over
kept connections by callers that ask again as soon as they are answered. Idle, and with a backtest
running in each worker; the callers too want a core. By hand: `ab -n 100 -c 10
http://127.0.0.1:8000/api/health`, and `curl -so /dev/null --compressed -w '%{time_starttransfer}
%{time_total} %{size_download}' 'http://127.0.0.1:8000/api/backtest/results?limit=50'`.
"""
LIMITS = {"health": 0.100, "list": 0.500, "get": 0.200}
"""Seconds that the mission allows."""
LIST_LIMIT = 0.050
"""Seconds that the issue allows for listing 10,000 results."""
LINES = "all lines of a table"
SHORTEST_PAUSE = 50e-6
"""Seconds; what is shorter cannot be told from the timer's own lateness."""


def section(found: dict[str, Any]) -> Section:
    """Tables, measures and targets of what `benchmarks.api.measure` found."""
    measures = [*_load_measures(found), *_list_measures(found), *_other_measures(found)]
    return Section(
        "api",
        "HTTP API",
        TEXT,
        tables=(_load_table(found), _lists(found), _loop(found), _ticks(found), _scrape(found)),
        measures=tuple(measures),
        targets=_targets(),
        plots=(
            Plot(
                "p95 by callers, idle", "bar", "s",
                {f"{callers} callers": tuple(
                    (name, found["idle"][name, callers].quantile(95)) for name in LIMITS)
                 for callers in (10, 100)},
            ),
        ),
        recommendations=(
            Recommendation(
                "Fetch long lists as lines of a table: all stored results arrive in "
                "{table of all results, HTTP}; summaries are for pages that show few."
            ),
            Recommendation(
                "Ask again with If-None-Match: an unchanged list costs {unchanged list, HTTP}."
            ),
            Recommendation(
                "Take ticks as Arrow: a stream begins after {Arrow stream, first byte} and leaves "
                "the service its memory, whatever its length."
            ),
        ),
    )  # fmt: skip


def _load_measures(found: dict[str, Any]) -> list[Measure]:
    measures = []
    for state in ("idle", "busy"):
        for (name, callers), seen in found[state].items():
            label = f"{name}, {callers} callers, {state}"
            measures.append(Measure(f"{label}, p95", seen.quantile(95), "s"))
            measures.append(Measure(f"{label}, rate", seen.rate, "requests/s", better="higher"))
    return measures


def _list_measures(found: dict[str, Any]) -> list[Measure]:
    lists, http = found["lists"], found["http lists"]
    page = lists["first page of 50"]
    return [
        Measure("first page of all results", page, "s"),
        Measure("page by the slowest column", lists["page of 50 by the slowest column"], "s"),
        Measure("table of all results", lists[LINES], "s"),
        Measure("table of all results, HTTP", http[f"{LINES}, zstd"].quantile(50), "s"),
        Measure("unchanged list, HTTP", http["first page of 50, not changed"].quantile(50), "s"),
        Measure(
            "index against opening all files", found["plain list"] / page, "x", better="higher"
        ),
    ]


def _other_measures(found: dict[str, Any]) -> list[Measure]:
    loop, ticks = found["loop"], next(iter(found["ticks"].values()))
    ours = loop["ours, gzip"][1]
    return [
        Measure("longest pause of the loop, all lines, gzip", ours, "s"),
        Measure(
            "pause against gzip 9 on the loop",
            loop["gzip 9 on the loop"][1] / max(ours, SHORTEST_PAUSE), "x", better="higher",
        ),
        Measure(
            "answer against FastAPI's encoder of an untyped list",
            loop["untyped list, FastAPI's encoder"][0] / loop["ours, zstd"][0], "x",
            better="higher",
        ),
        Measure("Arrow stream, first byte", ticks["first"], "s"),
        Measure("Arrow stream, all", ticks["all"], "s"),
        Measure("Arrow stream, memory of the service", ticks["growth"], "B"),
        Measure("scrape, p99", found["scrape"]["alone"].quantile(99), "s"),
        Measure("scrape beside 100 callers, p99",
                found["scrape"]["beside 100 callers"].quantile(99), "s"),
    ]  # fmt: skip


def _targets() -> tuple[Target, ...]:
    under_load = [
        Target(f"{name} under load", f"{name}, {callers} callers, idle, p95", limit, "at most",
               "s", "mission")
        for name, limit in LIMITS.items()
        for callers in (10, 100)
    ]  # fmt: skip
    lists = [
        Target("10,000 results listed", measure, LIST_LIMIT, "at most", "s", "issue")
        for measure in ("first page of all results", "page by the slowest column",
                        "table of all results", "table of all results, HTTP")
    ]  # fmt: skip
    return (*under_load, *lists)


def _quantiles(seen: Load) -> tuple[str, str, str]:
    return tuple(shown(seen.quantile(percent), "s") for percent in (50, 95, 99))  # type: ignore[return-value]


def _load_table(found: dict[str, Any]) -> Table:
    rows = [
        (name, str(callers), state, f"{seen.rate:,.0f}", *_quantiles(seen))
        for state in ("idle", "busy")
        for (name, callers), seen in found[state].items()
    ]
    columns = ("call", "callers", "workers", "requests/s", "p50", "p95", "p99")
    return Table("Under load", columns, tuple(rows))


def _lists(found: dict[str, Any]) -> Table:
    rows = [(f"{name}, in the service", shown(took, "s"), "") for name, took in
            found["lists"].items()]  # fmt: skip
    rows += [
        (f"{name}, over HTTP", shown(seen.quantile(50), "s"), shown(seen.size, "B"))
        for name, seen in found["http lists"].items()
    ]
    rows.append(
        ("plain: first page of 50 by opening all files", shown(found["plain list"], "s"), "")
    )
    return Table(f"Lists of {found['results']:,} results", ("list", "median", "body"), tuple(rows))


def _loop(found: dict[str, Any]) -> Table:
    rows = tuple(
        (name, shown(took, "s"), shown(pause, "s")) for name, (took, pause) in found["loop"].items()
    )
    title = "All lines of a table, by who encodes and compresses them"
    return Table(title, ("", "answer", "longest pause of the event loop"), rows)


def _ticks(found: dict[str, Any]) -> Table:
    rows = tuple(
        (name, *(shown(seen[part], "s") for part in ("first", "all")),
         *(shown(seen[part], "B") for part in ("bytes", "growth")))
        for name, seen in found["ticks"].items()
    )  # fmt: skip
    return Table("Ticks", ("", "first byte", "all", "body", "memory of the service"), rows)


def _scrape(found: dict[str, Any]) -> Table:
    rows = tuple(
        (name, *_quantiles(seen), shown(seen.size, "B")) for name, seen in found["scrape"].items()
    )
    return Table("Scrape of the exporter", ("", "p50", "p95", "p99", "body"), rows)
