"""The orders of runs on disk and over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient

from backend.models import BacktestResult
from backend.orders.models import OrderLog, OrderRow, OrderTable
from backend.orders.store import NOT_KEPT
from backend.result_store import ResultStore
from tests import api

Make = Callable[..., BacktestResult]
PATH = "/backtest/results/run-00000/orders"


def log(count: int, total: int | None = None) -> OrderLog:
    """Market orders 1 s apart, buying and selling in turn."""
    rows = [
        OrderRow(
            order_id=f"O-{n}", side="BUY" if n % 2 == 0 else "SELL", type="MARKET",
            time_in_force="GTC", quantity=1e6, filled=1e6, price=None, trigger_price=None,
            average_price=1.1 + n / 1e4, status="FILLED", created_ns=n * 10**9,
            ended_ns=n * 10**9, filled_ns=n * 10**9, commission=2.5, commission_currency="USD",
            pnl=float(n) if n % 2 else None, position_id="P-1",
        )
        for n in range(count)
    ]  # fmt: skip
    about = {"currency": "USD", "price_precision": 5, "size_precision": 0}
    return OrderLog(total=count if total is None else total, rows=rows, about=about)


@pytest.fixture
def client(store: ResultStore) -> Iterator[TestClient]:
    """An application over the store."""
    with api.client_of(api.services(results=store)) as client:
        yield client


def test_pages_make_up_the_whole(client: TestClient, store: ResultStore, make_result: Make) -> None:
    """Each as OpenAPI says; the last has no next."""
    orders = log(7)
    store.save(make_result(orders=7), orders)
    seen: list[OrderRow] = []
    offset: int | None = 0
    while offset is not None:
        answer = client.get(PATH, params={"offset": offset, "limit": 3})
        table = OrderTable.model_validate(answer.json())
        seen += table.rows
        offset = table.next_offset
    assert seen == orders.rows
    assert table.columns == list(OrderRow._fields)
    assert (table.total, table.kept, table.note) == (7, 7, None)
    assert (table.currency, table.price_precision, table.size_precision) == ("USD", 5, 0)


def test_a_part_is_said_to_be_one(
    client: TestClient, store: ResultStore, make_result: Make
) -> None:
    """With how many orders the run made."""
    store.save(make_result(orders=12_345), log(4, total=12_345))
    table = client.get(PATH).json()
    assert (table["total"], table["kept"]) == (12_345, 4)
    assert table["note"].startswith("4 of 12,345 orders were kept")


def test_orders_that_nobody_kept_are_said_to_be_missing(
    client: TestClient, store: ResultStore, make_result: Make
) -> None:
    """As those of results from before orders were kept."""
    store.save(make_result(orders=3))
    table = client.get(PATH).json()
    assert (table["total"], table["kept"], table["rows"]) == (3, 0, [])
    assert table["note"] == NOT_KEPT


def test_the_tag_changes_with_the_orders(
    client: TestClient, store: ResultStore, make_result: Make
) -> None:
    """Who has them already is told so."""
    store.save(make_result(orders=2), log(2))
    tag = client.get(PATH).headers["etag"]
    assert client.get(PATH, headers={"If-None-Match": tag}).status_code == 304
    store.save(make_result(orders=3), log(3))
    assert client.get(PATH, headers={"If-None-Match": tag}).status_code == 200


def test_orders_go_with_their_result(
    client: TestClient, store: ResultStore, make_result: Make
) -> None:
    """Deleted, and replaced: a run that is run again has none of the old ones."""
    store.save(make_result(orders=2), log(2))
    store.save(make_result())
    assert client.get(PATH).json()["rows"] == []
    store.save(make_result(orders=2), log(2))
    assert client.delete("/backtest/results/run-00000").status_code == 204
    assert client.get(PATH).status_code == 404
    assert list((store.results_dir / "orders").iterdir()) == []


@pytest.mark.parametrize("length", [0, 20])
def test_a_file_cut_short_is_said_to_be_unreadable(
    client: TestClient, store: ResultStore, make_result: Make, length: int
) -> None:
    """As a power cut may leave one."""
    store.save(make_result(orders=50), log(50))
    (path,) = (store.results_dir / "orders").iterdir()
    path.write_bytes(path.read_bytes()[:length])
    answer = client.get(PATH)
    assert answer.status_code == 404
    assert "cannot be read" in answer.json()["detail"]
