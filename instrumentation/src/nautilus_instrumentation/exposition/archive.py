"""Values of processes that have ended, in one file.

The file lists the processes it holds whose own files may still be there. A crash between its
replacement and the removal of those files therefore counts nothing twice.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from nautilus_instrumentation.exposition import directory as folder
from nautilus_instrumentation.exposition.cells import Exemplar, bound_text
from nautilus_instrumentation.exposition.table import Family, Series, Table

NAME = "archive.json"
_FORMAT = 1


def save(directory: Path, table: Table, sources: Collection[str]) -> None:
    """Write what the table holds now, as the sum of processes that have ended.

    Raises OSError; the old file is then untouched.
    """
    families = {
        name: {
            "labels": list(family.spec.label_names),
            "bounds": [bound_text(bound) for bound in family.bounds],
            "series": [_packed(series) for series in family.series.values() if _used(series)],
        }
        for name, family in table.families.items()
    }
    document = {"format": _FORMAT, "sources": sorted(sources), "families": families}
    folder.write_whole(directory / NAME, json.dumps(document), durable=True)


def load(directory: Path, table: Table) -> set[str]:
    """Add what the file holds to the table; returns the processes it lists.

    No file counts as an empty one. Raises OSError when it cannot be read and ValueError when it
    cannot be understood; the table may then hold a part of it.
    """
    try:
        document = json.loads((directory / NAME).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return set()
    try:
        if document["format"] != _FORMAT:
            raise ValueError(f"unknown format {document['format']}")
        found = [
            (family, packed, entry["bounds"])
            for name, entry in document["families"].items()
            if (family := table.families.get(name)) is not None
            and entry["labels"] == list(family.spec.label_names)
            for packed in entry["series"]
        ]
        for family, packed, bounds in found:
            _unpack(family, packed, bounds)
        return set(document["sources"])
    except (TypeError, KeyError, IndexError, AttributeError) as error:
        raise ValueError(f"{NAME} is not an archive: {error!r}") from error


def _used(series: Series) -> bool:
    return any(series.values) or bool(series.time)


def _packed(series: Series) -> list[Any]:
    exemplars = {
        cell: [dict(one.labels), one.value, one.timestamp] for cell, one in series.exemplars.items()
    }
    return [series.labels, series.values, series.time, exemplars]


def _unpack(family: Family, packed: list[Any], bounds: list[str]) -> None:
    labels, values, time, exemplars = packed
    try:
        series = family.at(labels)
    except ValueError:  # a label value that this version no longer lists
        return
    cells = [*(family.cell_of_bound(bound) for bound in bounds), family.size - 1]
    if len(values) != len(cells):
        raise ValueError(f"{family.spec.name} has {len(values)} values")
    if family.latest:
        series.newest(values[0], time)
    else:
        for cell, value in zip(cells, values, strict=True):
            series.add(cell, value)
    for cell, exemplar in exemplars.items():
        series.point_at(cells[int(cell)], Exemplar(*exemplar))
