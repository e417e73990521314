"""Runs ranked, and one run against another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from backend.evaluation import table
from backend.evaluation.models import Comparison, Metric, Ranking
from backend.models import InstrumentId, RunStatus
from backend.services import Parts
from backend.strategy_evaluator import MOST_RUNS, StrategyEvaluator

router = APIRouter(prefix="/backtest", tags=["evaluation"])

LONGEST_LIST = 80 * MOST_RUNS
"""Characters of `run_ids`; an id has 64 at most."""

Format = Literal["json", "csv"]
_CSV: dict[int | str, dict[str, Any]] = {
    200: {"content": {table.MEDIA_TYPE: {"schema": {"type": "string"}}}}
}


@router.get("/evaluation", response_model=Ranking, responses=_CSV)
async def evaluation(
    parts: Parts,
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
    """Runs ranked by one figure of their performance."""
    names = [name for name in run_ids.split(",") if name]
    evaluator = StrategyEvaluator(parts.results)

    def read() -> Response:
        found = evaluator.rank(sort, names, limit, strategy, instrument_id, status)
        return _answer(found, format, table.ranking, "ranking.csv")

    return await asyncio.to_thread(read)


@router.get("/compare", response_model=Comparison, responses=_CSV)
async def compare(
    parts: Parts,
    a: Annotated[str, Query(max_length=64, description="run_id")],
    b: Annotated[str, Query(max_length=64, description="run_id")],
    format: Format = "json",
) -> Response:
    """Run A against run B: parameters, versions, results, stages, memory."""
    evaluator = StrategyEvaluator(parts.results)

    def read() -> Response:
        return _answer(evaluator.compare(a, b), format, table.comparison, "comparison.csv")

    return await asyncio.to_thread(read)


def _answer(found: Any, format: Format, as_csv: Callable[[Any], str], name: str) -> Response:
    if format == "csv":
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(as_csv(found), media_type=table.MEDIA_TYPE, headers=headers)
    assert isinstance(found, BaseModel)
    return Response(found.model_dump_json(), media_type="application/json")
