"""Our conversion against wrangler + write_data: rows per second, memory, and what a repeat costs.

    python -m benchmarks.conversion [--rows 1000000]

Every measurement runs in a fresh process, after its imports; memory is what it grew by over that.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from importlib import import_module
from pathlib import Path
from typing import Any

ROWS = 1_000_000
DAY = "2024-01-02"
KINDS = ("quote", "trade")
_DESCRIPTIONS = """
[[dataset]]
match = "quotes.parquet"
kind = "quote"
instrument_id = "EUR/USD.SIM"
instrument = "currency_pair"
quote_currency = "USD"
price_precision = 5
size_precision = 0
time = { unit = "ns" }
[dataset.columns]
ts_event = "ts"
bid_price = "bid_price"
ask_price = "ask_price"
bid_size = "bid_size"
ask_size = "ask_size"

[[dataset]]
match = "trades.parquet"
kind = "trade"
instrument_id = "EUR/USD.SIM"
instrument = "currency_pair"
quote_currency = "USD"
price_precision = 5
size_precision = 0
columns = { ts_event = "ts", price = "price", size = "size", trade_id = "trade_id" }
time = { unit = "ns" }
aggressor = { column = "side", BUYER = ["buy"], SELLER = ["sell"] }
"""


def measure(rows: int = ROWS) -> dict[str, Any]:
    """Figures by kind: rows per second of both ways, their ratio, memory in bytes, repeat ratio."""
    with tempfile.TemporaryDirectory(prefix="conversion-") as folder:
        root = Path(folder)
        _in_process("generate", root, "", rows)
        figures: dict[str, Any] = {"rows": rows}
        for kind in KINDS:
            plain = _in_process("baseline", root, kind, rows)
            ours = _in_process("ours", root, kind, rows)
            figures[kind] = {
                "baseline": plain,
                "ours": ours,
                "speed_ratio": ours["rows_per_second"] / plain["rows_per_second"],
                "memory_ratio": plain["memory_growth_bytes"] / max(1, ours["memory_growth_bytes"]),
            }
        return figures


def _in_process(step: str, root: Path, kind: str, rows: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.conversion", "--step", step, "--root", str(root)]
    command += ["--kind", kind, "--rows", str(rows)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def generate(root: Path, rows: int) -> dict[str, Any]:
    """A raw day: a price walk at irregular times, about one in ten of them shared."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(1)
    folder = root / "raw" / "by_date" / f"day-{DAY}"
    folder.mkdir(parents=True)
    start = int(np.datetime64(DAY, "ns").astype(np.int64))
    gaps = random.exponential(86_000e9 / rows, rows).astype(np.int64) // 10**6 * 10**6
    times = start + np.cumsum(gaps * (random.random(rows) > 0.1))
    price = np.round(1.1 + np.cumsum(random.normal(0, 1e-5, rows)), 5)
    spread = random.integers(1, 30, rows) * 1e-5
    sizes = random.integers(1, 50, (2, rows)) * 100_000.0
    quotes = {
        "ts": times, "bid_price": price, "ask_price": np.round(price + spread, 5),
        "bid_size": sizes[0], "ask_size": sizes[1],
    }  # fmt: skip
    trades = {
        "ts": times, "price": price, "size": sizes[0],
        "side": np.where(random.random(rows) < 0.5, "buy", "sell"),
        "trade_id": np.arange(10**9, 10**9 + rows),
    }  # fmt: skip
    pq.write_table(pa.table(quotes), folder / "quotes.parquet", compression="zstd")
    pq.write_table(pa.table(trades), folder / "trades.parquet", compression="zstd")
    (root / "datasets.toml").write_text(_DESCRIPTIONS)
    return {"rows": rows}


class _Peak:
    """Highest resident memory while open, over what the process had before."""

    def __enter__(self) -> _Peak:
        import psutil

        self._process = psutil.Process()
        self._before = self._highest = self._process.memory_info().rss
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._look()

    def _watch(self) -> None:
        while not self._over.wait(0.005):
            self._look()

    def _look(self) -> None:
        self._highest = max(self._highest, self._process.memory_info().rss)

    @property
    def growth(self) -> int:
        return self._highest - self._before


def _timed(work: Any) -> dict[str, Any]:
    with _Peak() as peak:
        started, cpu = time.perf_counter(), time.process_time()
        rows = work()
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    return {
        "rows": rows, "seconds": seconds, "cpu_seconds": cpu, "rows_per_second": rows / seconds,
        "memory_growth_bytes": peak.growth,
    }  # fmt: skip


def _import_everything() -> None:
    """What an idle worker has loaded, so that imports count for neither side."""
    for name in (
        "pandas",
        "pyarrow.parquet",
        "nautilus_trader.persistence.catalog",
        "nautilus_trader.persistence.wranglers",
        "nautilus_trader.test_kit.providers",
        "backend.data_converter",
    ):
        import_module(name)


def baseline(root: Path, kind: str) -> dict[str, Any]:
    """One conversion through wrangler and write_data."""
    from benchmarks.baseline_conversion import convert

    source = root / "raw" / "by_date" / f"day-{DAY}" / f"{kind}s.parquet"
    return _timed(lambda: convert(source, root / f"baseline-{kind}", kind))


def ours(root: Path, kind: str) -> dict[str, Any]:
    """One conversion through the converter, and a repeat of it."""
    import datetime as dt

    from backend.data_converter import Converter
    from backend.settings import Settings
    from nautilus_instrumentation import current_session

    settings = Settings(
        raw_tick_dir=root / "raw", datasets_file=root / "datasets.toml",
        catalog_dir=root / f"ours-{kind}",
    )  # fmt: skip
    converter = Converter(settings, current_session())

    def convert() -> int:
        report = converter.convert_day(dt.date.fromisoformat(DAY), [f"{kind}s.parquet"])
        if report.failed:
            raise SystemExit(report.failed[0].error)
        return report.files[0].rows_written

    first = _timed(convert)
    again = [_timed(convert)["seconds"] for _ in range(5)]
    return {**first, "repeat_ratio": sorted(again)[2] / first["seconds"]}


def _table(figures: dict[str, Any]) -> str:
    lines = [f"conversion of {figures['rows']:,} rows", ""]
    lines.append(f"{'':7}{'':>10}{'rows/s':>12}{'s':>8}{'CPU s':>8}{'memory':>10}")
    for kind in KINDS:
        for name in ("baseline", "ours"):
            found = figures[kind][name]
            lines.append(
                f"{kind:7}{name:>10}{found['rows_per_second']:>12,.0f}{found['seconds']:>8.2f}"
                f"{found['cpu_seconds']:>8.2f}{found['memory_growth_bytes'] / 1e6:>7,.0f} MB"
            )
        lines.append(
            f"{'':7}{'ratio':>10}{figures[kind]['speed_ratio']:>11.1f}x"
            f"{'':>16}{figures[kind]['memory_ratio']:>9.1f}x"
            f"   repeat/first {figures[kind]['ours']['repeat_ratio']:.5f}"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    parser.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--kind", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step is None:
        figures = measure(options.rows)
        print(json.dumps(figures) if options.json else _table(figures))
        return
    if options.step == "generate":
        result = generate(options.root, options.rows)
    else:
        _import_everything()
        result = {"baseline": baseline, "ours": ours}[options.step](options.root, options.kind)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
