"""Queries of the catalog to measure: ours and NautilusTrader's own, on the same ticks."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import conversion_parts
from benchmarks.conversion_data import generate
from benchmarks.measuring import Peak

FX = "EUR/USD.SIM"
LAYOUTS = ("ours", "plain")
SECOND = 10**9
SPANS = {"5 min": 300, "1 h": 3_600, "1 day": 86_400}
FILES = 60
"""Files that the day is parted into, as if it were so many days."""
INSTRUMENTS = 40
PLAIN_GROUP_ROWS = 5_000
"""NautilusTrader's `max_rows_per_group`."""
REPEATS = {"5 min": 10, "1 h": 3, "1 day": 2}

Query = Callable[[int, int], list[Any]]


def prepare(root: Path, rows: int) -> dict[str, Any]:
    """The day as one file and as many, each as we write it and as NautilusTrader does."""
    generate(root, rows)
    conversion_parts.convert(root, root / "day-ours", "quote")
    (source,) = _folder(root / "day-ours").iterdir()
    _copy(source, root / "day-plain", rows, "plain")
    for layout in LAYOUTS:
        _copy(source, root / f"files-{layout}", -(-rows // FILES), layout)
    for number in range(INSTRUMENTS):
        folder = root / "names" / "data" / "quote_tick" / f"I{number:03}USD.SIM"
        folder.mkdir(parents=True)
        for file in _folder(root / "files-ours").iterdir():
            (folder / file.name).touch()
    return {}


def _folder(catalog: Path) -> Path:
    return catalog / "data" / "quote_tick" / "EURUSD.SIM"


def _copy(source: Path, catalog: Path, rows: int, layout: str) -> None:
    """The file's ticks in files of `rows` each."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from backend.conversion.layout import LAYOUTS as FORMATS
    from backend.conversion.layout import ROW_GROUP_ROWS, TS_INIT, file_name

    folder = _folder(catalog)
    folder.mkdir(parents=True)
    table = pq.read_table(source)
    group, options = (
        (ROW_GROUP_ROWS, FORMATS["quote"].writer_options)
        if layout == "ours"
        else (PLAIN_GROUP_ROWS, {"compression": "snappy"})
    )
    for first in range(0, table.num_rows, rows):
        part: pa.Table = table.slice(first, rows)
        times = part[TS_INIT]
        path = folder / file_name(times[0].as_py(), times[-1].as_py())
        pq.write_table(part, path, row_group_size=group, **options)


def query_of(catalog: Path, layout: str) -> Query:
    """Our query, or `catalog.query` as NautilusTrader offers it."""
    if layout == "ours":
        manager = _manager(catalog)
        return lambda start, end: manager.query(FX, "quote", start, end)
    from nautilus_trader.model.data import QuoteTick
    from nautilus_trader.persistence.catalog import ParquetDataCatalog

    plain = ParquetDataCatalog(str(catalog))
    return lambda start, end: plain.query(QuoteTick, identifiers=[FX], start=start, end=end)


def _manager(catalog: Path) -> Any:
    from backend.catalog_manager import CatalogManager
    from backend.settings import Settings

    return CatalogManager(Settings(catalog_dir=catalog))


def windows(root: Path, layout: str) -> dict[str, Any]:
    """By length of the window: seconds, rows, and bytes read with what footers predict of them."""
    catalog = root / f"day-{layout}"
    query = query_of(catalog, layout)
    files = [str(path) for path in _folder(catalog).iterdir()]
    middle = _middle(files[0])
    query(middle, middle + SECOND)  # what is done once in a process
    found = {}
    for name, seconds in SPANS.items():
        start = 0 if name == "1 day" else middle
        end = 2**62 if name == "1 day" else middle + seconds * SECOND
        found[name] = _measured(query, start, end, REPEATS[name]) | _predicted(files, start, end)
    return found


def many(root: Path, layout: str) -> dict[str, Any]:
    """Of many files: five minutes within one of them, and all; what the latter take of memory."""
    catalog = root / f"files-{layout}"
    query = query_of(catalog, layout)
    files = sorted(str(path) for path in _folder(catalog).iterdir())
    start = _middle(files[len(files) // 2])
    query(start, start + SECOND)
    found = {
        "5 min": _measured(query, start, start + SPANS["5 min"] * SECOND, REPEATS["5 min"]),
        "all": _measured(query, 0, 2**62, 1),
    }
    with Peak() as peak:
        query(0, 2**62)
    return found | {"memory": peak.growth}


def cache(root: Path) -> dict[str, Any]:
    """Seconds of a worker's first look at an hour, of the next, and of windows within."""
    from backend.tick_source import TickSource
    from nautilus_instrumentation import current_session

    manager = _manager(root / "day-ours")
    (file,) = _folder(root / "day-ours").iterdir()
    start = _middle(str(file))
    manager.query(FX, "quote", start - SECOND, start)
    source = TickSource(manager, current_session(), 4 * 2**30)

    def look(first: int, last: int) -> float:
        began = time.perf_counter()
        source.read(FX, "quote", start + first * SECOND, start + last * SECOND)
        return time.perf_counter() - began

    return {
        "first": look(0, 3_600),
        "again": look(0, 3_600),
        "within": look(600, 900),
        "half of it new": look(1_800, 5_400),
    }


def index(root: Path) -> dict[str, Any]:
    """Seconds to find the files of a window among those of many instruments."""
    from nautilus_trader.model.data import QuoteTick
    from nautilus_trader.persistence.catalog import ParquetDataCatalog

    catalog = root / "names"
    name = "I000/USD.SIM"
    files = sorted((catalog / "data" / "quote_tick" / "I000USD.SIM").iterdir())
    start = _middle(str(files[FILES // 2]))
    time.sleep(2.1)  # a folder that has just changed is listed each time
    cold = _manager(catalog)
    plain = ParquetDataCatalog(str(catalog))
    plain._query_files(QuoteTick, [name], start, start)
    return {
        "cold": _seconds(lambda: cold.files(name, "quote", start, start)),
        "warm": min(_seconds(lambda: cold.files(name, "quote", start, start)) for _ in range(20)),
        "plain": min(
            _seconds(lambda: plain._query_files(QuoteTick, [name], start, start)) for _ in range(3)
        ),
        "files": INSTRUMENTS * FILES,
    }


def _measured(query: Query, start: int, end: int, repeats: int) -> dict[str, Any]:
    found, read = [], 0
    for _ in range(repeats):
        before = _bytes_read()
        began = time.perf_counter()
        rows = len(query(start, end))
        found.append(time.perf_counter() - began)
        read = _bytes_read() - before
    return {"seconds": min(found), "rows": rows, "read": read}


def _predicted(files: list[str], start: int, end: int) -> dict[str, Any]:
    from nautilus_instrumentation.nautilus.footers import Footers

    pruning = Footers().pruning(files, start, end)
    return {
        "groups": pruning.groups_read,
        "all_groups": pruning.groups_read + pruning.groups_pruned,
        "predicted": pruning.bytes_read,
    }


def _bytes_read() -> int:
    """`rchar`: what the process has read so far, from the page cache too."""
    return int(Path("/proc/self/io").read_text().split()[1])


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _middle(file: str) -> int:
    from backend.conversion.layout import parse_file_name

    span = parse_file_name(Path(file).name)
    assert span is not None
    return sum(span) // 2
