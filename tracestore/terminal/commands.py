"""The commands themselves. Exit codes: 0 found, 1 nothing found, 2 bad query, 3 no store."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.text import Text

from nautilus_instrumentation import attributes
from tracestore.settings import Settings
from tracestore.terminal import render
from tracestore.terminal.columns import console, show
from tracestore.terminal.tempo import Found, QueryRefused, StoreUnreachable, Tempo
from tracestore.terminal.units import clock, duration

NOTHING_FOUND, BAD_QUERY, NO_STORE = 1, 2, 3
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
AHEAD_SECONDS = 60
"""How far a search looks ahead, so that what has just begun is found on clocks that differ."""
LONG_AGO_SECONDS = 6 * 86400
"""How far back a run is looked for by its id: Tempo refuses more than seven days at once."""
FAILED_SPANS = 20
"""Spans looked at to find where the failure of a trace came from."""
COMPLETION_SECONDS = 1.0

RUN_PREFIX = "run-"
RUN = f'name = "{attributes.BACKTEST_RUN}"'
RUN_COLUMNS = ", ".join(
    f"span.{key}"
    for key in (
        attributes.RUN_ID,
        attributes.STRATEGY,
        attributes.INSTRUMENT_ID,
        attributes.WINDOW,
        attributes.STATUS,
        attributes.DATA_POINTS,
        attributes.stage_seconds("run"),
    )
)


def seconds_of(text: str) -> float:
    """Seconds of `30s`, `15m`, `2h`, `7d`. Raises typer.BadParameter."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text.strip())
    if match is None:
        raise typer.BadParameter(f"{text!r} is no duration: write 30s, 15m, 2h or 7d")
    return float(match[1]) * SECONDS[match[2]]


Since = Annotated[str, typer.Option("--since", help="How far back to look: 30s, 15m, 2h, 7d.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="Lines at most.")]
Json = Annotated[bool, typer.Option("--json", help="JSON for programs instead of a table.")]
Url = Annotated[
    str,
    typer.Option(
        "--url",
        envvar="TEMPO_URL",
        help="The embedded store or a Tempo. Default: port TEMPO_PORT (3200) of this machine.",
        show_default=False,
    ),
]
T = TypeVar("T")


def _tempo(url: str, timeout_seconds: float = 30.0) -> Tempo:
    store = Settings()
    host = os.environ.get("BIND_HOST") or store.host
    port = os.environ.get("TEMPO_PORT") or store.port
    return Tempo(url or f"http://{host}:{port}", timeout_seconds)


def _recent_traces() -> list[tuple[str, str]]:
    """What the shell offers for a trace: the newest of the last hour; nothing without a store."""
    tempo = _tempo(os.environ.get("TEMPO_URL", ""), COMPLETION_SECONDS)
    try:
        found = tempo.search("{ }", *_range("1h"), limit=20, spss=1)
    except (StoreUnreachable, QueryRefused):
        return []
    return [(trace.trace_id, trace.root_name) for trace in found]


def traces(
    query: Annotated[str, typer.Argument(help="TraceQL, such as { duration > 1s }")],
    since: Since = "1h",
    limit: Limit = 20,
    json_output: Json = False,
    url: Url = "",
) -> None:
    """Search traces by TraceQL; newest first."""
    start, end = _range(since)
    found = _ask(lambda: _tempo(url).search(query, start, end, limit))
    _show(found, render.found_table, asdict, json_output)


def trace(
    wanted: Annotated[
        str,
        typer.Argument(
            metavar="TRACE",
            help="A trace id, or the id of a run (run-…).",
            autocompletion=_recent_traces,
        ),
    ],
    json_output: Json = False,
    url: Url = "",
) -> None:
    """Draw one trace as a waterfall: critical path (●), durations, errors in red, run below.

    `path` is the share of the whole that was spent waiting for just this span.
    """
    tempo = _tempo(url)
    if wanted.startswith(RUN_PREFIX):
        wanted = _trace_of_run(tempo, wanted)
    if not re.fullmatch(r"[0-9a-fA-F]{1,32}", wanted):
        _stop(BAD_QUERY, f"{wanted!r} is neither a trace id (up to 32 hex digits) nor a run's")
    found = _ask(lambda: tempo.trace(wanted.lower().rjust(32, "0")), missing=NOTHING_FOUND)
    if json_output:
        _print_json(render.trace_document(found))
        return
    out = console()
    whole = duration(found.end_ns - found.start_ns)
    count = len(found.spans)
    show(out, Text(f"trace {found.trace_id}  {clock(found.start_ns)} UTC  {whole}  {count} spans"))
    show(out, render.waterfall(found, out.width))
    for part in (render.failures(found), render.facts(found)):
        if part:
            show(out, Text("\n") + part)


def _trace_of_run(tempo: Tempo, run_id: str) -> str:
    now = int(time.time())
    query = f"{{ {RUN} && span.{attributes.RUN_ID} = {json.dumps(run_id)} }}"
    found = _ask(lambda: tempo.search(query, now - LONG_AGO_SECONDS, now + AHEAD_SECONDS, 1))
    if not found:
        _stop(NOTHING_FOUND, f"no trace of {run_id}")
    return found[0].trace_id


def runs(since: Since = "1h", limit: Limit = 20, json_output: Json = False, url: Url = "") -> None:
    """List the recent backtest runs; newest first."""
    start, end = _range(since)
    query = f"{{ {RUN} }} | select({RUN_COLUMNS})"
    found = _ask(lambda: _tempo(url).search(query, start, end, limit, spss=1))
    _show(found, render.runs_table, render.run_facts, json_output)


def slow(since: Since = "1h", limit: Limit = 10, json_output: Json = False, url: Url = "") -> None:
    """List the slowest backtest runs; slowest first."""
    start, end = _range(since)
    found = _ask(lambda: _tempo(url).slowest(RUN, f"select({RUN_COLUMNS})", start, end, limit))
    _show(found, render.runs_table, render.run_facts, json_output)


def errors(
    since: Since = "1h", limit: Limit = 20, json_output: Json = False, url: Url = ""
) -> None:
    """List the traces in which something failed; newest first."""
    start, end = _range(since)
    query = "{ status = error } | select(name, statusMessage)"
    found = _ask(lambda: _tempo(url).search(query, start, end, limit, FAILED_SPANS))
    _show(found, render.errors_table, render.error_facts, json_output)


def _range(since: str) -> tuple[int, int]:
    """Unix seconds between which to search."""
    now = time.time()
    return int(now - seconds_of(since)), int(now) + AHEAD_SECONDS


def _ask(call: Callable[[], T], missing: int = BAD_QUERY) -> T:
    try:
        return call()
    except StoreUnreachable as error:
        _stop(NO_STORE, f"no trace store: {error}. Is the stack running? TEMPO_URL names it.")
    except QueryRefused as error:
        _stop(missing, str(error))


def _show(
    found: list[Found],
    table: Callable[[Sequence[Found], int], Text],
    document: Callable[[Found], dict[str, Any]],
    json_output: bool,
) -> None:
    if json_output:
        _print_json([document(trace) for trace in found])
    elif found:
        out = console()
        show(out, table(found, out.width))
    if not found:
        _stop(NOTHING_FOUND, "nothing found")


def _print_json(document: Any) -> None:
    typer.echo(json.dumps(document, indent=2))


def _stop(code: int, reason: str) -> NoReturn:
    Console(stderr=True, highlight=False).print(reason, markup=False, soft_wrap=True)
    raise typer.Exit(code)
