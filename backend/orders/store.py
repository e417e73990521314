"""The orders of runs on disk: a file for each run that made some, by columns, compressed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import orjson
import zstandard

from backend.errors import NotFound
from backend.orders.models import OrderLog, OrderRow

_LEVEL = 3
_MOST_BYTES = 64 * 2**20
"""Of a file, decompressed; ten times what the largest has."""

NOT_KEPT = "the orders were not kept: the run was ended from outside, or is from an older version"


class OrderStore:
    """Keeps one file per run in a folder of its own; several processes may use it at once.

    `run_id` is checked by the caller (ResultStore).
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, run_id: str, log: OrderLog) -> None:
        """Write the file, replacing one of the same run.

        It is not flushed to the disk: that would take longer than all the rest, and a power cut may
        cost a run its orders. A file that was cut short is said to be unreadable.
        """
        columns = dict(zip(OrderRow._fields, zip(*log.rows, strict=True), strict=False))
        content = orjson.dumps({"total": log.total, "about": log.about, "columns": columns})
        self._folder.mkdir(exist_ok=True)
        path = self._path(run_id)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            temporary.write_bytes(zstandard.ZstdCompressor(level=_LEVEL).compress(content))
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    def table(self, run_id: str, made: int, offset: int, limit: int) -> bytes:
        """Orders from the one at `offset` on, as the JSON of an OrderTable.

        `made` is the number of orders that the run's result tells. Raises NotFound for a file that
        cannot be read.
        """
        kept = self._read(run_id)
        columns = list(kept["columns"].values())
        count = len(columns[0]) if columns else 0
        total = max(made, kept["total"])
        end = offset + limit
        part = [column[offset:end] for column in columns]
        return orjson.dumps(
            {
                "run_id": run_id, "total": total, "kept": count, "note": _note(total, count),
                **kept["about"], "columns": OrderRow._fields,
                "rows": list(zip(*part, strict=True)),
                "next_offset": end if end < count else None,
            }
        )  # fmt: skip

    def delete(self, run_id: str) -> None:
        self._path(run_id).unlink(missing_ok=True)

    def _path(self, run_id: str) -> Path:
        return self._folder / f"{run_id}.json.zst"

    def _read(self, run_id: str) -> dict[str, Any]:
        try:
            content = self._path(run_id).read_bytes()
        except FileNotFoundError:
            return {"total": 0, "about": {}, "columns": {}}
        try:
            plain = zstandard.ZstdDecompressor().decompress(content, max_output_size=_MOST_BYTES)
            found: dict[str, Any] = orjson.loads(plain)
        except (zstandard.ZstdError, orjson.JSONDecodeError) as error:
            raise NotFound(
                f"the file of the orders of {run_id} cannot be read", field="run_id"
            ) from error
        return found


def _note(total: int, kept: int) -> str | None:
    if kept >= total:
        return None
    if kept == 0:
        return NOT_KEPT
    return f"{kept:,} of {total:,} orders were kept: those with fills first, then the earliest"
