"""Ranking the runs of a store."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from backend.errors import Invalid, NotFound
from backend.models import BacktestResult
from backend.result_store import ResultStore
from backend.strategy_evaluator import MOST_RUNS, StrategyEvaluator

Results = Callable[..., BacktestResult]


@pytest.fixture
def evaluator(store: ResultStore, make_result: Results) -> StrategyEvaluator:
    """Runs named after what they returned; `killed` has no figures; `later` is the newest."""
    for run_id, end in (("plus5", 105.0), ("minus5", 95.0), ("plus1", 101.0), ("also5", 105.0)):
        store.save(make_result(run_id, curve=[(0, 100.0), (60, end)]))
    store.save(make_result("killed", status="killed"))
    later = datetime(2026, 1, 6, tzinfo=UTC)
    store.save(make_result("later", strategy="idle", created_at=later))
    return StrategyEvaluator(store)


def ranks(evaluator: StrategyEvaluator, **query) -> list[tuple[str, int | None]]:
    return [(item.run_id, item.rank) for item in evaluator.rank(**query).items]


def test_the_best_comes_first(evaluator: StrategyEvaluator) -> None:
    """Equals share a place, the next one keeps its own; a run without the figure has none."""
    assert ranks(evaluator, sort="total_return") == [
        ("also5", 1), ("plus5", 1), ("plus1", 3), ("later", 4), ("minus5", 5), ("killed", None),
    ]  # fmt: skip


def test_the_smallest_drawdown_comes_first(evaluator: StrategyEvaluator) -> None:
    """Of some figures less is better."""
    named = ["minus5", "plus5"]
    assert ranks(evaluator, sort="max_drawdown", run_ids=named) == [("plus5", 1), ("minus5", 2)]


def test_runs_are_chosen_by_filters(evaluator: StrategyEvaluator) -> None:
    """As in the list of results."""
    assert ranks(evaluator, sort="total_return", strategy="idle") == [("later", 1)]
    assert ranks(evaluator, status="killed") == [("killed", None)]
    assert ranks(evaluator, instrument_id="NO.SUCH") == []


def test_of_many_runs_the_newest_are_ranked(evaluator: StrategyEvaluator) -> None:
    """It is said that older ones were left out."""
    found = evaluator.rank(sort="total_return", limit=1)
    assert ([item.run_id for item in found.items], found.more) == (["later"], True)
    assert not evaluator.rank(limit=6).more


def test_a_run_named_twice_is_ranked_once(evaluator: StrategyEvaluator) -> None:
    """Callers join lists."""
    assert len(evaluator.rank(run_ids=["plus1", "plus1"]).items) == 1


@pytest.mark.parametrize(
    ("run_ids", "error"),
    [(["plus1", "nobody"], NotFound), (["../x"], Invalid),
     ([f"run-{n}" for n in range(MOST_RUNS + 1)], Invalid)],
    ids=["unknown", "path", "many"],
)  # fmt: skip
def test_runs_that_cannot_be_ranked_are_refused(
    evaluator: StrategyEvaluator, run_ids: list[str], error: type[Exception]
) -> None:
    """None of them is left out in silence."""
    with pytest.raises(error) as caught:
        evaluator.rank(run_ids=run_ids)
    assert caught.value.field == "run_ids"


def test_runs_are_named_or_filtered_not_both(evaluator: StrategyEvaluator) -> None:
    """What a filter would mean for runs that are named is anybody's guess."""
    with pytest.raises(Invalid, match="not both"):
        evaluator.rank(run_ids=["plus1"], strategy="idle")


@pytest.mark.parametrize(("a", "b", "field"), [("nobody", "plus1", "a"), ("plus1", "nobody", "b")])
def test_an_unknown_run_is_named_by_side(
    evaluator: StrategyEvaluator, a: str, b: str, field: str
) -> None:
    """The caller sees which of the two is wrong."""
    with pytest.raises(NotFound) as caught:
        evaluator.compare(a, b)
    assert caught.value.field == field


def test_a_run_deleted_since_it_was_listed_is_left_out(
    evaluator: StrategyEvaluator, store: ResultStore
) -> None:
    """Results come and go while they are read; the file is what counts."""
    (store.results_dir / "plus1.json").unlink()
    assert len(ranks(evaluator)) == 5


def test_windows_of_all_lengths_are_ranked(store: ResultStore, make_result: Results) -> None:
    """All the same: the figures say by how much time they were annualised."""
    end = datetime(2026, 1, 5, 12, 5, tzinfo=UTC)
    for run_id, minutes in (("short", 0), ("long", 55)):
        curve = [(0, 100.0), (30, 101.0), (60, 100.5)]
        store.save(make_result(run_id, curve=curve, end=end + timedelta(minutes=minutes)))
    assert ranks(StrategyEvaluator(store)) == [("short", 1), ("long", 2)]


def test_results_of_earlier_versions_are_ranked(store: ResultStore, make_result: Results) -> None:
    """Their files know nothing of trades: figures of the curve are there, others say why not."""
    store.save(make_result("old", curve=[(0, 100.0), (60, 101.0)]))
    path = store.results_dir / "old.json"
    document = json.loads(path.read_text())
    del document["trading"]
    path.write_text(json.dumps(document))
    evaluator = StrategyEvaluator(store)
    assert ranks(evaluator, sort="total_return") == [("old", 1)]
    (item,) = evaluator.rank(sort="win_rate").items
    assert "without a record" in item.performance.undefined["win_rate"]
