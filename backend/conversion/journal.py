"""Moves finished files into the catalog so that a crash in between can be made good."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from filelock import FileLock
from pydantic import BaseModel, Field

from backend.conversion.files import replace_text, sync


class Moves(BaseModel):
    """What a commit changes; paths are relative to the catalog."""

    locks: list[str] = Field(default_factory=list, description="labels, in the order to take them")
    remove: list[str] = Field(default_factory=list)
    rename: list[tuple[str, str]] = Field(default_factory=list, description="from, to")
    write: dict[str, str] = Field(default_factory=dict, description="path: text")


class Journal:
    """Written before the first move, removed after the last: in between, moves are repeated."""

    def __init__(self, path: Path, catalog: Path) -> None:
        self._path = path
        self._catalog = catalog

    def commit(self, moves: Moves) -> None:
        """Carry out moves whose locks the caller holds."""
        for source, _ in moves.rename:
            sync(self._catalog / source)
        replace_text(self._path, moves.model_dump_json())
        self._apply(moves)
        self._path.unlink()

    def recover(self, lock: Callable[[str], FileLock]) -> None:
        """Finish a commit that was cut off, if there is one."""
        try:
            moves = Moves.model_validate_json(self._path.read_text())
        except FileNotFoundError:
            return
        except ValueError:  # cannot happen: the journal is replaced whole
            self._path.unlink(missing_ok=True)
            return
        with ExitStack() as locks:
            for label in moves.locks:
                locks.enter_context(lock(label))
            self._apply(moves)
            self._path.unlink(missing_ok=True)

    def _apply(self, moves: Moves) -> None:
        targets = {target for _, target in moves.rename}
        # Old files go first: a query in between finds too little, which `missing` notices,
        # instead of rows twice, which nobody would.
        for path in moves.remove:
            if path not in targets:
                (self._catalog / path).unlink(missing_ok=True)
        for source, target in moves.rename:
            place = self._catalog / target
            place.parent.mkdir(parents=True, exist_ok=True)
            if (self._catalog / source).exists():
                os.replace(self._catalog / source, place)
        for path, text in moves.write.items():
            replace_text(self._catalog / path, text, scratch=self._path)
        for folder in {(self._catalog / path).parent for path in moves.remove}:
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
