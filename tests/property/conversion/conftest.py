"""Converts small generated files, with and without our converter."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from backend import datasets
from backend.conversion.pipeline import Pipeline
from backend.conversion.rejects import Rejects
from nautilus_instrumentation import current_session

DAY = dt.date(2024, 1, 2)


@pytest.fixture(scope="session")
def convert_all(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, pa.Table]]:
    """Convert a table as a dataset table says; catalog tables by instrument and by bar type.

    Fills `rejects` and `warnings` where given.
    """
    folder = tmp_path_factory.mktemp("converted")
    numbers = itertools.count()

    def convert(
        table: pa.Table, description: dict[str, Any], *, rejects: Rejects | None = None,
        warnings: list[str] | None = None, **options: Any,
    ) -> dict[str, pa.Table]:  # fmt: skip
        place = folder / str(next(numbers))
        pq.write_table(table, place, row_group_size=options.pop("raw_group_rows", 1000))
        dataset = datasets.parse({"match": "*", **description}, "dataset[0]")
        pipeline = Pipeline(
            place, dataset, DAY, place.with_suffix(".out"), current_session(), 1.0, **options
        )
        conversion = pipeline.run(rejects if rejects is not None else Rejects())
        tables = {item.identifier: pq.read_table(item.path) for item in conversion.staged}
        for path in folder.glob(f"{place.name}*"):
            path.unlink()
        if warnings is not None:
            warnings += conversion.warnings
        return tables

    return convert


@pytest.fixture(scope="session")
def convert_table(convert_all: Callable[..., dict[str, pa.Table]]) -> Callable[..., pa.Table]:
    """The same for one instrument without bars: its table, or None."""

    def convert(table: pa.Table, description: dict[str, Any], **options: Any) -> pa.Table | None:
        tables = convert_all(table, description, **options)
        assert len(tables) < 2
        return next(iter(tables.values()), None)

    return convert


@pytest.fixture(scope="session")
def wrangled(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., pa.Table]:
    """The table that a wrangler and `write_data` make of a frame indexed by time."""
    from nautilus_trader.persistence.catalog import ParquetDataCatalog
    from nautilus_trader.persistence.wranglers import QuoteTickDataWrangler, TradeTickDataWrangler

    root = tmp_path_factory.mktemp("wrangled")
    numbers = itertools.count()

    def wrangle(frame: Any, kind: str, price_precision: int, size_precision: int) -> pa.Table:
        instrument = _pair(price_precision, size_precision)
        wrangler = QuoteTickDataWrangler if kind == "quote" else TradeTickDataWrangler
        place = root / str(next(numbers))
        ParquetDataCatalog(str(place)).write_data(wrangler(instrument).process(frame))
        (path,) = place.glob("data/*/*/*.parquet")
        return pq.read_table(path)

    return wrangle


@pytest.fixture(scope="session")
def wrangled_bars(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., pa.Table]:
    """The table that BarDataWrangler and `write_data` make of a frame indexed by closes."""
    from nautilus_trader.model.data import BarType
    from nautilus_trader.persistence.catalog import ParquetDataCatalog
    from nautilus_trader.persistence.wranglers import BarDataWrangler

    root = tmp_path_factory.mktemp("wrangled-bars")
    numbers = itertools.count()

    def wrangle(frame: Any, bar_type: str, price_precision: int, size_precision: int) -> pa.Table:
        instrument = _pair(price_precision, size_precision)
        wrangler = BarDataWrangler(BarType.from_str(bar_type), instrument)
        place = root / str(next(numbers))
        ParquetDataCatalog(str(place)).write_data(wrangler.process(frame))
        (path,) = place.glob("data/bar/*/*.parquet")
        assert path.parent.name == bar_type.replace("/", "")
        return pq.read_table(path)

    return wrangle


def _pair(price_precision: int, size_precision: int) -> Any:
    from nautilus_trader.model.currencies import EUR, USD
    from nautilus_trader.model.identifiers import InstrumentId, Symbol
    from nautilus_trader.model.instruments import CurrencyPair
    from nautilus_trader.model.objects import Price, Quantity

    return CurrencyPair(
        InstrumentId.from_str("EUR/USD.SIM"), Symbol("EUR/USD"), EUR, USD,
        price_precision, size_precision,
        Price(10.0**-price_precision, price_precision),
        Quantity(10.0**-size_precision, size_precision), 0, 0,
    )  # fmt: skip
