"""Results of backtests: one JSON file each, written atomically, and an index that lists them.

The orders of a run lie beside its result, in a file of their own: no list and no figure needs them.
"""

from __future__ import annotations

import hashlib
import logging
import os
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, get_args

import orjson
from pydantic import ValidationError

from backend.cache import Cache
from backend.errors import Invalid, NotFound
from backend.models import ID_PATTERN, BacktestResult, ResultPage, ResultSummary, RunStatus
from backend.orders.models import OrderLog
from backend.orders.store import OrderStore
from backend.result_index import SORTS, Entry, ResultIndex
from backend.result_pages import (
    KEPT_PAGE,
    PAGE,
    ResultQuery,
    Row,
    page_json,
    row_json,
    table_json,
)

logger = logging.getLogger(__name__)

MAX_PAGE = 1_000
MAX_TABLE = 20_000
"""Lines of a table in one answer: 4 MB."""
ENOUGH_RUNS = 3
"""Runs that a median must have before a run is compared with it."""
PACE_SECONDS = 0.1
"""Time in the engine that says something of its pace; less is start-up, and whoever had the core.
It is the usual time that must be so long: a run that is only slow has no more ticks to tell by."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ResultStore:
    """The results in one folder; several processes may use it at once.

    Errors: `Invalid` for an id, a cursor, a sort key or a limit that cannot be; `NotFound` for a
    result that is not there.
    """

    def __init__(self, results_dir: Path, pages: Cache[str] | None = None) -> None:
        """`pages` keeps lists until the index changes; see `page_cache`."""
        self.results_dir = results_dir
        self._pages = pages
        results_dir.mkdir(parents=True, exist_ok=True)
        self._orders = OrderStore(results_dir / "orders")
        self._index = ResultIndex(results_dir / "index.sqlite3", self._names, self._entries)

    def save(self, result: BacktestResult, orders: OrderLog | None = None) -> None:
        """Write the files, replacing those of the same run, then the index."""
        path = self._path(result.run_id)
        self._orders.delete(result.run_id)
        if orders is not None and orders.rows:
            self._orders.save(result.run_id, orders)
        content = orjson.dumps(result.model_dump(mode="json"))  # NaN and infinity become null
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        _sync_folder(self.results_dir)
        self._index.put(_entry(result))

    def list(
        self,
        limit: int = 50,
        cursor: str | None = None,
        sort: str = "-created_at",
        strategy: str | None = None,
        instrument_id: str | None = None,
        status: str | None = None,
    ) -> ResultPage:
        """One page, for callers that look into it; see ResultQuery."""
        query = ResultQuery(limit, cursor, sort, strategy, instrument_id, status)
        return ResultPage.model_validate_json(self.page(query))

    def page(self, query: ResultQuery) -> str:
        """One page, as the JSON of a ResultPage."""
        query.check(MAX_PAGE)
        if self._pages is None or query.limit > KEPT_PAGE:
            return page_json(query, self._rows("summary", query))
        return self._pages.get_or_load(
            (self.results_dir, self.revision(), *astuple(query)),
            lambda: page_json(query, self._rows("summary", query)),
            PAGE,
        )

    def table(self, query: ResultQuery) -> str:
        """Lines of a table, as the JSON of a ResultTable."""
        query.check(MAX_TABLE)
        return table_json(query, self._rows("line", query))

    def get(self, run_id: str) -> BacktestResult:
        try:
            return BacktestResult.model_validate_json(self.raw(run_id))
        except ValidationError as error:
            raise NotFound(
                f"the file of result {run_id} cannot be read: {_first(error)}", field="run_id"
            ) from error

    def raw(self, run_id: str) -> bytes:
        """The result as stored, which is the JSON that the API answers."""
        try:
            return self._path(run_id).read_bytes()
        except FileNotFoundError as error:
            raise NotFound(f"no result {run_id}", field="run_id") from error

    def etag(self, run_id: str) -> str:
        """Changes whenever the file does; the validator of HTTP's `ETag`, with its quotes."""
        try:
            status = self._path(run_id).stat()
        except FileNotFoundError as error:
            raise NotFound(f"no result {run_id}", field="run_id") from error
        return f'W/"{status.st_mtime_ns:x}-{status.st_size:x}"'

    def orders(self, run_id: str, offset: int, limit: int) -> bytes:
        """Orders of a run from the one at `offset` on, as the JSON of an OrderTable.

        They change with the result, whose `etag` is theirs too.
        """
        return self._orders.table(run_id, self.get(run_id).orders, offset, limit)

    def revision(self) -> int:
        """Changes whenever any list might; cheap."""
        return self._index.revision()

    def delete(self, run_id: str) -> None:
        path = self._path(run_id)
        try:
            self._orders.delete(run_id)
            path.unlink()
        except FileNotFoundError as error:
            raise NotFound(f"no result {run_id}", field="run_id") from error
        finally:
            self._index.remove(run_id)

    def similar(self, result: ResultSummary, n: int = 20) -> Sequence[float]:
        """Data points per second of the last `n` good runs like `result`, newest first.

        Alike are runs with the same strategy, parameters, data and venue; versions may differ,
        since a slower version is what one wants to see.
        """
        return self._index.similar(_likeness(result), result.run_id, n)

    def during(
        self,
        start: datetime,
        end: datetime,
        statuses: Sequence[RunStatus],
        sort: Literal["finished_at", "duration_seconds"],
        limit: int,
    ) -> Sequence[ResultSummary]:
        """Runs of these statuses that overlap the time, the greatest of `sort` first."""
        found = self._index.during(_microseconds(start), _microseconds(end), statuses, sort, limit)
        return [ResultSummary.model_validate_json(summary) for summary in found]

    def count_during(self, start: datetime, end: datetime) -> dict[RunStatus, int]:
        """How many runs overlap the time, by status."""
        found = self._index.count_during(_microseconds(start), _microseconds(end))
        return {status: found[status] for status in get_args(RunStatus) if status in found}

    def rebuild(self) -> int:
        """Make the index anew from the files; returns the number of results."""
        return self._index.rebuild()

    def close(self) -> None:
        self._index.close()

    # ----------------------------------------------------------------------------------------------

    def _rows(self, shown: Literal["summary", "line"], query: ResultQuery) -> Sequence[Row]:
        """One more than the limit, which says whether there is a next page."""
        return self._index.page(
            shown, query.column, query.descending, query.limit + 1, query.place(), query.filters
        )

    def _path(self, run_id: str) -> Path:
        if not ID_PATTERN.fullmatch(run_id):
            raise Invalid(f"{run_id!r} is not the id of a run", field="run_id")
        return self.results_dir / f"{run_id}.json"

    def _names(self) -> set[str]:
        names = (name.removesuffix(".json") for name in os.listdir(self.results_dir)
                 if name.endswith(".json"))  # fmt: skip
        return {name for name in names if ID_PATTERN.fullmatch(name)}

    def _entries(self, names: Iterable[str]) -> Iterator[Entry]:
        for name in names:
            try:
                yield _entry(self.get(name))
            except NotFound as error:
                logger.warning("left out of the index of results: %s", error)


