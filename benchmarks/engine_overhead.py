"""What instrumentation costs an engine: `python -m benchmarks.engine_overhead [--pairs 60]`.

Two whole runs differ by 2 to 4 per cent here without any reason, so neighbours are compared: one
streaming run over equal chunks, instrumented and plain in the order A B B A, main-thread CPU of
loading and running each chunk. The same with A and B both plain is the null comparison.

Instrumented means all of it: wrappers, spans, counters in a shared store, the 1 Hz ticker, GC hook.
"""

from __future__ import annotations

import argparse
import gc
import tempfile
import time
import timeit
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from nautilus_trader import __version__ as nautilus_version
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import AccountType, OmsType
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Currency, Money
from nautilus_trader.persistence.wranglers import QuoteTickDataWrangler
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy, StrategyConfig
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from rich.console import Console
from rich.table import Table

from nautilus_instrumentation import Session, instrument
from nautilus_instrumentation.guard import Guard
from nautilus_instrumentation.nautilus.hooks import nautilus_patches
from nautilus_instrumentation.patching import Patch, PatchSet, Shape
from nautilus_instrumentation.runtime.ticker import Ticker

CHUNK = 20_000
CHUNKS = 40
AIM_MEDIAN = 1.01
AIM_NULL = 0.005
AIM_OFF_NS = 100.0

INSTRUMENT = TestInstrumentProvider.default_fx_ccy("EUR/USD")


class Watcher(Strategy):
    """Looks at every tick in Python, so that the sampler thread competes for the GIL."""

    def __init__(self) -> None:
        super().__init__(StrategyConfig())
        self.seen = 0

    def on_start(self) -> None:
        self.subscribe_quote_ticks(INSTRUMENT.id)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        self.seen += 1


class Switch:
    """Turns the whole instrumentation on and off between two chunks of a run."""

    def __init__(self, session: Session, patches: PatchSet) -> None:
        self._session = session
        self._patches = patches
        self.on = False
        patches.enabled = False
        session.backtests.ticker = _GatedTicker(self)

    def turn(self, on: bool) -> None:
        """Off leaves the wrappers in place, as plain pass-throughs."""
        if on == self.on:
            return
        self.on = self._patches.enabled = on
        if on:
            self._session.gc.install()
        else:
            self._session.gc.uninstall()


class _GatedTicker(Ticker):
    """Ticks only while the switch is on."""

    def __init__(self, switch: Switch) -> None:
        super().__init__(1.0)
        self._switch = switch
        super().add(lambda: None)  # a session's ticker never stops: its thread costs no run

    def add(self, fn: Callable[[], object]) -> Callable[[], None]:
        return super().add(lambda: fn() if self._switch.on else None)


@contextmanager
def _instrumented() -> Iterator[tuple[Session, Switch]]:
    with tempfile.TemporaryDirectory() as directory:
        session = instrument(
            role="worker",
            metrics_dir=Path(directory),
            span_exporter=InMemorySpanExporter(),
            nautilus=False,
            gc=False,
        )
        patches = nautilus_patches(session.backtests, session.conversion)
        patches.install()
        try:
            yield session, Switch(session, patches)
        finally:
            patches.undo()
            if isinstance(session.backtests.ticker, Ticker):
                session.backtests.ticker.stop()
            session.close()


def _quotes(count: int) -> list[QuoteTick]:
    """Quotes of one day, evenly spread; the same every time."""
    rng = np.random.default_rng(0)
    start = pd.Timestamp("2024-01-02", tz="UTC")
    offsets = np.linspace(0, 86_400e9, count, endpoint=False).astype("int64")
    mid = 1.1 + np.cumsum(rng.normal(0, 1e-5, count))
    frame = pd.DataFrame(
        {
            "bid_price": (mid - 0.00005).round(5),
            "ask_price": (mid + 0.00005).round(5),
            "bid_size": 1e6,
            "ask_size": 1e6,
        },
        index=start + pd.to_timedelta(offsets, unit="ns"),
    )
    return QuoteTickDataWrangler(INSTRUMENT).process(frame)


def _engine() -> BacktestEngine:
    engine = BacktestEngine(
        config=BacktestEngineConfig(logging=LoggingConfig(log_level="OFF"), run_analysis=False)
    )
    usd = Currency.from_str("USD")
    engine.add_venue(
        venue=Venue("SIM"),
        oms_type=OmsType.HEDGING,
        account_type=AccountType.MARGIN,
        base_currency=usd,
        starting_balances=[Money(1_000_000, usd)],
    )
    engine.add_instrument(INSTRUMENT)
    engine.add_strategy(Watcher())
    return engine


