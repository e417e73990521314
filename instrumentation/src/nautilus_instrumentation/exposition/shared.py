"""Cells in memory-mapped files, so that an exporter sees them while and after the process lives."""

from __future__ import annotations

import os
import sys
import threading
import time
import weakref
from collections.abc import Sequence
from pathlib import Path

from nautilus_instrumentation.exposition import directory as folder
from nautilus_instrumentation.exposition.cells import Cells, Exemplar, cell_keys, private_view
from nautilus_instrumentation.exposition.directory import PREFIXES, Registration
from nautilus_instrumentation.exposition.exemplar_file import ExemplarFile
from nautilus_instrumentation.exposition.value_file import ValueFile
from nautilus_instrumentation.guard import Guard

RETRY_SECONDS = 5.0
"""Between attempts to find a place for cells that have none."""

_SITE = "store"


class _Unbound:
    """View of cells after a fork: the first write finds them a place in the child's own files."""

    __slots__ = ("_cells", "_store")

    def __init__(self, store: SharedStore, cells: Cells) -> None:
        self._store = store
        self._cells = cells

    def __getitem__(self, index: int, /) -> float:
        cells = self._cells
        return 0.0 if cells.view is self else cells.view[cells.at[index]]

    def __setitem__(self, index: int, value: float, /) -> None:
        cells = self._cells
        if cells.view is self:
            self._store.place(cells)
        cells.view[cells.at[index]] = value


