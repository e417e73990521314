"""Keep and bring back what the team's stack has stored: `python -m deploy.backup save | restore`.

A backup is a folder of tar files, one for each service. Prometheus writes a snapshot while it runs.
Grafana's and Tempo's files are only whole when they are stopped. The backend is frozen, so that its
jobs go on afterwards: its databases recover from such a copy as from a power cut.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener

from deploy.compose import (
    PROJECT,
    WAIT_SECONDS,
    ComposeError,
    check_docker,
    compose,
    docker,
    prepare,
    settings,
)

FOLDER = Path("backups")
SNAPSHOT_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Part:
    """What is kept of a service: the folder `path`, in the volume `volume`."""

    service: str
    volume: str
    path: str
    quiet: tuple[str, str] | None = None
    """What compose does before and after the copy, so that nothing is written meanwhile."""


PARTS = (
    Part("prometheus", "prometheus", "/prometheus"),
    Part("alertmanager", "alertmanager", "/alertmanager"),
    Part("grafana", "grafana", "/var/lib/grafana", quiet=("stop", "start")),
    Part("tempo", "tempo", "/var/tempo", quiet=("stop", "start")),
    Part("backend", "data", "/data", quiet=("pause", "unpause")),
)


def save(target: Path) -> None:
    """Write one tar file for each part into the new folder `target`. Raises ComposeError."""
    if target.exists():
        raise ComposeError(f"{target} exists already: nothing was written")
    unfinished = target.with_name(f"{target.name}.unfinished")
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    unfinished.mkdir(mode=0o700)  # Grafana's users are in it
    for part in PARTS:
        sys.stdout.write(f"{part.service} ...\n")
        with _settled(part) as path:
            _copy_out(part.service, path, unfinished)
    # A folder of this name is a whole backup.
    unfinished.rename(target)
    sys.stdout.write(f"saved to {target}\n")


def restore(source: Path) -> None:
    """Replace what the stack has stored by the backup in `source`. Raises ComposeError."""
    files = {part: source / f"{part.service}.tar" for part in PARTS}
    missing = [str(path) for path in files.values() if not path.is_file()]
    if missing:
        raise ComposeError(f"no whole backup, {', '.join(missing)} is missing: nothing was changed")
    if os.environ.get("REPLACE") != "yes":
        raise ComposeError(
            "this replaces everything the stack has stored by the backup; run make compose-backup "
            f"first, then make compose-restore FROM={source} REPLACE=yes"
        )
    prepare()
    compose("--profile", "demo", "down")
    for part in PARTS:
        docker("volume", "rm", "--force", f"{PROJECT}_{part.volume}")
    compose("create")
    for part, path in files.items():
        with path.open("rb") as archive:
            # Without --archive, which does not mean here what its name says: files keep the owners
            # that the archive names.
            compose("cp", "-", f"{part.service}:{part.path}", source=archive)
    compose("up", "--detach", "--wait", "--wait-timeout", str(WAIT_SECONDS))


@contextmanager
def _settled(part: Part) -> Iterator[str]:
    """The folder in which nothing changes while this lasts."""
    if part.service == "prometheus":
        path = f"{part.path}/snapshots/{_snapshot()}"
        try:
            yield f"{path}/."
        finally:
            # It would hold blocks beyond their retention.
            compose("exec", "-T", part.service, "rm", "-rf", path)
    elif part.quiet:
        before, after = part.quiet
        compose(before, part.service)
        try:
            yield f"{part.path}/."
        finally:
            compose(after, part.service)
    else:
        yield f"{part.path}/."


def _snapshot() -> str:
    """Have Prometheus write a snapshot; returns its name."""
    port = settings().get("PROMETHEUS_PORT") or 9090
    url = f"http://127.0.0.1:{port}/api/v1/admin/tsdb/snapshot"
    direct = build_opener(ProxyHandler({}))
    try:
        with direct.open(Request(url, method="POST"), timeout=SNAPSHOT_SECONDS) as answer:
            name: str = json.load(answer)["data"]["name"]
    except (URLError, OSError, ValueError, KeyError) as error:
        raise ComposeError(f"Prometheus wrote no snapshot ({url}: {error})") from error
    return name


def _copy_out(service: str, path: str, folder: Path) -> None:
    with (folder / f"{service}.tar").open("wb") as archive:
        compose("cp", f"{service}:{path}", "-", to=archive)


def main(arguments: Sequence[str]) -> int:
    command, *rest = arguments or [""]
    try:
        if command == "save":
            check_docker()
            save(FOLDER / time.strftime("%Y-%m-%dT%H%M%SZ", time.gmtime()))
        elif command == "restore" and rest and rest[0]:
            check_docker()
            restore(Path(rest[0]))
        else:
            sys.stderr.write("usage: make compose-backup | make compose-restore FROM=folder\n")
            return 2
    except ComposeError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
