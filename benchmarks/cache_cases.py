"""Real look-ups of the platform: how each is loaded, and how its value is shared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from backend.cache import Codec
from backend.catalog_files import TickFile, row_groups
from backend.catalog_manager import CatalogInstrument, Holding, _holding, _read
from backend.conversion.layout import file_name
from backend.models import BacktestRequest, BacktestResult
from backend.result_pages import PAGE, ResultQuery
from backend.result_store import ResultStore

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)

Case = tuple[Callable[[], Any], Codec[Any]]


def cases(folder: Path, instruments: int, results: int) -> Iterator[tuple[str, Case]]:
    """Name: a load, and how its value is shared."""
    folders = [_definition(folder / "data", number) for number in range(instruments)]
    yield f"{instruments} instruments", (
        lambda: _read(folders), Codec(dict[str, CatalogInstrument]),
    )  # fmt: skip

    path = folder / file_name(0, 10**9)
    ticks = pa.table({"ts_init": pa.array(range(1_000_000), pa.uint64())})
    pq.write_table(ticks, path, row_group_size=5_000)
    file = TickFile(path, 0, 10**9, 0, path.stat().st_size)

    def footer() -> Any:
        row_groups.cache_clear()
        return _holding([file])

    yield "200 row groups", (footer, Codec(Holding))

    store = ResultStore(folder / "results")
    for number in range(results):
        store.save(result(number))
    yield f"50 of {results} results", (lambda: store.page(ResultQuery(50)), PAGE)
    store.close()


def _definition(data: Path, number: int) -> Path:
    folder = data / "currency_pair" / f"I{number:03}USD.SIM"
    folder.mkdir(parents=True)
    row = {
        "id": f"I{number:03}/USD.SIM", "base_currency": "EUR", "quote_currency": "USD",
        "price_precision": 5, "size_precision": 0,
    }  # fmt: skip
    table = pa.Table.from_pylist([row]).replace_schema_metadata({"class": "CurrencyPair"})
    pq.write_table(table, folder / f"{number}.parquet")
    return folder


def result(number: int) -> BacktestResult:
    """A small result, the later the higher its number."""
    request = BacktestRequest(
        instrument_id="EUR/USD.SIM", kind="quote", start=NOON, end=NOON + timedelta(hours=1),
        strategy="idle", params={},
    )  # fmt: skip
    created = NOON + timedelta(seconds=number)
    return BacktestResult(
        run_id=f"run-{number:06}", job_id=f"job-{number}", trace_id=f"{number:032x}", status="ok",
        request=request, created_at=created, finished_at=created, duration_seconds=1.0,
        window="1h", versions={"python": "3"}, data_points_per_second=1000.0,
    )  # fmt: skip
