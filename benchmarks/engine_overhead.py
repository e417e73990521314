"""What instrumentation costs an engine: `python -m benchmarks.engine_overhead [--pairs 60]`."""

from __future__ import annotations

import argparse
import gc
import time
import timeit
from collections.abc import Callable, Generator
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

from benchmarks.engine_switch import Switch, instrumented
from benchmarks.section import Measure, Recommendation, Section, Table, Target, emit, with_json
from nautilus_instrumentation.guard import Guard
from nautilus_instrumentation.patching import Patch, PatchSet, Shape

TEXT = """
Two whole runs differ by 2 to 4 per cent without any reason, so neighbours are compared: one
streaming run over equal chunks, instrumented and plain in the order A B B A, main-thread CPU of
loading and running each chunk. The same with A and B both plain is the null comparison: what noise
alone makes. Instrumented means all of it: wrappers, spans, counters in a shared store, the ticker
that looks once a second, the hook of garbage collection.
"""
CHUNK = 20_000
CHUNKS = 40
ADDED = "added to an engine's time"
NULL = "null comparison, off zero"
FIXED = "fixed cost of a run"
OFF = "wrapper switched off, a call"

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
    with instrumented() as (session, switch):
        store = type(session.recorder.store).__name__
        _pass(chunks[:4], False, lambda on: None)  # first run of the process: imports, caches
        null = _compare(chunks, pairs, lambda on: None)
        compared = _compare(chunks, pairs, switch.turn)
        fixed = _fixed_seconds(quotes, switch, 2 * pairs)
        off = _off_ns()
        errors = dict(session.guard.errors)
    return {
        "nautilus_version": nautilus_version,
        "store": store,
        "null": null,
        "instrumented": compared,
        "fixed_seconds_per_run": fixed,
        "off_ns_per_call": off,
        "telemetry_errors": errors,
    }


def percent(ratio: float) -> float:
    return (ratio - 1) * 100


def section(report: dict[str, Any]) -> Section:
    """The figures as a part of the report."""
    plain, found = report["null"], report["instrumented"]
    return Section(
        "engine_overhead", "Instrumentation of an engine", TEXT,
        tables=(
            Table(
                f"Instrumented against plain, NautilusTrader {report['nautilus_version']}",
                ("comparison", "pairs", "median", "95 % interval", "of the sums"),
                tuple(
                    (
                        name, f"{row['pairs']:.0f}", f"{row['median']:.4f}",
                        f"{row['low']:.4f}–{row['high']:.4f}", f"{row['of_sums']:.4f}",
                    )
                    for name, row in (("null: both plain", plain), ("instrumented", found))
                ),
            ),
        ),
        measures=(
            Measure(
                ADDED, percent(found["median"]), "%",
                (percent(found["low"]), percent(found["high"])),
            ),
            Measure(NULL, abs(percent(plain["median"])), "%"),
            Measure("a tick, plain", plain["plain_us_per_tick"] / 1e6, "s"),
            Measure(FIXED, report["fixed_seconds_per_run"], "s"),
            Measure(OFF, report["off_ns_per_call"] / 1e9, "s"),
        ),
        targets=(
            Target("an instrumented engine", ADDED, 1.0, "at most", "%", "issue"),
            Target("the comparison with itself", NULL, 0.5, "at most", "%", "aim"),
            Target("a wrapper that is switched off", OFF, 100e-9, "at most", "s", "issue"),
        ),
        recommendations=(
            Recommendation(
                f"Leave the instrumentation on: it adds {{{ADDED}}} to an engine's time, and "
                f"{{{FIXED}}} to a run whatever its length."
            ),
        ),
    )  # fmt: skip


def main() -> None:
    parser = with_json(argparse.ArgumentParser(description=__doc__.splitlines()[0]))
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--chunk", type=int, default=CHUNK, help="ticks in a chunk")
    given = parser.parse_args()
    emit(section(measure(given.pairs, given.chunk)), given.json)


if __name__ == "__main__":
    main()
