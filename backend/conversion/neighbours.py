"""Files that the catalog holds of one series."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from backend.conversion.layout import TS_EVENT, parse_file_name
from backend.conversion.sinks import Staged
from backend.conversion.workspace import Workspace
from backend.errors import Conflict


@dataclass(frozen=True)
class Neighbour:
    """A file of the same instrument and kind that the catalog holds."""

    path: Path
    first_init_ns: int
    last_init_ns: int

    def event_range(self) -> tuple[int, int]:
        """First and last `ts_event`, from the file's statistics."""
        with pq.ParquetFile(self.path) as file:
            metadata = file.metadata
            place = file.schema_arrow.names.index(TS_EVENT)
            found = [metadata.row_group(i).column(place) for i in range(metadata.num_row_groups)]
            if any(column.statistics is None for column in found):
                return self.first_init_ns, self.last_init_ns
            return (
                min(column.statistics.min for column in found),
                max(column.statistics.max for column in found),
            )


def neighbours(folder: Path) -> list[Neighbour]:
    """Files of one instrument and kind, by time."""
    if not folder.is_dir():
        return []
    found = [(path, parse_file_name(path.name)) for path in folder.iterdir()]
    named = [Neighbour(path, *interval) for path, interval in found if interval]
    return sorted(named, key=lambda n: (n.first_init_ns, n.last_init_ns))


def refuse_other_precisions(item: Staged, others: list[Neighbour], workspace: Workspace) -> None:
    """Files of other precisions must be ours: those are stale, and convert again."""
    if not others:
        return
    with pq.ParquetFile(others[0].path) as file:
        there = file.schema_arrow.metadata or {}
    for key in (b"price_precision", b"size_precision"):
        if there.get(key) == item.schema.metadata[key]:
            continue
        relative = others[0].path.relative_to(workspace.catalog).as_posix()
        if workspace.owner(relative) is None:
            wrong, right = (m.get(key, b"?").decode() for m in (there, item.schema.metadata))
            raise Conflict(
                f"{relative} in the catalog has {key.decode()} {wrong}, the description says "
                f"{right}", key.decode(), "correct the description, or remove that file",
            )  # fmt: skip
