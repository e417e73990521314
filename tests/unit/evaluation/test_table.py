"""Rankings and comparisons as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest

from backend.evaluation import table
from backend.evaluation.comparison import compare
from backend.evaluation.models import Ranking
from backend.evaluation.performance import evaluate
from backend.models import BacktestResult
from backend.strategy_evaluator import ranked

Results = Callable[..., BacktestResult]


def ranking(*results: BacktestResult) -> list[dict[str, str]]:
    found = Ranking(sort="win_rate", items=ranked(map(evaluate, results), "win_rate"), more=False)
    return list(csv.DictReader(io.StringIO(table.ranking(found))))


def test_the_columns_of_a_ranking_stay(make_result: Results) -> None:
    """Sheets refer to them by place."""
    (row,) = ranking(make_result())
    assert list(row) == [
        "rank", "run_id", "status", "strategy", "instrument_id", "kind", "start", "end",
        "created_at", "params", "currency", "pnl", "total_return", "sharpe_ratio", "sortino_ratio",
        "max_drawdown", "win_rate", "profit_factor", "turnover", "exposure", "period_seconds",
        "periods", "undefined", "bar_type",
    ]  # fmt: skip


def test_a_row_holds_what_the_ranking_holds(make_result: Results) -> None:
    """Numbers with all their digits, null as an empty cell, parameters as JSON."""
    trading = {"closed": 3, "won": 1, "gross_profit": 1.0}
    row = ranking(make_result(params={"fast": 5}, trading=trading, pnl={"USD": -0.1}))[0]
    assert (row["rank"], row["run_id"], row["win_rate"]) == ("1", "run-1", "0.3333333333333333")
    assert (row["params"], row["pnl"], row["profit_factor"]) == ('{"fast":5}', "-0.1", "")
    assert "profit_factor: no trade lost" in row["undefined"]


def test_the_columns_of_a_comparison_stay(make_result: Results) -> None:
    """One table for everything compared."""
    text = table.comparison(compare(make_result(), make_result(params={"fast": 5})))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0]) == ["section", "name", "unit", "a", "b", "difference", "relative", "note"]
    assert {row["section"] for row in rows} == {"parameters", "versions", "results", "memory"}
    (changed,) = [row for row in rows if row["note"] == "differs"]
    assert (changed["name"], changed["a"], changed["b"]) == ("params.fast", "", "5")


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_text_is_no_formula(make_result: Results, begin: str) -> None:
    """What a spreadsheet would run is shown to it as text."""
    evil = f'{begin}HYPERLINK("http://x","y")'
    text = table.comparison(compare(make_result(params={"x": evil}), make_result()))
    (row,) = [
        row for row in csv.DictReader(io.StringIO(text, newline="")) if row["a"].endswith('y")')
    ]
    assert row["a"] == f"'{evil}"


@pytest.mark.parametrize("name", ["=1+1", "@SUM(A1)"])
def test_names_are_no_formulas_either(make_result: Results, name: str) -> None:
    """A version or a statistic may be named by others."""
    versions: Any = {name: "1"}
    text = table.comparison(compare(make_result(versions=versions), make_result(versions=versions)))
    assert [row["name"] for row in csv.DictReader(io.StringIO(text))].count(f"'{name}") == 1


def test_a_number_below_zero_is_a_number(make_result: Results) -> None:
    """Only text is guarded."""
    text = table.comparison(compare(make_result(params={"x": -1}), make_result(pnl={"USD": -2.0})))
    rows = {row["name"]: row for row in csv.DictReader(io.StringIO(text))}
    assert (rows["params.x"]["a"], rows["pnl.USD"]["b"]) == ("-1", "-2.0")
