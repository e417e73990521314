"""Puts finished files where queries look, in agreement with their neighbours in time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import pyarrow.parquet as pq

from backend.conversion import borders
from backend.conversion.borders import Entry, Shown
from backend.conversion.journal import Moves
from backend.conversion.layout import (
    BATCH_ROWS,
    TS_INIT,
    file_name,
    layout_of,
    tick_folder,
)
from backend.conversion.manifest import Manifest, Output
from backend.conversion.neighbours import Neighbour, neighbours, refuse_other_precisions
from backend.conversion.sinks import Staged, left_out, verify
from backend.conversion.workspace import RawName, Workspace, instrument_lock, series_lock
from backend.conversion.writer import TickWriter
from backend.errors import Conflict
from backend.instruments import InstrumentSpec, ensure_written
from backend.models import SeriesKind

NEIGHBOURS_LOCK = "zz-neighbours"
"""Guards the manifests of sources that a commit does not own."""


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
    _numbers: Iterator[int] = field(default_factory=count)
    """Of scratch files."""

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
            series |= {("bar", bar_type) for bar_type in before.bar_types}
        self.moves.locks = sorted(series_lock(kind, identifier) for kind, identifier in series)
        with self._locks:
            for label in self.moves.locks:
                self._locks.enter_context(self.workspace.lock(label))
            before = self.workspace.manifest(self.name)  # neighbours may have moved its outputs
            own = [output.path for output in before.outputs] if before is not None else []
            ticks = {
                item.instrument_id: self._place(item, own) for item in staged if not item.bar_type
            }
            outputs = list(ticks.values())
            bars = {item.bar_type: item for item in staged if item.bar_type}
            for bar_type in sorted({*bars, *(before.bar_types if before is not None else ())}):
                outputs += self._place_bars(bar_type, bars.get(bar_type), ticks, own)
            manifest = manifest.model_copy(
                update={
                    "outputs": outputs,
                    "bar_types": sorted(bars),
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
        there = neighbours(folder)
        others = [n for n in there if self._relative(n.path) not in own]
        refuse_other_precisions(item, others, self.workspace)
        for other in there:
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

    def _place_bars(
        self, bar_type: str, item: Staged | None, ticks: dict[str, Output], own: list[str]
    ) -> list[Output]:
        """Fit a file's bars between its neighbours', and plan the moves of all that change."""
        path = self.workspace.borders_path(bar_type)
        book = borders.Book.read(path)
        book.entries = [e for e in book.entries if self.workspace.manifest_path(e.name).exists()]
        before = book.shown()
        entry = borders.entry_of(self.name, item, ticks[item.instrument_id]) if item else None
        book.put(self.name, entry)
        shown, entries = book.shown(), {entry.name: entry for entry in book.entries}
        changed = [n for n in shown if n != self.name and shown[n] != before.get(n)]
        replaced = [self._remake(bar_type, entries[name], shown[name]) for name in changed]
        self.moves.write[self._relative(path)] = book.model_dump_json()
        if item is None or entry is None:
            return []
        if shown[self.name] != tuple((part,) for part in dict.fromkeys((entry.first, entry.last))):
            found = self._with_ends(bar_type, item.path, entry, shown[self.name])
            if found is None:
                return []
            item = replace(item, path=found.path, written=found.written)
        return [self._place(item, [*own, *(old for old in replaced if old is not None)])]

    def _remake(self, bar_type: str, entry: Entry, shown: Shown) -> str | None:
        """Plan that a neighbour's bars are made again; returns where they are now."""
        self._lock_neighbours()
        manifest = self._moved.get(entry.name) or self.workspace.manifest(entry.name)
        assert manifest is not None  # it was there, and nobody else may remove it
        place = next((i for i, o in enumerate(manifest.outputs) if o.bar_type == bar_type), None)
        old = manifest.outputs[place].path if place is not None else None
        source = self.workspace.catalog / old if old is not None else None
        if source is not None and not source.exists():
            return None  # its raw file is going to be converted again for that
        remade = self._with_ends(bar_type, source, entry, shown)
        kept = [output for output in manifest.outputs if output.bar_type != bar_type]
        if old is not None:
            self.moves.remove.append(old)
        if remade is not None:
            folder = tick_folder(self.workspace.catalog, "bar", bar_type)
            kept.append(self._plan(remade, folder))
        manifest.outputs = kept
        manifest.warnings = [text for text in manifest.warnings if text != _split(bar_type)]
        self._moved[entry.name] = manifest
        self._record(entry.name, manifest)
        return old

    def _with_ends(
        self, bar_type: str, source: Path | None, entry: Entry, shown: Shown
    ) -> Staged | None:
        """A file of bars with others at its ends, checked; None when no bar is left."""
        scratch = self.workspace.scratch(self.name)
        target = scratch.with_name(f"{scratch.name}.border{next(self._numbers)}.tmp")
        written, schema, dropped = borders.rewrite(target, source, bar_type, entry, shown)
        if dropped:
            self._warnings.append(left_out(bar_type, dropped))
        if written is None:
            return None
        instrument_id = schema.metadata[b"instrument_id"].decode()
        made = Staged(instrument_id, "bar", target, written, schema, bar_type)
        verify(made, each_value=True)
        return made

    def _warn_of_split(self, item: Staged) -> None:
        """Where a file meets one within a bar that is not known to be ours, each gives its part."""
        if item.bar_type is not None:
            self._warnings.append(_split(item.bar_type))

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

    def _move_on_later(self, later: list[Neighbour], item: Staged) -> None:
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

    def _lock_neighbours(self) -> None:
        if NEIGHBOURS_LOCK not in self.moves.locks:  # taken last by everybody: no deadlock
            self._locks.enter_context(self.workspace.lock(NEIGHBOURS_LOCK))
            self.moves.locks.append(NEIGHBOURS_LOCK)

    def _neighbour_manifest(self, output: str) -> Manifest | None:
        """The manifest that lists a neighbour's file, safe to change until the commit's end."""
        self._lock_neighbours()
        for manifest in self._moved.values():
            if any(o.path == output for o in manifest.outputs):
                return manifest
        return self.workspace.owner(output)

    def _as_staged(self, other: Neighbour, like: Staged) -> Staged:
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


def _split(bar_type: str) -> str:
    return (
        f"a bar of {bar_type} is in two parts, since a neighbouring file ends or begins within it"
    )
