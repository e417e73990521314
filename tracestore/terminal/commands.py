"""The commands themselves. Exit codes: 0 found, 1 nothing found, 2 bad query, 3 no store."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from nautilus_instrumentation import attributes
from tracestore.terminal import render
from tracestore.terminal.tempo import Found, QueryRefused, StoreUnreachable, Tempo

NOTHING_FOUND, BAD_QUERY, NO_STORE = 1, 2, 3
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

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
    str, typer.Option("--url", envvar="TEMPO_URL", help="The embedded store or a Tempo.")
]
DEFAULT_URL = "http://127.0.0.1:3200"
T = TypeVar("T")


def traces(
    query: Annotated[str, typer.Argument(help="TraceQL, such as { duration > 1s }")],
    since: Since = "1h",
    limit: Limit = 20,
    json_output: Json = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Search traces by TraceQL; newest first."""
    start, end = _range(since)
    found = _ask(lambda: Tempo(url).search(query, start, end, limit))
    _show(found, render.found_table, asdict, json_output)


def trace(
    trace_id: Annotated[str, typer.Argument(help="32 hex digits")],
    json_output: Json = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Draw one trace as a waterfall: durations, critical path (●, bold), errors in red."""
    if not re.fullmatch(r"[0-9a-fA-F]{1,32}", trace_id):
        _stop(BAD_QUERY, f"{trace_id!r} is no trace id: up to 32 hex digits")
    found = _ask(lambda: Tempo(url).trace(trace_id.lower().rjust(32, "0")), missing=NOTHING_FOUND)
    if json_output:
        _print_json(render.trace_document(found))
        return
    out = render.console()
    whole = render.duration(found.end_ns - found.start_ns)
    out.print(f"trace {found.trace_id}  {render.clock(found.start_ns)} UTC  {whole}")
    out.print(render.waterfall(found))
    for line in render.failures(found):
        out.print(line)
    facts = render.facts_table(found)
    if facts is not None:
        out.print(facts)


def runs(
    since: Since = "1h", limit: Limit = 20, json_output: Json = False, url: Url = DEFAULT_URL
) -> None:
    """List the recent backtest runs; newest first."""
    start, end = _range(since)
    query = f"{{ {RUN} }} | select({RUN_COLUMNS})"
    found = _ask(lambda: Tempo(url).search(query, start, end, limit, spss=1))
    _show(found, render.runs_table, render.run_facts, json_output)


def slow(
    since: Since = "1h", limit: Limit = 10, json_output: Json = False, url: Url = DEFAULT_URL
) -> None:
    """List the slowest backtest runs; slowest first."""
    start, end = _range(since)
    found = _ask(lambda: Tempo(url).slowest(RUN, f"select({RUN_COLUMNS})", start, end, limit))
    _show(found, render.runs_table, render.run_facts, json_output)


def errors(
    since: Since = "1h", limit: Limit = 20, json_output: Json = False, url: Url = DEFAULT_URL
) -> None:
    """List the traces in which something failed; newest first."""
    start, end = _range(since)
    query = "{ status = error } | select(name, statusMessage)"
    found = _ask(lambda: Tempo(url).search(query, start, end, limit, spss=1))
    _show(found, render.errors_table, asdict, json_output)


def _range(since: str) -> tuple[int, int]:
    """Unix seconds; the end lies ahead so that what has just begun is found."""
    now = time.time()
    return int(now - seconds_of(since)), int(now) + 60


def _ask(call: Callable[[], T], missing: int = BAD_QUERY) -> T:
    try:
        return call()
    except StoreUnreachable as error:
        _stop(NO_STORE, f"no trace store: {error}. Is the stack running? TEMPO_URL names it.")
    except QueryRefused as error:
        _stop(missing, str(error))


def _show(
    found: list[Found],
    table: Callable[[list[Found]], Table],
    document: Callable[[Found], dict[str, Any]],
    json_output: bool,
) -> None:
    if json_output:
        _print_json([document(trace) for trace in found])
    elif found:
        render.console().print(table(found))
    if not found:
        _stop(NOTHING_FOUND, "nothing found")


def _print_json(document: Any) -> None:
    typer.echo(json.dumps(document, indent=2))


def _stop(code: int, reason: str) -> NoReturn:
    Console(stderr=True, highlight=False).print(reason, markup=False)
    raise typer.Exit(code)
