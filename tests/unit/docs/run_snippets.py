"""Executes the Python of docs/guide/instrument.md against the library and a real engine.

Run by path, in a process of its own: engines and hooks are global. Prints JSON: the spans of each
process that the page talks of, and `metrics` as the page's own application serves them.
"""

from __future__ import annotations

import json
import re
import sys
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.enums import AccountType, OmsType
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Money
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.test_kit.stubs.data import TestDataStubs
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import nautilus_instrumentation as library
from nautilus_instrumentation import instrument

LOGGING = LoggingConfig(log_level="OFF")
NOON_NS = 1_736_164_800_000_000_000
"""2025-01-06 12:00 UTC. A run that begins at 0 aborts the process in 1.221."""
log_guards: list[Any] = []
"""The first engine of a process owns the logging of all; it must outlive them."""


def blocks(page: str) -> list[str]:
    """Fenced Python, in the order of the page."""
    return re.findall(r"^```python\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)


def new_engine() -> BacktestEngine:
    """An engine with one quote, ready to run."""
    engine = BacktestEngine(BacktestEngineConfig(logging=LOGGING, run_analysis=False))
    log_guards.append(engine.get_log_guard())
    instrument = TestInstrumentProvider.default_fx_ccy("EUR/USD")
    engine.add_venue(
        Venue("SIM"), OmsType.NETTING, AccountType.MARGIN,
        base_currency=USD, starting_balances=[Money.from_str("1000000 USD")],
    )  # fmt: skip
    engine.add_instrument(instrument)
    engine.add_data([TestDataStubs.quote_tick(instrument, ts_event=NOON_NS, ts_init=NOON_NS)])
    return engine


class Process:
    """One process of the page's reader: a session whose spans stay here, and the names in scope."""

    def __init__(self, **names: Any) -> None:
        self.exporter = InMemorySpanExporter()
        library.instrument = partial(instrument, span_exporter=self.exporter, strict=True)
        self.names = names

    def run(self, *snippets: str, **names: Any) -> None:
        self.names.update(names)
        for snippet in snippets:
            exec(snippet, self.names)

    def end(self) -> list[dict[str, Any]]:
        """Close the session; its spans."""
        self.names["session"].close()
        return [
            {
                "name": span.name,
                "trace": f"{span.context.trace_id:032x}",
                "attributes": dict(span.attributes or {}),
            }
            for span in self.exporter.get_finished_spans()
        ]


def execute(page: str) -> dict[str, Any]:
    """What the snippets make: in a parent, in its worker, and in a process that does it all."""
    one_process, own_run, worker, own_steps, own_cache = blocks(page)
    carriers: list[dict[str, str]] = []
    parent = Process(app=FastAPI(), run_id="run-0", work=carriers.append)
    parent.run(one_process, own_run)
    found = {"parent": parent.end()}

    child = Process(slot=1, carrier=carriers[0])
    child.run("from nautilus_instrumentation import instrument")
    child.run(worker, engine=EngineOnDemand())
    found["worker"] = child.end()

    alone = Process(app=FastAPI(), run_id="run-1", load=list, cache={"kept": 1})
    alone.run(one_process, seconds_it_once_took=0.5)
    alone.run(own_steps, engine=EngineOnDemand())
    alone.run(own_cache, key="kept")
    alone.run(own_cache, key="new")
    metrics = TestClient(alone.names["app"]).get("/metrics/").text
    return {**found, "alone": alone.end(), "metrics": metrics}


class EngineOnDemand:
    """Made where it is run: an engine is part of the telemetry once that is installed."""

    def run(self) -> None:
        new_engine().run()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(execute(Path(sys.argv[1]).read_text())))
