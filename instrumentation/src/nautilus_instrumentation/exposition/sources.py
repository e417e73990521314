"""What one registered process left in the shared folder, as the exporter reads it."""

from __future__ import annotations

import os
from pathlib import Path

from nautilus_instrumentation.exposition import directory as folder
from nautilus_instrumentation.exposition.directory import PREFIXES, Registration
from nautilus_instrumentation.exposition.exemplar_file import ExemplarFileReader
from nautilus_instrumentation.exposition.table import Family, Series, Table
from nautilus_instrumentation.exposition.value_file import BrokenFileError, ValueFileReader
from nautilus_instrumentation.guard import Guard

FILE_SITE = "exposition.file"
"""A file that could not be read or understood, counted once for each file."""
KEY_SITE = "exposition.key"
"""A family, label or label value that this exporter does not know."""

_Target = tuple[Family, Series, int]


class _Values:
    """One value file and where its values belong."""

    def __init__(self, path: Path) -> None:
        self.reader = ValueFileReader(path)
        self.targets: dict[int, _Target] = {}
        self.broken = False


class Source:
    """One process: alive or not, its values and exemplars. Raises OSError when it has gone."""

    def __init__(self, directory: Path, ident: str, guard: Guard) -> None:
        self.ident = ident
        self._guard = guard
        path = folder.registration_path(directory, ident)
        self._lock_file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.registration: Registration | None = guard.call(
            FILE_SITE, lambda: Registration.from_json(path.read_text(encoding="utf-8"))
        )
        self._files = {
            kind: _Values(folder.value_path(directory, prefix, ident))
            for kind, prefix in enumerate(PREFIXES)
        }
        self._exemplars = ExemplarFileReader(folder.exemplar_path(directory, ident))
        self._exemplars_broken = False

    def dead(self) -> bool:
        """True once the process has ended or let go; it never comes back."""
        return folder.try_lock(self._lock_file, shared=True)

    def close(self) -> None:
        os.close(self._lock_file)

    def add_to(self, table: Table, live: bool) -> None:
        """Add the values to the table; gauges that are sums over live processes only if `live`."""
        for file in self._files.values():
            if not file.broken:
                self._add_values(file, table, live)
        if not self._exemplars_broken:
            self._exemplars_broken = not self._guard.call(FILE_SITE, self._add_exemplars)

    def _add_values(self, file: _Values, table: Table, live: bool) -> None:
        try:
            words, new = file.reader.read()
        except FileNotFoundError:
            return
        except (BrokenFileError, OSError) as error:
            file.broken = True
            self._guard.failed(FILE_SITE, error)
            return
        for key, index in new:
            try:
                file.targets[index] = table.locate(key)
            except KeyError as error:
                self._guard.failed(KEY_SITE, error)
            except ValueError as error:
                file.broken = True
                self._guard.failed(FILE_SITE, error)
                return
        for index, (family, series, cell) in file.targets.items():
            if family.latest:
                series.newest(words[index], words[index + 1])
            elif live or family.spec.kind != "gauge":
                series.values[cell] += words[index]

    def _add_exemplars(self) -> bool:
        for (kind, index), exemplar in self._exemplars.read():
            file = self._files.get(kind)
            target = None if file is None else file.targets.get(index)
            if target is not None:
                target[1].point_at(target[2], exemplar)
        return True
