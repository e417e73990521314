"""Many trades in one run: NautilusTrader's own analyzer against the one that gathers them.

    python -m benchmarks.trades [--rows 3000 6000 12000] [--pairs 3] [--json FILE]

Each run is one of the same engine set-up over the same ticks, in one process, in turn.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.figures import shown
from benchmarks.measuring import ratios
from benchmarks.section import Measure, Recommendation, Section, Table, emit, with_json
from benchmarks.sweep_data import END, INSTRUMENT_ID, START, write_catalog

ROWS = (3_000, 6_000, 12_000)
"""Ticks of a run; about every fourth closes a position."""
STAGES = ("run", "report")


def measure(sizes: list[int], pairs: int) -> dict[int, dict[str, Any]]:
    """By ticks of a run: its trades, and CPU seconds of each stage in each way."""
    with tempfile.TemporaryDirectory(prefix="trades-") as folder:
        return {rows: _pairs(Path(folder) / str(rows), rows, pairs) for rows in sizes}


def _pairs(catalog: Path, rows: int, pairs: int) -> dict[str, Any]:
    write_catalog(catalog, rows)
    run = _runner(catalog)
    found: dict[str, Any] = {"plain": [], "ours": []}
    run(True)  # what is done once in a process
    for _ in range(pairs):
        plain, ours = run(False), run(True)
        if plain["pnl"] != ours["pnl"]:
            raise AssertionError(f"other trades: {plain['pnl']} and {ours['pnl']}")
        found["plain"].append(plain)
        found["ours"].append(ours)
    return found | {"trades": ours["positions"]}


def _runner(catalog: Path) -> Callable[[bool], dict[str, Any]]:
    """Runs the same backtest, gathering its trades or not; CPU seconds of its stages."""
    from nautilus_trader.analysis import PortfolioAnalyzer
    from nautilus_trader.config import LoggingConfig

    from backend.catalog_manager import CatalogManager
    from backend.engine_setup import account_currency, build_engine, release
    from backend.models import BacktestRequest
    from backend.reporting import EquityCurve, report
    from backend.settings import Settings

    manager = CatalogManager(Settings(catalog_dir=catalog))
    instrument = manager.instrument(INSTRUMENT_ID)
    ticks = manager.query(INSTRUMENT_ID, "quote", 0, 2**62)
    request = BacktestRequest(
        instrument_id=INSTRUMENT_ID, kind="quote", start=START, end=END, strategy="ema_cross",
        params={"fast_ema_period": 2, "slow_ema_period": 3, "interval": "tick"},
    )  # fmt: skip

    def run(gathering: bool) -> dict[str, Any]:
        engine = build_engine(request, instrument, LoggingConfig(log_level="ERROR"))
        if not gathering:
            engine.portfolio.analyzer.__class__ = PortfolioAnalyzer
        curve = EquityCurve(engine, instrument, account_currency(request, instrument))
        engine.add_data(ticks)
        began = time.process_time()
        engine.run()
        ran = time.process_time()
        engine.end()
        told = report(engine, instrument.id.venue, curve)
        ended = time.process_time()
        release(engine)
        return {
            "run": ran - began, "report": ended - ran, "all": ended - began,
            "positions": told.positions, "pnl": told.pnl,
        }  # fmt: skip

    return run


def section(figures: dict[int, dict[str, Any]]) -> Section:
    """The report's part."""
    import nautilus_trader

    rows, measures = [], []
    for found in figures.values():
        trades = found["trades"]
        seconds = {
            (way, stage): statistics.median(run[stage] for run in found[way])
            for way in ("plain", "ours")
            for stage in (*STAGES, "all")
        }
        ratio = ratios(*([run["all"] for run in found[way]] for way in ("plain", "ours")))
        rows.append(
            (
                f"{trades:,}",
                *(shown(seconds[way, stage], "s") for way in ("plain", "ours") for stage in STAGES),
                shown(ratio["median"], "x"),
            )
        )
        measures += [
            Measure(f"{trades:,} trades, plain", seconds["plain", "all"], "s"),
            Measure(f"{trades:,} trades", seconds["ours", "all"], "s"),
            Measure(
                f"{trades:,} trades, plain / ours", ratio["median"], "x",
                (ratio["lowest"], ratio["highest"]), "higher",
            ),
        ]  # fmt: skip
    most = f"{max(found['trades'] for found in figures.values()):,} trades"
    return Section(
        "trades",
        "Many trades in one run",
        "An engine whose strategy turns its position round every few ticks, NautilusTrader "
        f"{nautilus_trader.__version__}. Plain is its own analyzer, which copies its series with "
        "every trade: what it takes grows with their square. Ours gathers them, and makes the "
        "series once; statistics are the same.",
        tables=(
            Table(
                "CPU of a run, and of its report",
                ("trades", "plain, run", "plain, report", "ours, run", "ours, report", "ratio"),
                tuple(rows),
            ),
        ),
        measures=tuple(measures),
        recommendations=(
            Recommendation(
                f"Do not analyse trades one by one: {most} take {{{most}}} instead of "
                f"{{{most}, plain}}."
            ),
        ),
    )


def main() -> None:
    parser = with_json(argparse.ArgumentParser(description=__doc__))
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS)
    parser.add_argument("--pairs", type=int, default=3)
    given = parser.parse_args()
    emit(section(measure(list(given.rows), given.pairs)), given.json)


if __name__ == "__main__":
    main()
