"""Rankings and comparisons over HTTP."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient

from backend.evaluation.models import Comparison, Ranking
from backend.models import BacktestResult
from backend.result_store import ResultStore
from tests import api


@pytest.fixture
def client(store: ResultStore, make_result: Callable[..., BacktestResult]) -> Iterator[TestClient]:
    """An application with three runs."""
    for run_id, end in (("good", 105.0), ("bad", 95.0), ("flat", 100.0)):
        store.save(make_result(run_id, curve=[(0, 100.0), (60, end)]))
    with api.client_of(api.services(results=store)) as client:
        yield client


def test_a_ranking_is_what_openapi_says(client: TestClient) -> None:
    """Sharpe's ratio ranks where nothing else was asked for."""
    answer = client.get("/backtest/evaluation")
    assert answer.status_code == 200
    found = Ranking.model_validate(answer.json())
    assert found.sort == "sharpe_ratio"
    assert [(item.run_id, item.rank) for item in found.items] == [
        ("good", 1), ("bad", 2), ("flat", None),
    ]  # fmt: skip


def test_runs_are_named_with_commas(client: TestClient) -> None:
    """Empty names are none."""
    answer = client.get("/backtest/evaluation", params={"run_ids": "flat,,bad,"})
    assert {item["run_id"] for item in answer.json()["items"]} == {"flat", "bad"}


@pytest.mark.parametrize(
    ("path", "name", "text"),
    [("evaluation?", "ranking.csv", "good"), ("compare?a=good&b=bad&", "comparison.csv", "memory")],
)
def test_tables_are_files_for_spreadsheets(
    client: TestClient, path: str, name: str, text: str
) -> None:
    """The browser saves them under a name."""
    answer = client.get(f"/backtest/{path}format=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    header, *rows = csv.reader(io.StringIO(answer.text))
    assert {len(row) for row in rows} == {len(header)}
    assert text in {cell for row in rows for cell in row}


@pytest.mark.parametrize("path", ["evaluation?", "evaluation?format=csv&", "compare?a=good&b=bad"])
def test_figures_are_sent_again_once_a_result_comes_or_goes(
    client: TestClient, store: ResultStore, make_result: Callable[..., BacktestResult], path: str
) -> None:
    """Until then the caller's tag holds."""
    tag = client.get(f"/backtest/{path}").headers["etag"]

    def again() -> int:
        return client.get(f"/backtest/{path}", headers={"if-none-match": tag}).status_code

    assert again() == 304
    store.save(make_result("new"))
    assert again() == 200
    tag = client.get(f"/backtest/{path}").headers["etag"]
    store.delete("flat")
    assert again() == 200


def test_a_comparison_is_what_openapi_says(client: TestClient) -> None:
    """Run A against run B."""
    answer = client.get("/backtest/compare", params={"a": "good", "b": "bad"})
    assert answer.status_code == 200
    found = Comparison.model_validate(answer.json())
    assert (found.a.run_id, found.b.run_id) == ("good", "bad")
    assert found.results[0].difference == pytest.approx(-0.1)


@pytest.mark.parametrize(
    ("path", "field"),
    [("compare?a=good&b=nobody", "b"), ("compare?a=nobody&b=good", "a"),
     ("evaluation?run_ids=good,nobody", "run_ids")],
)  # fmt: skip
def test_an_unknown_run_is_a_problem_that_names_the_field(
    client: TestClient, path: str, field: str
) -> None:
    """And the run."""
    answer = client.get(f"/backtest/{path}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["field"] == field
    assert "nobody" in answer.json()["detail"]
