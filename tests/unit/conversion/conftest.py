"""A raw folder, a datasets file and a catalog of a test's own."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from backend.conversion.report import ConversionReport, FileReport
from backend.data_converter import Converter
from backend.settings import Settings
from nautilus_instrumentation import Session, current_session, instrument, metrics

DAY = dt.date(2024, 1, 2)
MIDNIGHT = int(dt.datetime(2024, 1, 2, tzinfo=dt.UTC).timestamp()) * 10**9

DATASETS = """
[[dataset]]
match = "*quotes*.parquet"
kind = "quote"
instrument_id = "EUR/USD.SIM"
instrument = "currency_pair"
quote_currency = "USD"
price_precision = 5
size_precision = 0
columns = { ts_event = "ts", bid_price = "bid", ask_price = "ask" }
defaults = { bid_size = "1000000", ask_size = 1000000 }
time = { unit = "ns" }

[[dataset]]
match = "*trades*.parquet"
kind = "trade"
instrument_id = "BTCUSDT.SIM"
instrument = "currency_pair"
quote_currency = "USDT"
price_precision = 2
size_precision = 5
columns = { ts_event = "ts", price = "price", size = "size", trade_id = "id" }
time = { unit = "ns" }
aggressor = { column = "side", BUYER = ["buy"], SELLER = ["sell"] }
"""


@dataclass
class World:
    """Writes raw files, converts them, and looks at what the catalog holds."""

    root: Path
    max_rejected: float = 0.01
    session: Session = field(default_factory=current_session)
    threads: int | None = None

    def __post_init__(self) -> None:
        self.raw, self.catalog = self.root / "raw", self.root / "catalog"
        self.datasets = self.root / "datasets.toml"
        self.describe(DATASETS)

    @property
    def settings(self) -> Settings:
        return Settings(
            raw_tick_dir=self.raw, datasets_file=self.datasets, catalog_dir=self.catalog,
            max_rejected=self.max_rejected,
        )  # fmt: skip

    def describe(self, text: str) -> None:
        self.datasets.write_text(text)

    def write(self, name: str, columns: Any, day: dt.date = DAY, **options: Any) -> Path:
        path = self.raw / "by_date" / f"day-{day}" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        table = columns if isinstance(columns, pa.Table) else pa.table(columns)
        pq.write_table(table, path, **options)
        return path

    def quotes(self, times: list[int], name: str = "quotes.parquet", day: dt.date = DAY) -> Path:
        """Quotes at nanoseconds after midnight of DAY; the bid tells them apart."""
        bids = [1 + n / 1000 for n in range(len(times))]
        stamps = pa.array([MIDNIGHT + t for t in times], pa.int64())
        return self.write(name, {"ts": stamps, "bid": bids, "ask": bids}, day)

    def trades(self, rows: int = 3, name: str = "trades.parquet", **columns: Any) -> Path:
        """Trades a second apart, with columns replaced."""
        table = {
            "ts": pa.array([MIDNIGHT + n * 10**9 for n in range(rows)], pa.int64()),
            "price": pa.array([100.0 + n for n in range(rows)], pa.float64()),
            "size": pa.array([1.0] * rows, pa.float64()),
            "id": pa.array([f"T{n}" for n in range(rows)], pa.string()),
            "side": pa.array(["buy"] * rows, pa.string()),
        }
        return self.write(name, table | columns)

    def converter(self) -> Converter:
        return Converter(self.settings, self.session, self.threads)

    def convert(self, day: dt.date = DAY, **options: Any) -> ConversionReport:
        return self.converter().convert_day(day, **options)

    def one(self, **options: Any) -> FileReport:
        (report,) = self.convert(**options).files
        return report

    def files(self, kind: str | None = None) -> list[str]:
        """Tick files that queries would see, relative to the catalog."""
        pattern = f"data/{kind or '*'}_tick/*/*"
        return sorted(p.relative_to(self.catalog).as_posix() for p in self.catalog.glob(pattern))

    def ticks(self, kind: str) -> pa.Table:
        """All ticks of a kind, in the order of their files."""
        tables = [pq.read_table(self.catalog / path) for path in self.files(kind)]
        return pa.concat_tables(tables)

    def inits(self, kind: str = "quote") -> list[int]:
        """`ts_init` in nanoseconds after midnight of DAY."""
        return [t - MIDNIGHT for t in self.ticks(kind)["ts_init"].to_pylist()]

    def leftovers(self) -> list[str]:
        """Unfinished files, wherever they are."""
        scratch = (self.catalog / "conversion" / "tmp").glob("*")
        return sorted({p.name for p in [*scratch, *self.catalog.rglob("*.tmp")]})

    def rewrite_later(self, path: Path) -> None:
        """Make a file's modification time differ."""
        found = path.stat()
        os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns + 10**9))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@dataclass
class Observed:
    """A session that keeps its spans."""

    session: Session
    exporter: InMemorySpanExporter

    def spans(self, name: str) -> list[Any]:
        self.session.tracing.flush()
        return [span for span in self.exporter.get_finished_spans() if span.name == name]

    def count(self, spec: metrics.MetricSpec, *labels: str) -> float:
        return self.session.recorder.counter(spec, *labels).values()[0]


@pytest.fixture
def observed() -> Iterator[Observed]:
    exporter = InMemorySpanExporter()
    session = instrument(
        strict=True, span_exporter=exporter, nautilus=False, gc=False, process=False
    )
    yield Observed(session, exporter)
    session.close()


@pytest.fixture
def decimal_values() -> Callable[[pa.ChunkedArray], list[float]]:
    """Prices or sizes of a catalog column as floats."""

    def values(column: pa.ChunkedArray) -> list[float]:
        raws = [int.from_bytes(v, "little", signed=True) for v in column.to_pylist()]
        return [raw / 1e16 for raw in raws]

    return values
