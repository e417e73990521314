"""Lists of results, page by page, while results come and go."""

from __future__ import annotations

import base64
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from backend.errors import Invalid
from backend.models import BacktestRequest, BacktestResult, ResultPage, ResultRow, ResultTable
from backend.result_index import SORTS
from backend.result_pages import ResultQuery
from backend.result_store import ResultStore

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
REQUEST = BacktestRequest(
    instrument_id="EUR/USD.SIM", kind="quote", start=NOON, end=NOON + timedelta(hours=1),
    strategy="idle",
)  # fmt: skip

# Few values, so that many are equal; and floats that have no short decimal form.
numbers = st.sampled_from([0.0, 1.0, 0.1 + 0.2, 1e-9, 2.0**53 + 2, 1e300])
counts = st.sampled_from([0, 1, 2, 2**53 + 1])


def result(number: int, value: float, count: int) -> BacktestResult:
    """Every column to sort by has the value or the count."""
    moment = NOON + timedelta(microseconds=count % 7, seconds=min(value, 100.0))
    return BacktestResult(
        run_id=f"run-{number}", job_id="job", trace_id="0" * 32, status="ok", request=REQUEST,
        created_at=moment, finished_at=moment, duration_seconds=value, window="1h", versions={},
        data_points=count, data_points_per_second=value, peak_memory_bytes=count,
        gc_seconds=value, events=count, orders=count, positions=count, pnl={"USD": -value},
    )  # fmt: skip


results = st.lists(st.tuples(numbers, counts), max_size=12).map(
    lambda values: [result(number, *each) for number, each in enumerate(values)]
)
changes = st.lists(
    st.tuples(
        st.booleans(),  # save or delete
        st.integers(0, 11),
        numbers,
        counts,
    ),
    max_size=8,
)


@settings(max_examples=150, deadline=None)
@given(results, changes, st.sampled_from(SORTS), st.booleans(), st.integers(1, 4), st.booleans())
def test_a_walk_loses_nothing_and_repeats_nothing(
    stored: list[BacktestResult],
    changed: list[tuple[bool, int, float, int]],
    column: str,
    descending: bool,
    limit: int,
    lines: bool,
) -> None:
    """No result comes twice, none that was there all the time is missing, and the order holds."""
    with tempfile.TemporaryDirectory() as folder:
        store = ResultStore(Path(folder))
        for each in stored:
            store.save(each)
        staying = {each.run_id for each in stored}
        query = ResultQuery(limit, None, "-" * descending + column)
        seen: list[str] = []
        places: list[tuple[float, str]] = []
        coming = 100
        for _ in range(len(stored) + len(changed) + 1):
            rows = store._rows("line", query)[: query.limit]
            names, cursor = asked(store, query, lines)
            seen += names
            places += [(value, run_id) for _, value, run_id in rows]
            if cursor is None:
                break
            assert names
            query = ResultQuery(limit, cursor, query.sort)
            if changed:
                save, number, value, count = changed.pop()
                if save:
                    store.save(result(coming, value, count))
                    coming += 1
                elif f"run-{number}" in staying:
                    store.delete(f"run-{number}")
                    staying.discard(f"run-{number}")
        store.close()
    assert cursor is None
    assert len(seen) == len(set(seen))
    assert staying <= set(seen)
    assert [name for _, name in places] == seen
    assert places == sorted(places, reverse=descending)


def asked(store: ResultStore, query: ResultQuery, lines: bool) -> tuple[list[str], str | None]:
    """Run ids and the next cursor, as callers find them in a table or in a page."""
    if lines:
        table = ResultTable.model_validate_json(store.table(query))
        assert table.columns == list(ResultRow._fields)
        return [row.run_id for row in table.rows], table.next_cursor
    page = ResultPage.model_validate_json(store.page(query))
    return [item.run_id for item in page.items], page.next_cursor


@given(st.one_of(st.text(max_size=40), st.binary(max_size=30).map(lambda raw: raw.hex())))
def test_no_text_is_more_than_a_wrong_cursor(text: str) -> None:
    """Whatever it is, it is refused by its name."""
    if text:
        with pytest.raises(Invalid) as refused:
            ResultQuery(cursor=text).place()
        assert refused.value.field == "cursor"


anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=9)
    | st.just("-created_at"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)  # fmt: skip


@example(["-created_at", True, "run-1"])
@example(["-created_at", 2**63, "run-1"])
@example(["-created_at", -(2**63), "run-1"])
@example(["-created_at", 1, 1])
@given(anything | st.tuples(st.just("-created_at"), anything, anything))
def test_a_forged_cursor_is_a_place_or_refused(forged: Any) -> None:
    """What looks like one may stand anywhere in the order, and nothing else does."""
    cursor = base64.urlsafe_b64encode(orjson.dumps(forged)).decode().rstrip("=")
    refused = None
    with tempfile.TemporaryDirectory() as folder:
        store = ResultStore(Path(folder))
        try:
            store.page(ResultQuery(cursor=cursor))
        except Invalid as error:
            refused = error
        store.close()
    if refused is not None:
        assert refused.field == "cursor"
    else:
        sort, value, run_id = forged
        assert (sort, type(run_id)) == ("-created_at", str)
        assert type(value) in (int, float)
