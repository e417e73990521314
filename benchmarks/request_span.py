"""What a recorded span, and the metrics, add to a request: CPU of the serving thread."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from typing import Any

from fastapi import FastAPI

from benchmarks.figures import shown
from benchmarks.section import Measure, Recommendation, Section, Table, emit, with_json
from nautilus_instrumentation import instrument, uninstrument

TEXT = """
The application is called in process, without a socket, so that nothing but the instrumentation
differs. Variants take turns in one run; spans are recorded and sent nowhere.
"""
REQUESTS = 400
"""In one turn of a variant."""

SCOPE = {
    "type": "http",
    "asgi": {"version": "3.0", "spec_version": "2.4"},
    "http_version": "1.1",
    "method": "GET",
    "scheme": "http",
    "path": "/items/1",
    "raw_path": b"/items/1",
    "query_string": b"",
    "root_path": "",
    "headers": [(b"host", b"localhost")],
    "client": ("127.0.0.1", 50000),
    "server": ("127.0.0.1", 80),
}


VARIANTS: dict[str, bool | None] = {"bare": None, "metrics": False, "metrics and span": True}
"""Name: whether there are spans; None for no instrumentation at all."""


def measure(rounds: int = 9) -> dict[str, Any]:
    """Seconds of CPU a request by variant (median of the rounds), and ratios to `bare`."""
    app = _app()
    seconds: dict[str, list[float]] = {name: [] for name in VARIANTS}
    for turn in range(rounds + 1):
        for name, tracing in VARIANTS.items():
            spent = _variant(app, tracing)
            if turn:  # the first warms up
                seconds[name].append(spent)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    ratios = {name: value / medians["bare"] for name, value in medians.items()}
    return {"seconds": medians, "ratio": ratios}


def _variant(app: FastAPI, tracing: bool | None) -> float:
    if tracing is None:
        return asyncio.run(_turn(app))
    session = instrument(nautilus=False, gc=False, tracing=tracing, spans_to="none")
    try:
        session.instrument_app(app)
        return asyncio.run(_turn(app))
    finally:
        uninstrument()


def _app() -> FastAPI:
    app = FastAPI()

    @app.get("/items/{item}")
    async def item(item: int) -> dict[str, int]:
        return {"item": item}

    return app


async def _turn(app: FastAPI) -> float:
    """Thread CPU seconds of a request, over REQUESTS of them."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        assert message.get("status", 200) == 200

    started = time.thread_time()
    for _ in range(REQUESTS):
        await app(dict(SCOPE), receive, send)
    return (time.thread_time() - started) / REQUESTS


def section(figures: dict[str, Any]) -> Section:
    """The figures as a part of the report."""
    ratio = figures["ratio"]
    return Section(
        "request_span", "Telemetry of a request", TEXT,
        tables=(
            Table(
                "CPU of a request", ("request", "CPU", "against bare"),
                tuple(
                    (name, shown(seconds, "s"), shown(ratio[name], "x"))
                    for name, seconds in figures["seconds"].items()
                ),
            ),
        ),
        measures=(
            Measure("bare request, CPU", figures["seconds"]["bare"], "s"),
            Measure("request with metrics, against bare", ratio["metrics"], "x"),
            Measure("request with metrics and span, against bare", ratio["metrics and span"], "x"),
        ),
        recommendations=(
            Recommendation(
                "Sample traces where requests are many and short: a request costs "
                "{request with metrics and span, against bare} of a bare one with a recorded span, "
                "{request with metrics, against bare} with metrics alone."
            ),
        ),
    )  # fmt: skip


def main() -> None:
    parser = with_json(argparse.ArgumentParser(description=__doc__))
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    emit(section(measure(given.rounds)), given.json)


if __name__ == "__main__":
    main()
