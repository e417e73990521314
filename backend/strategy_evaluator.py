"""Which run was better: stored runs ranked by a figure, and one run against another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from backend.errors import Invalid, NotFound
from backend.evaluation.comparison import compare
from backend.evaluation.models import (
    LOWER_IS_BETTER,
    Comparison,
    Evaluation,
    Metric,
    RankedRun,
    Ranking,
)
from backend.evaluation.performance import evaluate
from backend.models import ID_PATTERN, BacktestResult
from backend.result_store import ResultStore

MOST_RUNS = 200
"""Runs in one ranking; each is a file to be read."""


class StrategyEvaluator:
    """Reads the results of one store; raises NotFound and Invalid, naming the field asked with."""

    def __init__(self, results: ResultStore) -> None:
        self._results = results

    def rank(
        self,
        sort: Metric = "sharpe_ratio",
        run_ids: Sequence[str] = (),
        limit: int = 50,
        strategy: str | None = None,
        instrument_id: str | None = None,
        status: str | None = None,
    ) -> Ranking:
        """The runs named, or else the newest `limit` that the filters leave, the best first."""
        if not run_ids:
            page = self._results.list(
                limit, strategy=strategy, instrument_id=instrument_id, status=status
            )
            found = [self._listed(item.run_id) for item in page.items]
            chosen = [result for result in found if result is not None]
            return Ranking(sort=sort, items=ranked(map(evaluate, chosen), sort),
                           more=page.next_cursor is not None)  # fmt: skip
        if strategy or instrument_id or status:
            raise Invalid("runs are chosen by run_ids or by filters, not both", field="run_ids")
        names = list(dict.fromkeys(run_ids))
        if len(names) > MOST_RUNS:
            raise Invalid(f"at most {MOST_RUNS} runs, not {len(names)}", field="run_ids")
        named = [self._named(name, "run_ids") for name in names]
        return Ranking(sort=sort, items=ranked(map(evaluate, named), sort), more=False)

    def compare(self, a: str, b: str) -> Comparison:
        """Run `a` against run `b`."""
        return compare(self._named(a, "a"), self._named(b, "b"))

    def _named(self, run_id: str, field: str) -> BacktestResult:
        if not ID_PATTERN.fullmatch(run_id):
            raise Invalid(f"{run_id[:80]!r} is not the id of a run", field=field)
        try:
            return self._results.get(run_id)
        except NotFound as error:
            raise NotFound(error.message, field=field, hint=error.hint) from error

    def _listed(self, run_id: str) -> BacktestResult | None:
        """None for one that was deleted since it was listed."""
        try:
            return self._results.get(run_id)
        except NotFound:
            return None


def ranked(runs: Iterable[Evaluation], sort: Metric) -> list[RankedRun]:
    """The best first, equals by run id, those without the figure last and without a place."""
    sign = 1 if sort in LOWER_IS_BETTER else -1

    def key(run: Evaluation) -> tuple[bool, float, str]:
        value = getattr(run.performance, sort)
        return (value is None, sign * (value or 0.0), run.run_id)

    items: list[RankedRun] = []
    for place, run in enumerate(sorted(runs, key=key), 1):
        value = getattr(run.performance, sort)
        rank = None if value is None else place
        if items and value is not None and value == getattr(items[-1].performance, sort):
            rank = items[-1].rank
        items.append(RankedRun(**dict(run), rank=rank))
    return items
