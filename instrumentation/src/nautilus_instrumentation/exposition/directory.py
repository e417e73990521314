"""The folder that the processes of a host share: names of its files, registrations, locks.

process_<ident>.json          registration; locked for as long as its process lives
<kind>_<ident>.db             values (value_file.py)
exemplars_<ident>.bin         exemplars (exemplar_file.py)
archive.json                  values of processes that have ended (archive.py)
cpu.json                      CPU seconds carried on by slot (processes.py)
exporter.lock                 held by the one exporter
"""

from __future__ import annotations

import json
import os
import platform
import re
import secrets
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from nautilus_instrumentation.metrics import MetricSpec

PREFIXES = ("counter", "histogram", "gauge_livesum", "gauge_mostrecent")
"""Kinds of value files, named as prometheus_client names them; order is part of the format."""

_IDENT = re.compile(r"\d+-[0-9a-f]{8}")


def prefix_of(spec: MetricSpec) -> str:
    """Kind of value file that holds a family."""
    if spec.kind != "gauge":
        return spec.kind
    return "gauge_livesum" if spec.mode == "sum" else "gauge_mostrecent"


def new_ident() -> str:
    """Name for this process that no other process has or will have; pids come back."""
    return f"{os.getpid()}-{secrets.token_hex(4)}"


def registration_path(directory: Path, ident: str) -> Path:
    return directory / f"process_{ident}.json"


def starting_path(directory: Path, ident: str) -> Path:
    """Where a registration is written and locked before it appears under its name."""
    return directory / f"starting_{ident}.json"


def value_path(directory: Path, prefix: str, ident: str) -> Path:
    return directory / f"{prefix}_{ident}.db"


def exemplar_path(directory: Path, ident: str) -> Path:
    return directory / f"exemplars_{ident}.bin"


def idents(directory: Path, kind: str) -> set[str]:
    """Idents of the files `<kind>_<ident>.json`. Raises OSError when there is no folder."""
    found = set()
    for name in os.listdir(directory):
        head, _, tail = name.partition("_")
        ident = tail.removesuffix(".json")
        if head == kind and ident != tail and _IDENT.fullmatch(ident):
            found.add(ident)
    return found


def remove_files(directory: Path, ident: str) -> None:
    """Remove what a process left, its registration last. Raises OSError."""
    for prefix in PREFIXES:
        value_path(directory, prefix, ident).unlink(missing_ok=True)
    exemplar_path(directory, ident).unlink(missing_ok=True)
    registration_path(directory, ident).unlink(missing_ok=True)


def write_whole(path: Path, text: str, durable: bool = False) -> None:
    """Replace a file at once; a reader sees the old text or the new. Raises OSError."""
    temporary = path.with_name(f".{path.name}.new")
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def try_lock(file: int, shared: bool = False) -> bool:
    """Lock an open file unless another holds it. The kernel lets go when the holder dies."""
    import fcntl  # not on Windows

    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Registration:
    """Who a process is. `create_time` (Unix seconds) tells its pid from a later one's."""

    role: str
    slot: int
    pid: int
    create_time: float
    memory_limit_bytes: int | None
    version: str
    nautilus_version: str
    python_version: str

    @classmethod
    def of_this_process(
        cls, role: str, slot: int, memory_limit_bytes: int | None = None
    ) -> Registration:
        """Registration of the calling process. Imports psutil."""
        import psutil

        return cls(
            role=role,
            slot=slot,
            pid=os.getpid(),
            create_time=psutil.Process().create_time(),
            memory_limit_bytes=memory_limit_bytes,
            version=_version("nautilus-instrumentation"),
            nautilus_version=_version("nautilus_trader"),
            python_version=platform.python_version(),
        )

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Registration:
        """Raises ValueError for what is not a registration."""
        try:
            registration = cls(**json.loads(text))
            float(registration.create_time)
            int(registration.pid)
        except (TypeError, AttributeError) as error:
            raise ValueError(f"not a registration: {text[:80]!r}") from error
        return registration


def _version(distribution: str) -> str:
    """Version from the metadata: importing nautilus_trader would take 2 s."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "none"
