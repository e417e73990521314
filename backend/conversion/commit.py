"""Puts finished files where queries look, in agreement with their neighbours in time."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow.parquet as pq

from backend.conversion.journal import Moves
from backend.conversion.layout import (
    BATCH_ROWS,
    TS_EVENT,
    TS_INIT,
    file_name,
    layout_of,
    parse_file_name,
    tick_folder,
)
from backend.conversion.manifest import Manifest, Output
from backend.conversion.sinks import Staged, verify
from backend.conversion.workspace import RawName, Workspace, instrument_lock, series_lock
from backend.conversion.writer import TickWriter
from backend.errors import Conflict
from backend.instruments import InstrumentSpec, ensure_written
from backend.models import SeriesKind

NEIGHBOURS_LOCK = "zz-neighbours"
"""Guards the manifests of sources that a commit does not own."""


@dataclass(frozen=True)
class _Neighbour:
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


@dataclass
class Commit:
    """The commit of one raw file's conversion. Hold the source's lock."""

    workspace: Workspace
    name: RawName
    instruments: list[InstrumentSpec]
    moves: Moves = field(default_factory=Moves)
    _locks: ExitStack = field(default_factory=ExitStack)
    _moved: dict[RawName, Manifest] = field(default_factory=dict)
    """Manifests of neighbours whose files move, as they are going to be."""
    _warnings: list[str] = field(default_factory=list)

    def run(self, manifest: Manifest, staged: list[Staged]) -> Manifest:
        """Make `staged` and `manifest` visible in place of what the file became before.

        Raises Conflict when a file overlaps with what another source became, or an instrument
        with what the catalog holds; nothing is changed then, but instruments may be written.
        Returns the manifest with its outputs.
        """
        before = self.workspace.manifest(self.name)
        series: set[tuple[SeriesKind, str]] = {(item.kind, item.identifier) for item in staged}
        if before is not None:
            series |= {(before.kind_of(output), output.identifier) for output in before.outputs}
        self.moves.locks = sorted(series_lock(kind, identifier) for kind, identifier in series)
        with self._locks:
            for label in self.moves.locks:
                self._locks.enter_context(self.workspace.lock(label))
            before = self.workspace.manifest(self.name)  # neighbours may have moved its outputs
            own = [output.path for output in before.outputs] if before is not None else []
            outputs = [self._place(item, own) for item in staged]
            manifest = manifest.model_copy(
                update={
                    "outputs": outputs,
                    "instruments": self._write_instruments(),
                    "warnings": manifest.warnings + self._warnings,
                }
            )
            self.moves.remove += [path for path in own if path not in self.moves.remove]
            self._record(self.name, manifest)
            self.workspace.journal(self.name).commit(self.moves)
        return manifest

    def _write_instruments(self) -> list[str]:
        scratch = self.workspace.scratch(self.name)
        written = []
        for spec in self.instruments:
            with self.workspace.lock(instrument_lock(spec.instrument_id)):
                aside = scratch.with_name(f"{scratch.name}.catalog")
                folder = self.workspace.instruments
                written.append(ensure_written(self.workspace.catalog, folder, aside, spec))
        return written

    def _place(self, item: Staged, own: list[str]) -> Output:
        """Fit a file between its neighbours, and plan its move."""
        folder = tick_folder(self.workspace.catalog, item.kind, item.identifier)
        floor, later = None, []
        neighbours = _neighbours(folder)
        self._compare_precisions(item, [n for n in neighbours if self._relative(n.path) not in own])
        for other in neighbours:
            relative = self._relative(other.path)
            if relative in own or other.last_init_ns < item.written.first_init_ns:
                continue
            if other.first_init_ns > item.written.last_init_ns:
                later.append(other)
                continue
            first, last = other.event_range()
            if last <= item.written.first_event_ns:
                floor = max(floor or 0, other.last_init_ns)
            elif item.written.last_event_ns <= first:
                later.append(other)
            elif not self._is_forgotten(item, folder, relative):
                raise self._overlap(item, relative)
        if floor is not None and floor >= item.written.first_init_ns:
            item = self._moved_on(item, floor)
            self._warn_of_split(item)
        if item.bar_type and later and later[0].event_range()[0] <= item.written.last_event_ns:
            self._warn_of_split(item)
        self._move_on_later(later, item)
        return self._plan(item, folder)

    def _warn_of_split(self, item: Staged) -> None:
        """Where two files meet within a bar, each of them gives its part of it."""
        if item.bar_type is not None:
            self._warnings.append(
                f"a bar of {item.bar_type} is in two parts, since a neighbouring file ends or "
                "begins within it"
            )

    def _is_forgotten(self, item: Staged, folder: Path, relative: str) -> bool:
        """Whether a file is what this conversion makes, its manifest having been lost."""
        name = file_name(item.written.first_init_ns, item.written.last_init_ns)
        same = relative == self._relative(folder / name)
        return same and self.workspace.owner(relative) is None

    def _overlap(self, item: Staged, relative: str) -> Conflict:
        owner = self.workspace.owner(relative)
        if owner is None:
            return Conflict(
                f"{item.what} overlap in time with {relative} in the catalog, which no raw file "
                "known to the converter became",
                "file", "move that file out of the catalog, or this raw file away",
            )  # fmt: skip
        other = f"day-{owner.day}/{owner.path}"
        return Conflict(
            f"{self.name.folder}/{self.name.path} overlaps in time with {other}: both hold "
            f"{item.what}",
            "file", "keep one of the two, or cut them so that neither reaches into the other",
        )  # fmt: skip

    def _move_on_later(self, later: list[_Neighbour], item: Staged) -> None:
        """Give neighbours that follow the `ts_init` that they would have got after this file."""
        last = item.written.last_init_ns
        for other in sorted(later, key=lambda n: n.first_init_ns):
            first_event, _ = other.event_range()
            if other.first_init_ns == max(first_event, last + 1):
                return
            relative = self._relative(other.path)
            owner = self._neighbour_manifest(relative)
            if owner is None:
                if other.first_init_ns <= last:
                    raise self._overlap(item, relative)
                return  # somebody else's file, and not in the way
            place = next(i for i, output in enumerate(owner.outputs) if output.path == relative)
            moved = self._moved_on(self._as_staged(other, item), last)
            self.moves.remove.append(relative)
            owner.outputs[place] = self._plan(moved, other.path.parent)
            name = RawName(owner.day, owner.path)
            self._moved[name] = owner
            self._record(name, owner)
            last = moved.written.last_init_ns

    def _neighbour_manifest(self, output: str) -> Manifest | None:
        """The manifest that lists a neighbour's file, safe to change until the commit's end."""
        if NEIGHBOURS_LOCK not in self.moves.locks:  # taken last by everybody: no deadlock
            self._locks.enter_context(self.workspace.lock(NEIGHBOURS_LOCK))
            self.moves.locks.append(NEIGHBOURS_LOCK)
        for manifest in self._moved.values():
            if any(o.path == output for o in manifest.outputs):
                return manifest
        return self.workspace.owner(output)

    def _compare_precisions(self, item: Staged, others: list[_Neighbour]) -> None:
        """Files of other precisions must be ours: those are stale, and convert again."""
        if not others:
            return
        with pq.ParquetFile(others[0].path) as file:
            there = file.schema_arrow.metadata or {}
        for key in (b"price_precision", b"size_precision"):
            if there.get(key) == item.schema.metadata[key]:
                continue
            relative = self._relative(others[0].path)
            if self.workspace.owner(relative) is None:
                wrong, right = (m.get(key, b"?").decode() for m in (there, item.schema.metadata))
                raise Conflict(
                    f"{relative} in the catalog has {key.decode()} {wrong}, the description says "
                    f"{right}", key.decode(), "correct the description, or remove that file",
                )  # fmt: skip

    def _as_staged(self, other: _Neighbour, like: Staged) -> Staged:
        with pq.ParquetFile(other.path) as file:
            return replace(like, path=other.path, schema=file.schema_arrow)

    def _moved_on(self, item: Staged, floor: int) -> Staged:
        """A copy of a file with every `ts_init` above `floor`, checked."""
        scratch = self.workspace.scratch(self.name)
        target = scratch.with_name(f"{scratch.name}.moved{len(self.moves.rename)}-{floor}.tmp")
        layout = layout_of(item.kind)
        with (
            pq.ParquetFile(item.path, pre_buffer=False) as file,
            TickWriter(target, layout, item.schema, floor) as writer,
        ):
            for batch in file.iter_batches(BATCH_ROWS, use_threads=False):
                writer.write(batch.drop_columns([TS_INIT]))
            written = writer.finish()
        assert written is not None
        moved = replace(item, path=target, written=written)
        verify(moved, each_value=True)  # of numbers that were made long ago
        return moved

    def _plan(self, item: Staged, folder: Path) -> Output:
        written = item.written
        target = self._relative(folder / file_name(written.first_init_ns, written.last_init_ns))
        self.moves.rename.append((self._relative(item.path), target))
        return Output(
            instrument_id=item.instrument_id,
            bar_type=item.bar_type,
            path=target,
            size=item.path.stat().st_size,
            rows=written.rows,
            first_event_ns=written.first_event_ns,
            last_event_ns=written.last_event_ns,
            first_init_ns=written.first_init_ns,
            last_init_ns=written.last_init_ns,
        )

    def _record(self, name: RawName, manifest: Manifest) -> None:
        path = self._relative(self.workspace.manifest_path(name))
        self.moves.write[path] = manifest.model_dump_json(indent=1)

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.workspace.catalog).as_posix()


def _neighbours(folder: Path) -> list[_Neighbour]:
    """Files of one instrument and kind, by time."""
    if not folder.is_dir():
        return []
    found = [(path, parse_file_name(path.name)) for path in folder.iterdir()]
    named = [_Neighbour(path, *interval) for path, interval in found if interval]
    return sorted(named, key=lambda n: (n.first_init_ns, n.last_init_ns))
