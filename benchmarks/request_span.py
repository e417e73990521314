"""What a recorded span, and the metrics, add to a request: CPU of the serving thread.

The application is called in process, without a socket, so that nothing but the instrumentation
differs. Variants take turns in one run; spans are recorded and sent nowhere.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from typing import Any

from fastapi import FastAPI
from rich.console import Console
from rich.table import Table

from nautilus_instrumentation import instrument, uninstrument

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


def table(figures: dict[str, Any]) -> Table:
    """The figures as a table."""
    shown = Table("request", "CPU", "against bare", title="Cost of a request's telemetry")
    for name, seconds in figures["seconds"].items():
        shown.add_row(name, f"{seconds * 1e6:.1f} µs", f"{figures['ratio'][name]:.2f}x")
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    Console().print(table(measure(parser.parse_args().rounds)))


if __name__ == "__main__":
    main()