def _pass(
    chunks: list[list[QuoteTick]], flip: bool, turn: Callable[[bool], None]
) -> list[tuple[float, float]]:
    """One run; CPU seconds (plain, instrumented) of each pair of chunks, warm-up left out."""
    engine = _engine()
    plain: list[float] = []
    measured: list[float] = []
    gc.collect()
    for index, chunk in enumerate(chunks):
        second = (index % 2 == 1) ^ ((index // 2) % 2 == 1) ^ flip
        turn(second)
        started = time.thread_time()
        engine.add_data(chunk)
        engine.run(streaming=True)
        (measured if second else plain).append(time.thread_time() - started)
        engine.clear_data()
    turn(True)
    engine.end()
    engine.dispose()
    turn(False)
    return list(zip(plain, measured, strict=True))[1:]


def _compare(
    chunks: list[list[QuoteTick]], pairs: int, turn: Callable[[bool], None]
) -> dict[str, float]:
    """Ratio instrumented / plain over at least `pairs` pairs: median with 95 % interval."""
    found: list[tuple[float, float]] = []
    flip = False
    while len(found) < pairs:
        found += _pass(chunks, flip, turn)
        flip = not flip
    ratios = np.array([measured / plain for plain, measured in found])
    rng = np.random.default_rng(1)
    medians = np.median(rng.choice(ratios, (2000, len(ratios))), axis=1)
    low, high = np.quantile(medians, [0.025, 0.975])
    whole = sum(measured for _, measured in found) / sum(plain for plain, _ in found)
    return {
        "pairs": float(len(found)),
        "median": float(np.median(ratios)),
        "low": float(low),
        "high": float(high),
        "of_sums": float(whole),
        "seconds_per_chunk": float(np.median([b - a for a, b in found])),
        "plain_us_per_tick": float(np.median([plain for plain, _ in found]) / len(chunks[0]) * 1e6),
    }


def _fixed_seconds(quotes: list[QuoteTick], switch: Switch, pairs: int) -> float:
    """CPU seconds that instrumentation adds to a run of one tick and the reset before it."""
    engine = _engine()
    engine.add_data(quotes[:1])
    engine.run()
    spent: dict[bool, list[float]] = {False: [], True: []}
    for index in range(2 * pairs):
        on = (index % 2 == 1) ^ ((index // 2) % 2 == 1)
        switch.turn(on)
        started = time.thread_time()
        engine.reset()
        engine.run()
        spent[on].append(time.thread_time() - started)
    switch.turn(False)
    engine.dispose()
    differences = [b - a for a, b in zip(spent[False], spent[True], strict=True)]
    return float(np.median(differences))


def _off_ns() -> float:
    """Nanoseconds that a wrapper which is switched off adds to the call of a Cython method.

    A method that does next to nothing, so that its own scatter does not hide the difference.
    """

    def body(*_args: Any) -> Generator[None, Any, None]:
        yield

    row = Patch(
        BacktestEngine.__module__, "BacktestEngine", "get_log_guard", Shape.CYTHON_DEF, body
    )
    patches = PatchSet([row], Guard(strict=True))
    patches.install()
    patches.enabled = False
    engine = _engine()
    wrapped = BacktestEngine.__dict__["get_log_guard"]

    def best(method: Any) -> float:
        call = timeit.Timer("call(engine)", globals={"call": method, "engine": engine})
        return min(call.repeat(200, 2_000)) / 2_000 * 1e9

    difference = best(wrapped) - best(wrapped.__wrapped__)
    patches.undo()
    engine.dispose()
    return difference


def measure(pairs: int = 60, chunk: int = CHUNK) -> dict[str, Any]:
    """All figures; ratios of main-thread CPU, seconds and nanoseconds as the keys say."""
    quotes = _quotes(chunk * CHUNKS)
    chunks = [quotes[first : first + chunk] for first in range(0, len(quotes), chunk)]
    with _instrumented() as (session, switch):
        store = type(session.recorder.store).__name__
        _pass(chunks[:4], False, lambda on: None)  # first run of the process: imports, caches
        null = _compare(chunks, pairs, lambda on: None)
        instrumented = _compare(chunks, pairs, switch.turn)
        fixed = _fixed_seconds(quotes, switch, 2 * pairs)
        off = _off_ns()
        errors = dict(session.guard.errors)
    return {
        "nautilus_version": nautilus_version,
        "store": store,
        "null": null,
        "instrumented": instrumented,
        "fixed_seconds_per_run": fixed,
        "off_ns_per_call": off,
        "telemetry_errors": errors,
        "aims_met": {
            "null": abs(null["median"] - 1) <= AIM_NULL,
            "median": instrumented["median"] <= AIM_MEDIAN,
            "off": off <= AIM_OFF_NS,
        },
    }


def table(report: dict[str, Any]) -> Table:
    """The report as a table for the terminal."""
    shown = Table(title=f"Engine overhead, NautilusTrader {report['nautilus_version']}")
    for column in ("figure", "measured", "aim"):
        shown.add_column(column)
    for name, aim in (("null", f"1 ± {AIM_NULL}"), ("instrumented", f"≤ {AIM_MEDIAN}")):
        found = report[name]
        shown.add_row(
            f"{name} / plain, main-thread CPU, {found['pairs']:.0f} pairs",
            f"{found['median']:.4f} [{found['low']:.4f}, {found['high']:.4f}]"
            f" (of sums {found['of_sums']:.4f})",
            aim,
        )
    shown.add_row("plain engine", f"{report['null']['plain_us_per_tick']:.2f} µs a tick", "")
    chunk = report["instrumented"]["seconds_per_chunk"]
    shown.add_row("cost of a chunk (load and run)", f"{chunk * 1e6:.0f} µs", "")
    shown.add_row("fixed cost of a run", f"{report['fixed_seconds_per_run'] * 1e6:.0f} µs", "")
    shown.add_row(
        "wrapper switched off", f"{report['off_ns_per_call']:.0f} ns a call", f"≤ {AIM_OFF_NS:.0f}"
    )
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--chunk", type=int, default=CHUNK, help="ticks in a chunk")
    arguments = parser.parse_args()
    Console().print(table(measure(arguments.pairs, arguments.chunk)))


if __name__ == "__main__":
    main()
