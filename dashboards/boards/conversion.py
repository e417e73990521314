"""Conversion: raw files into the catalog, the first time and again."""

from __future__ import annotations

from alerts.objectives import objectives
from dashboards import queries as q
from dashboards.house import Board, board, link
from dashboards.model import Panel
from dashboards.panels import ORANGE, RED, above, heatmap, stat, timeseries
from nautilus_instrumentation import metrics as m

READING = (
    "A file is converted once (first) and then answered from the manifest (cached). The repeat "
    "ratio says whether that holds; rejected rows say whether the raw data can be trusted."
)


def dashboard() -> Board:
    return board(
        "conversion",
        "Conversion",
        READING,
        [
            ("Promises", _promises()),
            ("Rows and bytes", _volume()),
            ("Durations", _durations()),
        ],
    )


def _promises() -> list[Panel]:
    objective = objectives()["repeat_conversion"]
    assert objective.threshold is not None
    catalog = [link("Catalog", "catalog")]
    return [
        timeseries(
            objective.title, "Duration of a repeated conversion over its first, where the first "
            f"took 0.5 s or more. Should stay below {objective.threshold:.0%}.", "percentunit",
            ("{{kind}}", q.value(m.CONVERSION_REPEAT_RATIO, "kind", how="max")),
            thresholds=above((objective.threshold, RED)), links=catalog,
        ),
        stat(
            "Rejected rows", "Share of the rows in the time range that the catalog could not hold; "
            "each is in the report beside the manifest, with its reason.", "percentunit",
            ("{{kind}}", q.share(
                m.CONVERSION_ROWS, "kind", of={"outcome": "rejected"}, over=q.RANGE)),
            thresholds=above((0.0001, ORANGE), (0.01, RED)), rows=8, width=6, links=catalog,
        ),
        stat(
            "Failed files", "Files in the time range whose conversion failed as a whole.", "short",
            ("{{kind}}", q.increase(m.CONVERSION_DURATION, "kind", outcome="failed")),
            thresholds=above((1, RED)), rows=8, width=6, links=[link("Incident", "incident")],
        ),
    ]  # fmt: skip


def _volume() -> list[Panel]:
    return [
        timeseries(
            "Rows", "Rows per second by kind and outcome.", "rowsps",
            ("{{kind}} {{outcome}}", q.rate(m.CONVERSION_ROWS, "kind", "outcome")),
        ),
        timeseries(
            "Bytes", "File bytes read and written per second.", "Bps",
            ("{{direction}}", q.rate(m.CONVERSION_BYTES, "direction")),
        ),
    ]  # fmt: skip


def _durations() -> list[Panel]:
    return [
        timeseries(
            "Files by outcome", "Duration that 95 % of files stay below, by kind and outcome.", "s",
            ("{{kind}} {{outcome}}", q.quantile(0.95, m.CONVERSION_DURATION, "kind", "outcome")),
        ),
        timeseries(
            "Conversions", "Files per second by outcome.", "ops",
            ("{{outcome}}", q.rate(m.CONVERSION_DURATION, "outcome")), stacked=True,
        ),
        heatmap(
            "First conversions", "Files by the duration of their first conversion; dots open the "
            "trace.", "s", q.heat(m.CONVERSION_DURATION, outcome="first"),
        ),
        timeseries(
            "Slow batches", "Duration that 95 % of the batches of rows stay below, by kind.", "s",
            ("{{kind}}", q.quantile(0.95, m.CONVERSION_BATCH_DURATION, "kind")),
        ),
        timeseries(
            "Batches converted", "Batches of rows per second, by kind.", "ops",
            ("{{kind}}", q.rate(m.CONVERSION_BATCH_DURATION, "kind")), stacked=True,
        ),
        heatmap(
            "Batches", "Batches of rows by duration; a batch that takes much longer than the rest "
            "points at the disk.", "s", q.heat(m.CONVERSION_BATCH_DURATION),
        ),
    ]  # fmt: skip
