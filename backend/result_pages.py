"""What lists of results can be asked for, and how their pages are put together.

A page is joined from the JSON that the index holds of each result: making a model of every row,
only to write it out again, took nine tenths of a list's time (benchmarks/api.py).
"""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from backend.cache import Cache, Codec, RedisStore
from backend.errors import Invalid
from backend.models import BacktestResult, ResultRow
from backend.result_index import SORTS
from nautilus_instrumentation import Session

KEPT_PAGE = 200
"""Longer lists are walks over all results, each of which would push out what consoles look at."""
PAGED_BYTES = 8_000_000
"""JSON that lists kept in memory may hold together; some 1.2 kB for each result."""
PAGE_SECONDS = 600.0
"""A list is no longer asked for once the index changed; this is when it goes."""

PAGE: Codec[str] = Codec(str, version=2)

_LARGEST = 2**63
"""SQLite has no larger integers."""


@dataclass(frozen=True)
class ResultQuery:
    """Which results, in which order; `sort` is one of SORTS, with `-` before it for descending.

    A cursor stands for a place in the order, not for a number of rows: results saved or deleted
    between two calls neither repeat nor hide others.
    """

    limit: int = 50
    cursor: str | None = None
    sort: str = "-created_at"
    strategy: str | None = None
    instrument_id: str | None = None
    status: str | None = None

    @property
    def column(self) -> str:
        return self.sort.removeprefix("-")

    @property
    def descending(self) -> bool:
        return self.sort.startswith("-")

    @property
    def filters(self) -> dict[str, str]:
        wanted = {
            "strategy": self.strategy, "instrument_id": self.instrument_id, "status": self.status,
        }  # fmt: skip
        return {name: value for name, value in wanted.items() if value is not None}

    def place(self) -> tuple[float, str] | None:
        """The sort value and the run id after which the page begins. Raises Invalid."""
        return _read_cursor(self.cursor, self.sort) if self.cursor else None

    def check(self, most: int) -> None:
        """Raise Invalid for a limit over `most`, and for what nobody can sort by."""
        if not 1 <= self.limit <= most:
            raise Invalid(f"limit must be from 1 to {most}, not {self.limit}", field="limit")
        if self.column not in SORTS:
            raise Invalid(
                f"cannot sort by {self.column!r}; sort keys are {', '.join(SORTS)}", field="sort"
            )


Row = tuple[str, float, str]
"""JSON of a result, its sort value, its run id."""


def page_json(query: ResultQuery, rows: Sequence[Row]) -> str:
    """A `ResultPage` of rows, of which one more than the limit were asked for."""
    return f'{{"items":[{_joined(query, rows)}],{_rest(query, rows)}}}'


def table_json(query: ResultQuery, rows: Sequence[Row]) -> str:
    """A `ResultTable` likewise."""
    return f'{{"columns":{_COLUMNS},"rows":[{_joined(query, rows)}],{_rest(query, rows)}}}'


def row_json(result: BacktestResult) -> str:
    """The line of a result in tables."""
    currency, pnl = next(iter(result.pnl.items()), (None, 0.0))
    request = result.request
    values: dict[str, Any] = {
        "strategy": request.strategy, "instrument_id": request.instrument_id, "kind": request.kind,
        "pnl": pnl, "currency": currency,
    }  # fmt: skip
    row = [values[name] if name in values else getattr(result, name) for name in ResultRow._fields]
    return orjson.dumps(row, option=orjson.OPT_UTC_Z).decode()


def page_cache(session: Session, store: RedisStore | None) -> Cache[str]:
    """For lists that are asked for again and again, as consoles do.

    From memory one costs a fifth of what it costs from the index; from Redis more than from an
    index on a local disk (benchmarks/caches.py), so that it pays where RESULTS_DIR is slow.
    """
    return Cache("results", session, PAGED_BYTES, ttl_seconds=PAGE_SECONDS, size_of=len,
                 store=store)  # fmt: skip


_COLUMNS = orjson.dumps(ResultRow._fields).decode()


def _joined(query: ResultQuery, rows: Sequence[Row]) -> str:
    return ",".join([row[0] for row in rows[: query.limit]])


def _rest(query: ResultQuery, rows: Sequence[Row]) -> str:
    if len(rows) <= query.limit:
        return '"next_cursor":null'
    _, value, run_id = rows[query.limit - 1]
    return f'"next_cursor":"{_cursor(query.sort, value, run_id)}"'


def _cursor(sort: str, value: float, run_id: str) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([sort, value, run_id])).decode().rstrip("=")


def _read_cursor(cursor: str, sort: str) -> tuple[float, str]:
    try:
        made_for, value, run_id = orjson.loads(
            base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        )
        if not (_is_number(value) and isinstance(run_id, str)):
            raise ValueError("not a place in the order")
    except (ValueError, TypeError) as error:
        raise Invalid("not a cursor that a list gave", field="cursor") from error
    if made_for != sort:
        raise Invalid(f"the cursor belongs to sort={made_for}, not {sort}", field="cursor")
    return value, run_id


def _is_number(value: object) -> bool:
    if isinstance(value, int) and not isinstance(value, bool):
        return -_LARGEST <= value < _LARGEST
    return isinstance(value, float) and math.isfinite(value)
