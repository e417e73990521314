"""Feeds an engine chunk by chunk: bounded memory, and progress where no Python callback runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import nautilus_trader
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.common.component import is_backtest_force_stop

from backend.tick_source import Ticks

CHUNK = 20_000
"""Data points the engine takes at a time: about 0.1 s of work. Not slower than one call for
everything (measured: 0.91 to 1.02)."""

REPLAY_CHUNK = 200_000
MOST_PARTS = 10
"""Parts that a replay is cut into at most: the engine looks for the first tick of each from the
beginning of its data, at 40 ns a tick."""

SORTS_APART = tuple(int(part) for part in nautilus_trader.__version__.split(".")[:2]) > (1, 221)
"""1.221 sorts in add_data, and its sort_data cannot compare ticks; later versions need both."""


class StrategyStopped(Exception):
    """The strategy asked for the end of the run before the end of the data."""


def simulate(
    engine: BacktestEngine,
    ticks: Ticks,
    chunk: int,
    scope: Any,
    show: Callable[[int], None],
) -> None:
    """Run all ticks and end the engine; orders and PnL are those of a single `engine.run()`.

    `scope` is the run's telemetry; `show` is called with the data points so far after each chunk.
    Raises what the strategy raises, and StrategyStopped.
    """
    for part in chunks(_timed(ticks.batches, scope), chunk):
        with scope.stage("load"):
            engine.add_data(part, sort=not SORTS_APART)
        if SORTS_APART:
            with scope.stage("sort"):
                engine.sort_data()
        with scope.stage("run"):
            engine.run(streaming=True)
        engine.clear_data()
        _look_up(engine, ticks.rows, scope, show)
    with scope.stage("run"):
        engine.end()


def replay(
    engine: BacktestEngine,
    ticks: list[Any],
    chunk: int,
    scope: Any,
    show: Callable[[int], None],
) -> None:
    """As `simulate`, over ticks that the engine holds already, all of them and sorted."""
    for begin, end in borders(ticks, max(chunk, -(-len(ticks) // MOST_PARTS))):
        with scope.stage("run"):
            engine.run(start=ticks[begin].ts_init, end=ticks[end - 1].ts_init, streaming=True)
        _look_up(engine, len(ticks), scope, show)
    with scope.stage("run"):
        engine.end()


def _look_up(engine: BacktestEngine, rows: int, scope: Any, show: Callable[[int], None]) -> None:
    """What is done between two chunks."""
    scope.tick()
    show(engine.iteration)
    if is_backtest_force_stop():
        raise StrategyStopped(
            f"the strategy stopped the run after {engine.iteration} of {rows} data points"
        )


def chunks(batches: Iterator[list[Any]], size: int) -> Iterator[list[Any]]:
    """Lists of `size` ticks or a few more, as `borders` parts them."""
    for batch in batches:
        for begin, end in borders(batch, size):
            yield batch[begin:end]


def borders(ticks: list[Any], size: int) -> Iterator[tuple[int, int]]:
    """Ranges of `size` ticks or a few more: equal times stay together.

    The engine handles timers between two times; were equal ones parted, a bar could close early.
    """
    begin = 0
    while begin < len(ticks):
        end = min(begin + size, len(ticks))
        while end < len(ticks) and ticks[end].ts_init == ticks[end - 1].ts_init:
            end += 1
        yield begin, end
        begin = end


def _timed(batches: Iterator[list[Any]], scope: Any) -> Iterator[list[Any]]:
    """The batches, with the time to get them charged to the stage `query`."""
    while True:
        with scope.stage("query"):
            batch = next(batches, None)
        if batch is None:
            return
        yield batch
