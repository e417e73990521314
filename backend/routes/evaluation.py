"""Runs ranked, and one run against another."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from backend.evaluation import table
from backend.evaluation.models import Comparison, Metric, Ranking
from backend.models import InstrumentId, RunStatus
from backend.routes.answers import NOT_CHANGED, IfNoneMatch, etag, json, not_changed
from backend.services import Parts
from backend.strategy_evaluator import MOST_RUNS, StrategyEvaluator

router = APIRouter(prefix="/backtest", tags=["evaluation"])

LONGEST_LIST = 80 * MOST_RUNS
"""Characters of `run_ids`; an id has 64 at most."""

Format = Literal["json", "csv"]
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {table.MEDIA_TYPE: {"schema": {"type": "string"}}}},
    **NOT_CHANGED,
}


@router.get("/evaluation", response_model=Ranking, responses=_ANSWERS)
async def evaluation(
    parts: Parts,
    if_none_match: IfNoneMatch = None,
    sort: Annotated[Metric, Query(description="the best by it comes first")] = "sharpe_ratio",
    run_ids: Annotated[
        str, Query(max_length=LONGEST_LIST, description="runs to rank, with commas between them")
    ] = "",
    limit: Annotated[
        int, Query(ge=1, le=MOST_RUNS, description="without run_ids: newest runs to rank")
    ] = 50,
    strategy: Annotated[str | None, Query(max_length=64)] = None,
    instrument_id: Annotated[InstrumentId | None, Query()] = None,
    status: RunStatus | None = None,
    format: Format = "json",
) -> Response:
    """Runs ranked by one figure of their performance, with the ETag of the list of results."""
    names = [name for name in run_ids.split(",") if name]
    evaluator = StrategyEvaluator(parts.results)

    def read() -> Response:
        tag = etag(parts.results.revision())  # before the runs, as for lists
        if known := not_changed(if_none_match, tag):
            return known
        found = evaluator.rank(sort, names, limit, strategy, instrument_id, status)
        if format == "csv":
            return _csv(table.ranking(found), "ranking.csv", tag)
        return json(found.model_dump_json(), tag)

    return await asyncio.to_thread(read)


@router.get("/compare", response_model=Comparison, responses=_ANSWERS)
async def compare(
    parts: Parts,
    a: Annotated[str, Query(max_length=64, description="run_id")],
    b: Annotated[str, Query(max_length=64, description="run_id")],
    if_none_match: IfNoneMatch = None,
    format: Format = "json",
) -> Response:
    """Run A against run B: parameters, versions, results, stages, memory; with an ETag."""
    evaluator = StrategyEvaluator(parts.results)

    def read() -> Response:
        tag = etag(parts.results.revision())
        if known := not_changed(if_none_match, tag):
            return known
        found = evaluator.compare(a, b)
        if format == "csv":
            return _csv(table.comparison(found), "comparison.csv", tag)
        return json(found.model_dump_json(), tag)

    return await asyncio.to_thread(read)


def _csv(text: str, name: str, tag: str) -> Response:
    response = json(text, tag, table.MEDIA_TYPE)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