def throughput_ratio(result: ResultSummary, store: ResultStore) -> float | None:
    """Data points per second against the median of the last 20 runs like it.

    None for a run that failed, that too few runs are like, or that usually is over in no time.
    """
    others = store.similar(result)
    if result.status != "ok" or len(others) < ENOUGH_RUNS:
        return None
    median = statistics.median(others)
    if result.data_points <= PACE_SECONDS * median:
        return None
    return result.data_points_per_second / median if median > 0 else None


def _entry(result: BacktestResult) -> Entry:
    summary = ResultSummary.model_validate(
        result.model_dump(include=set(ResultSummary.model_fields))
    )
    if summary.error is not None:
        summary.error.stacktrace = ""  # long, and no list shows it
    values = {column: getattr(result, column) for column in SORTS if column != "pnl"}
    for column in ("created_at", "finished_at"):
        values[column] = _microseconds(values[column])
    return Entry(
        run_id=result.run_id,
        filters={
            "strategy": result.request.strategy,
            "instrument_id": result.request.instrument_id,
            "status": result.status,
        },
        likeness=_likeness(result),
        summary=orjson.dumps(summary.model_dump(mode="json")).decode(),
        line=row_json(result),
        # The first currency is the account's; sums over currencies would mean nothing.
        sorts={**values, "pnl": next(iter(result.pnl.values()), 0.0)},
    )


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _likeness(result: ResultSummary) -> str:
    request = result.request.model_dump(mode="json", exclude={"chunk_size"})
    if request["bar_type"] is None:  # runs from before there were bars stay alike
        del request["bar_type"]
    if result.shared_runs > 1:  # a part of a pass is no pace of an engine of its own
        request["shared_runs"] = result.shared_runs
    return hashlib.sha256(orjson.dumps(request, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def _first(error: ValidationError) -> str:
    problem: dict[str, Any] = dict(error.errors(include_url=False)[0])
    return f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"


def _sync_folder(folder: Path) -> None:
    """Make a rename outlive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
