"""Catalog: what queries cost, and how much of the files they could leave unread."""

from __future__ import annotations

from dashboards import queries as q
from dashboards.house import Board, board, link
from dashboards.model import Panel
from dashboards.panels import GREEN, ORANGE, below, heatmap, stat, timeseries
from nautilus_instrumentation import metrics as m

READING = (
    "A query for a short window should read few row groups and prune the rest. When latency grows, "
    "look first whether pruning got worse, then whether more rows are asked for."
)

BACKTESTS = [link("Backtest engine", "backtest")]


def dashboard() -> Board:
    return board(
        "catalog",
        "Catalog",
        READING,
        [
            ("Latency", _latency()),
            ("Pruning", _pruning()),
            ("Volume", _volume()),
        ],
    )


def _latency() -> list[Panel]:
    duration = m.CATALOG_QUERY_DURATION
    return [
        timeseries(
            "Operations", "Duration that 95 % of operations stay below.", "s",
            ("{{operation}}", q.quantile(0.95, duration, "operation")), links=BACKTESTS,
        ),
        heatmap(
            "Queries", "Queries by duration; dots open the trace.", "s",
            q.heat(duration, operation=("query", "stream")),
        ),
        timeseries(
            "Queries by kind", "Duration that half and 95 % of queries stay below.", "s",
            ("95 % {{kind}}", q.quantile(0.95, duration, "kind", operation=("query", "stream"))),
            ("median {{kind}}", q.quantile(0.5, duration, "kind", operation=("query", "stream"))),
        ),
        timeseries(
            "Rate", "Operations per second.", "ops",
            ("{{operation}}", q.rate(duration, "operation")), stacked=True,
        ),
    ]  # fmt: skip


def _pruning() -> list[Panel]:
    pruned = {"outcome": "pruned"}
    steps = below((0.2, ORANGE), (0.5, GREEN))
    return [
        stat(
            "Row groups pruned", "Share of the row groups of queried files in the time range that "
            "queries could leave unread.", "percentunit",
            ("{{kind}}", q.share(m.CATALOG_ROW_GROUPS, "kind", of=pruned, over=q.RANGE)),
            thresholds=steps, width=6, rows=8, links=BACKTESTS,
        ),
        stat(
            "Bytes pruned", "Share of the compressed bytes of queried files in the time range that "
            "queries could leave unread.", "percentunit",
            ("{{kind}}", q.share(m.CATALOG_BYTES, "kind", of=pruned, over=q.RANGE)),
            thresholds=steps, width=6, rows=8, links=BACKTESTS,
        ),
        timeseries(
            "Row groups", "Row groups of queried files per second, read and pruned.", "ops",
            ("{{kind}} {{outcome}}", q.rate(m.CATALOG_ROW_GROUPS, "kind", "outcome")),
            stacked=True,
        ),
    ]  # fmt: skip


def _volume() -> list[Panel]:
    return [
        timeseries(
            "Rows returned", "Rows that queries returned per second.", "rowsps",
            ("{{kind}}", q.rate(m.CATALOG_QUERY_ROWS, "kind")),
        ),
        timeseries(
            "Bytes", "Compressed bytes of queried files per second, read and pruned.", "Bps",
            ("{{kind}} {{outcome}}", q.rate(m.CATALOG_BYTES, "kind", "outcome")), stacked=True,
        ),
    ]  # fmt: skip
