"""Rankings and comparisons as CSV (RFC 4180) for spreadsheets.

Columns and their order are fixed: new ones are added at the end.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

import orjson

from backend.evaluation.models import METRICS, Comparison, Ranking

MEDIA_TYPE = "text/csv"
RANKING_COLUMNS = (
    "rank", "run_id", "status", "strategy", "instrument_id", "kind", "start", "end", "created_at",
    "params", "currency", "pnl", *METRICS, "period_seconds", "periods", "undefined",
    "bar_type",
)  # fmt: skip
COMPARISON_COLUMNS = ("section", "name", "unit", "a", "b", "difference", "relative", "note")

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A spreadsheet takes a cell that begins so for a formula (OWASP, "CSV Injection")."""


def ranking(found: Ranking) -> str:
    """One row for each run, as ranked."""
    rows = []
    for run in found.items:
        row = run.model_dump(mode="json")
        performance = row.pop("performance")
        reasons = "; ".join(f"{name}: {why}" for name, why in performance["undefined"].items())
        cells = {**row, **performance, "undefined": reasons}
        rows.append([cells[column] for column in RANKING_COLUMNS])
    return _csv(RANKING_COLUMNS, rows)


def comparison(found: Comparison) -> str:
    """One row for each thing compared; what no number can say is in `note`."""
    rows: list[list[Any]] = []
    for section in ("parameters", "versions"):
        for change in getattr(found, section):
            note = "" if change.same else "differs"
            rows.append([section, change.name, "", change.a, change.b, None, None, note])
    for section in ("results", "stages", "memory", "statistics"):
        for row in getattr(found, section):
            numbers = [row.a, row.b, row.difference, row.relative]
            rows.append([section, row.name, row.unit, *numbers, row.undefined])
    return _csv(COMPARISON_COLUMNS, rows)


def _csv(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    """A number stays one; text that a spreadsheet would run gets an apostrophe before it."""
    if value is None:
        return ""
    if isinstance(value, bool | dict | list):
        value = orjson.dumps(value).decode()
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
