"""What it costs to rank stored runs: the platform against pandas and empyrical on their files."""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import empyrical
import pandas as pd

from backend.evaluation.curve import YEAR_SECONDS
from backend.models import unix_ns
from backend.reporting import CURVE_POINTS
from backend.result_store import ResultStore
from backend.strategy_evaluator import MOST_RUNS, StrategyEvaluator
from benchmarks.cache_cases import result
from benchmarks.figures import shown
from benchmarks.section import Measure, Recommendation, Section, Table, emit, with_json

TEXT = """
Stored runs over an hour, each with the longest curve that is kept, are ranked by Sharpe's ratio:
the platform reads each file and gives all figures of a run. Plain is what one would write in a
notebook: the same files through json, returns of a minute by pandas, ratios by empyrical. Both take
turns, and must agree.
"""
PERIODS = 60
"""Minutes, into which the platform cuts an hour."""

WAYS = ("ours", "plain")

Ranked = list[tuple[str, float]]


def fill(store: ResultStore, runs: int) -> None:
    """Results whose equity goes up and down."""
    chance = random.Random(1)
    for number in range(runs):
        one = result(number)
        begin = unix_ns(one.request.start)
        step = 3_600 * 10**9 // CURVE_POINTS
        equity, curve = 1e6, []
        for place in range(CURVE_POINTS):
            curve.append((begin + place * step, equity))
            equity = round(equity * (1 + chance.gauss(0, 1e-5)), 2)
        store.save(one.model_copy(update={"equity_curve": curve, "pnl": {"USD": equity - 1e6}}))


def ours(evaluator: StrategyEvaluator, runs: int) -> Ranked:
    items = evaluator.rank(limit=runs).items
    return [(item.run_id, item.performance.sharpe_ratio or math.nan) for item in items]


def plain(folder: Path) -> Ranked:
    """All that `ours` tells of a curve, though only one figure is kept."""
    found = []
    for path in folder.glob("run-*.json"):
        run = json.loads(path.read_text())
        series = pd.Series(dict(run["equity_curve"]))
        begin = int(pd.Timestamp(run["request"]["start"]).value)
        edges = [begin + minute * 60 * 10**9 for minute in range(PERIODS + 1)]
        returns = series.asof(edges).pct_change().dropna()
        per_year = YEAR_SECONDS / 60
        changes = series.pct_change().dropna()
        empyrical.cum_returns_final(changes)
        empyrical.max_drawdown(changes)
        empyrical.sortino_ratio(returns, annualization=per_year)
        sharpe = empyrical.sharpe_ratio(returns, annualization=per_year)
        found.append((run["run_id"], float(sharpe)))
    return sorted(found, key=lambda one: -one[1])


def measure(runs: int, rounds: int) -> dict[str, list[float]]:
    """Way: wall seconds, one for each round. Fails where the two disagree."""
    seconds: dict[str, list[float]] = {way: [] for way in (*WAYS, "compare")}
    with tempfile.TemporaryDirectory() as folder:
        store = ResultStore(Path(folder))
        fill(store, runs)
        evaluator = StrategyEvaluator(store)
        for turn in range(rounds + 1):
            took, ranked = _timed(partial(ours, evaluator, runs))
            took_plain, wanted = _timed(partial(plain, Path(folder)))
            agree(ranked, wanted)
            best, worst = ranked[0][0], ranked[-1][0]
            took_compare, _ = _timed(partial(evaluator.compare, best, worst))
            if turn:  # the first warms up
                for way, one in zip(seconds, (took, took_plain, took_compare), strict=True):
                    seconds[way].append(one)
        store.close()
    return seconds


def agree(ranked: Ranked, wanted: Ranked) -> None:
    """Raise AssertionError unless both have the same runs in the same order, with equal ratios."""
    assert [name for name, _ in ranked] == [name for name, _ in wanted]
    for (name, one), (_, other) in zip(ranked, wanted, strict=True):
        assert math.isclose(one, other, rel_tol=1e-6), f"{name}: {one} is not {other}"


def _timed(call: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    answer = call()
    return time.perf_counter() - began, answer


def section(runs: int, seconds: dict[str, list[float]]) -> Section:
    """The figures as a part of the report."""
    middle = {way: statistics.median(values) for way, values in seconds.items()}
    ratios = sorted(p / o for p, o in zip(seconds["plain"], seconds["ours"], strict=True))
    ranking = f"{runs} runs ranked"
    return Section(
        "evaluation", "Evaluation of runs", TEXT,
        tables=(
            Table(
                "Wall time, median", ("what", "platform", "pandas and empyrical"),
                (
                    (ranking, *(shown(middle[way], "s") for way in WAYS)),
                    ("each of them", *(shown(middle[way] / runs, "s") for way in WAYS)),
                    ("run A against run B", shown(middle["compare"], "s"), "–"),
                ),
            ),
        ),
        measures=(
            Measure(ranking, middle["ours"], "s"),
            Measure("run A against run B", middle["compare"], "s"),
            Measure(
                "ranking, pandas and empyrical / ours", statistics.median(ratios), "x",
                (ratios[0], ratios[-1]), better="higher",
            ),
        ),
        recommendations=(
            Recommendation(
                f"Rank runs by the API: {{{ranking}}} for {runs}, "
                "{ranking, pandas and empyrical / ours} as fast as pandas and empyrical."
            ),
        ),
    )  # fmt: skip


def main() -> None:
    parser = with_json(argparse.ArgumentParser(description=__doc__))
    parser.add_argument("--runs", type=int, default=MOST_RUNS)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    emit(section(given.runs, measure(given.runs, given.rounds)), given.json)


if __name__ == "__main__":
    main()
