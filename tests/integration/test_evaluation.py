"""Runs of the real service, ranked and compared."""

from __future__ import annotations

import csv
import io
from typing import Any

import httpx
import pytest

RUNS = {
    "slow": ("ema_cross", {"fast_ema_period": 5, "slow_ema_period": 20}),
    "fast": ("ema_cross", {"fast_ema_period": 2, "slow_ema_period": 4}),
    "idle": ("idle", {}),
}


@pytest.fixture(scope="module")
def service(start_service: Any) -> Any:
    return start_service().until_ready()


@pytest.fixture(scope="module")
def runs(service: Any) -> dict[str, str]:
    """Run ids by name, all ended well."""
    accepted = {name: service.run(strategy, **params) for name, (strategy, params) in RUNS.items()}
    for run in accepted.values():
        assert service.ended(run["job_id"])["status"] == "ok"
    return {name: run["run_id"] for name, run in accepted.items()}


def test_real_runs_are_ranked(service: Any, runs: dict[str, str]) -> None:
    """Those that traded have all figures, and a better one comes first."""
    answer = service.http.get("/backtest/evaluation", params={"run_ids": ",".join(runs.values())})
    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    assert [item["rank"] for item in items] == [1, 2, None]
    assert items[2]["run_id"] == runs["idle"]
    figures = [item["performance"] for item in items]
    assert figures[0]["undefined"] == figures[1]["undefined"] == {}
    assert figures[0]["sharpe_ratio"] >= figures[1]["sharpe_ratio"]
    by_run = {item["run_id"]: item["performance"] for item in items}
    slow, fast, idle = (by_run[runs[name]] for name in ("slow", "fast", "idle"))
    assert fast["turnover"] > slow["turnover"] > idle["turnover"] == 0
    assert all(0 < one["exposure"] < 1 and 0 <= one["win_rate"] <= 1 for one in (slow, fast))


def test_a_ranking_as_csv_says_what_json_says(service: Any, runs: dict[str, str]) -> None:
    """To the last digit."""
    query = {"strategy": "ema_cross", "sort": "turnover"}
    items = service.http.get("/backtest/evaluation", params=query).json()["items"]
    text = service.http.get("/backtest/evaluation", params={**query, "format": "csv"}).text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["run_id"], float(row["turnover"])) for row in rows] == [
        (item["run_id"], item["performance"]["turnover"]) for item in items
    ]


def test_two_real_runs_are_compared(service: Any, runs: dict[str, str]) -> None:
    """What was asked for differs in two parameters, what came of it in everything measured."""
    answer: httpx.Response = service.http.get(
        "/backtest/compare", params={"a": runs["slow"], "b": runs["fast"]}
    )
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert {row["name"] for row in found["parameters"] if not row["same"]} == {
        "params.fast_ema_period", "params.slow_ema_period",
    }  # fmt: skip
    assert all(row["same"] for row in found["versions"])
    assert {"query", "run", "report"} <= {row["name"] for row in found["stages"]}
    results = {row["name"]: row for row in found["results"]}
    assert results["orders"]["difference"] > 0
    assert results["pnl.USD"]["a"] == found["a"]["pnl"]
    (peak,) = [row for row in found["memory"] if row["name"] == "peak_memory_bytes"]
    assert min(peak["a"], peak["b"]) > 10_000_000


def test_a_run_that_is_not_there_is_named(service: Any, runs: dict[str, str]) -> None:
    """As a problem document."""
    answer = service.http.get("/backtest/compare", params={"a": runs["slow"], "b": "nobody"})
    assert (answer.status_code, answer.json()["field"]) == (404, "b")