class SharedStore:
    """Cells of one process of a host with several.

    Never raises for want of space or of rights: cells that find no place live in private memory,
    the guard counts it, and `tick` tries again; what they counted meanwhile is kept. After a fork
    the child counts from zero in files of its own.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        role: str,
        slot: int,
        guard: Guard | None = None,
        memory_limit_bytes: int | None = None,
    ) -> None:
        self.directory = Path(directory)
        self.role = role
        self.slot = slot
        self.memory_limit_bytes = memory_limit_bytes
        self.guard = guard or Guard()
        self.lock = threading.RLock()
        self.children: list[Cells] = []
        self.homeless: list[Cells] = []
        """Cells in private memory, which the exporter does not see."""
        self._retry_at: dict[str, float] = {}
        self._closed = False
        self._files: dict[str, ValueFile] = {}
        self._exemplars: ExemplarFile | None = None
        self._lock_file = -1
        self._ident = ""
        _stores.add(self)
        if sys.platform == "win32":
            raise RuntimeError("metrics of several processes need file locks, which Windows lacks")
        with self.lock:
            self.guard.call(_SITE, self._registered)

    # Places --------------------------------------------------------------------------------------

    def bind(self, cells: Cells) -> None:
        """Give new cells a place."""
        with self.lock:
            self.children.append(cells)
            self.place(cells)

    def place(self, cells: Cells, values: Sequence[float] | None = None) -> None:
        """Find cells a place and fill in `values`; private memory when there is none."""
        with self.lock:
            cells.view = private_view(cells.size)
            cells.at = range(cells.size)
            for index, value in enumerate(values or ()):
                cells.view[index] = value
            if self._closed:
                return
            self.homeless.append(cells)
            self._try_to_settle(cells)

    def keep_exemplar(self, cells: Cells, cell: int, exemplar: Exemplar) -> None:
        """Remember the exemplar of one cell. Raises ValueError or OSError."""
        with self.lock:
            if self._closed or cells in self.homeless:
                return
            if self._exemplars is None:
                path = folder.exemplar_path(self.directory, self._registered())
                self._exemplars = ExemplarFile(path)
            kind = PREFIXES.index(folder.prefix_of(cells.spec))
            self._exemplars.write((kind, cells.at[cell]), exemplar)

    def _try_to_settle(self, cells: Cells) -> None:
        """Settle cells, unless their kind of file failed a moment ago."""
        prefix = folder.prefix_of(cells.spec)
        now = time.monotonic()
        if now < self._retry_at.get(prefix, 0.0):
            return
        try:
            self._settle(cells)
        except Exception as error:
            self._retry_at[prefix] = now + RETRY_SECONDS
            self.guard.failed(_SITE, error)

    def _settle(self, cells: Cells) -> None:
        """Move cells from private memory into their file. Raises OSError."""
        prefix = folder.prefix_of(cells.spec)
        file = self._files.get(prefix)
        if file is None:
            path = folder.value_path(self.directory, prefix, self._registered())
            file = self._files[prefix] = ValueFile(path)
        places = file.allocate(cell_keys(cells.spec, cells.labels))
        if cells.spec.kind == "gauge":
            places.append(places[0] + 1)
        for place, value in zip(places, cells.values(), strict=True):
            file.words[place] = value
        cells.view, cells.at = file.words, places
        self.homeless.remove(cells)

    def _registered(self) -> str:
        """Ident of this process; registers it at the first call. Raises OSError.

        The registration is locked before it appears, so that nobody takes it for a dead one's.
        """
        if self._lock_file >= 0:
            return self._ident
        self.directory.mkdir(parents=True, exist_ok=True)
        ident = folder.new_ident()
        starting = folder.starting_path(self.directory, ident)
        registration = Registration.of_this_process(self.role, self.slot, self.memory_limit_bytes)
        file = os.open(starting, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            folder.try_lock(file)
            os.write(file, registration.to_json().encode())
            os.rename(starting, folder.registration_path(self.directory, ident))
        except OSError:
            os.close(file)
            starting.unlink(missing_ok=True)
            raise
        self._lock_file, self._ident = file, ident
        return ident

    # Life ----------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Mend what failed: try homeless cells again, notice that the folder was removed."""
        with self.lock:
            if self._closed:
                return
            if self._lock_file >= 0 and os.fstat(self._lock_file).st_nlink == 0:
                self._leave_removed_folder()
            for cells in list(self.homeless):
                self._try_to_settle(cells)

    def close(self) -> None:
        """Let the exporter take this process for ended; cells count on in private memory."""
        with self.lock:
            if self._closed:
                return
            self._closed = True
            values = [cells.values() for cells in self.children]
            for cells, numbers in zip(self.children, values, strict=True):
                self.place(cells, numbers)
            self.homeless.clear()
            self._close_files()

    def _leave_removed_folder(self) -> None:
        """Begin again with the values so far: nobody else has them."""
        values = [cells.values() for cells in self.children]
        self._close_files()
        self.homeless.clear()
        for cells, numbers in zip(self.children, values, strict=True):
            self.place(cells, numbers)
        removed = FileNotFoundError(f"{self.directory} was removed while in use")
        self.guard.failed(_SITE, removed)

    def _close_files(self) -> None:
        for file in self._files.values():
            file.close()
        if self._exemplars is not None:
            self._exemplars.close()
        if self._lock_file >= 0:
            os.close(self._lock_file)
        self._files = {}
        self._exemplars = None
        self._lock_file = -1

    def _after_fork_in_child(self) -> None:
        # Closing does not unlock: the lock belongs to the parent's open file as well.
        self._close_files()
        self._retry_at.clear()
        self.homeless.clear()
        for cells in self.children:
            cells.after_fork_in_child()
            if self._closed:
                self.place(cells)
            else:
                cells.view, cells.at = _Unbound(self, cells), range(cells.size)


_stores: weakref.WeakSet[SharedStore] = weakref.WeakSet()
_forking = threading.local()


def _before_fork() -> None:
    # So that no other thread is in the middle of a change that the child would inherit.
    _forking.held = list(_stores)
    for store in _forking.held:
        store.lock.acquire()


def _after_fork_in_parent() -> None:
    for store in _forking.held:
        store.lock.release()
    _forking.held = []


def _after_fork_in_child() -> None:
    try:
        for store in _forking.held:
            store.guard.call(_SITE, store._after_fork_in_child)
    finally:
        _after_fork_in_parent()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )
